#include "tests/support/fake_links.h"

#include <algorithm>

namespace fairlead::test {

FakeLinks::FakeLinks() = default;
FakeLinks::~FakeLinks() = default;

Result<int> FakeLinks::create_veth(const netlink::VethRequest& want) {
  if (fail_next_veth) {
    fail_next_veth = false;
    return fail(Errc::unavailable, "create veth " + want.host_name + ": no");
  }
  (void)remove_link(want.host_name);
  const int index = next_index++;
  all_links.push_back({.index = index,
                       .name = want.host_name,
                       .kind = "veth",
                       .mtu = want.mtu,
                       .up = true,
                       .ethernet = true});
  veths.push_back(want);
  return index;
}

Status FakeLinks::remove_link(const std::string& name) {
  std::erase_if(all_links, [&](const netlink::LinkInfo& link) { return link.name == name; });
  std::erase_if(veths, [&](const netlink::VethRequest& veth) { return veth.host_name == name; });
  return {};
}

Status FakeLinks::retire_link(int index) {
  const auto known = std::ranges::find(all_links, index, &netlink::LinkInfo::index);
  if (known == all_links.end()) return {};
  known->up = false;
  retired.insert(known->name);
  std::erase_if(veths,
                [&](const netlink::VethRequest& veth) { return veth.host_name == known->name; });
  return {};
}

Status FakeLinks::remove_retired() {
  for (const std::string& name : std::exchange(retired, {})) (void)remove_link(name);
  return {};
}

Status FakeLinks::configure(int, const netlink::SandboxRequest& want) {
  if (fail_next_configure) {
    fail_next_configure = false;
    return fail(Errc::unavailable, "configure " + want.device + ": no");
  }
  configured[want.device] = want;
  const auto veth = std::ranges::find(veths, want.device, &netlink::VethRequest::container_name);
  netlink::LinkInfo link{.index = 2, .name = want.device, .kind = "veth", .up = true};
  if (veth != veths.end()) link.mac = veth->container_mac;
  inside[want.device] = {.link = link, .addresses = want.addresses, .routes = want.routes};
  return {};
}

Result<netlink::SandboxView> FakeLinks::look_into(int, const std::string& device) {
  const auto found = inside.find(device);
  return found != inside.end() ? found->second : netlink::SandboxView();
}

Result<netlink::HostDevice> FakeLinks::ensure_host_device(const std::string&, const std::string&) {
  return host;
}

Status FakeLinks::ensure_address(int link, const Prefix& address, std::uint32_t) {
  if (fail_next_address) {
    fail_next_address = false;
    return fail(Errc::unavailable, "add address " + address.to_string() + ": no");
  }
  const auto entry = std::pair(link, address);
  if (std::ranges::find(assigned, entry) == assigned.end()) assigned.push_back(entry);
  return {};
}

Status FakeLinks::remove_address(int link, const Prefix& address) {
  std::erase(assigned, std::pair(link, address));
  return {};
}

Result<std::vector<netlink::LinkInfo>> FakeLinks::links() {
  ++links_listed;
  return all_links;
}

Result<std::optional<netlink::LinkInfo>> FakeLinks::link(int index) {
  const auto found = std::ranges::find(all_links, index, &netlink::LinkInfo::index);
  return found == all_links.end() ? std::nullopt : std::optional(*found);
}

Result<std::vector<netlink::AddressInfo>> FakeLinks::addresses() {
  std::vector<netlink::AddressInfo> out = all_addresses;
  for (const auto& [link, address] : assigned)
    out.push_back({.link = link, .address = address, .global = true, .temporary = false});
  return out;
}

Result<std::vector<netlink::RouteInfo>> FakeLinks::routes() { return all_routes; }

bool FakeLinks::forwards(Family family, const std::string&) { return forwarding.contains(family); }

Result<netlink::Way> FakeLinks::way_to(const Address& destination) {
  ++ways_asked;
  const auto way = ways.find(destination);
  return way == ways.end() ? netlink::Way{} : way->second;
}

Result<std::vector<netlink::Neighbour>> FakeLinks::neighbours() {
  std::vector<netlink::Neighbour> out = all_neighbours;
  for (netlink::Neighbour& entry : out) entry.managed = kept.contains({entry.link, entry.address});
  return out;
}

Status FakeLinks::keep_neighbour(int link, const Address& address) {
  kept.insert({link, address});
  if (std::ranges::none_of(all_neighbours, [&](const netlink::Neighbour& entry) {
        return entry.link == link && entry.address == address;
      }))
    all_neighbours.push_back({.link = link, .address = address});
  return {};
}

Status FakeLinks::drop_neighbour(int link, const Address& address) {
  kept.erase({link, address});
  return {};
}

Result<int> FakeLinks::ensure_headroom(const std::string& name) {
  room = name;
  return 7;
}

Status FakeLinks::remove_headroom(const std::string&) {
  room.clear();
  return {};
}

Result<int> FakeLinks::ensure_vxlan(const std::string& name, std::uint16_t port) {
  if (fail_next_vxlan) {
    fail_next_vxlan = false;
    return fail(Errc::conflict, "make device " + name + ": another has its port");
  }
  vxlans[name] = port;
  const auto known = std::ranges::find(all_links, name, &netlink::LinkInfo::name);
  if (known != all_links.end()) return known->index;
  const int index = next_index++;
  all_links.push_back(
      {.index = index, .name = name, .kind = "vxlan", .mtu = 65535, .up = true, .ethernet = true});
  return index;
}

void FakeLinks::resolve(int link, const Address& address, const Mac& mac) {
  std::erase_if(all_neighbours, [&](const netlink::Neighbour& entry) {
    return entry.link == link && entry.address == address;
  });
  all_neighbours.push_back({.link = link, .address = address, .mac = mac, .usable = true});
}

void FakeLinks::vanish(const std::string& name) { (void)remove_link(name); }

}  // namespace fairlead::test
