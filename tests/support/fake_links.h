// Devices, addresses and routes that exist only in this object.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "netlink/links.h"

namespace fairlead::test {

class FakeLinks final : public netlink::Links {
 public:
  Result<int> create_veth(const netlink::VethRequest& want) override {
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
  Status remove_link(const std::string& name) override {
    std::erase_if(all_links, [&](const netlink::LinkInfo& link) { return link.name == name; });
    std::erase_if(veths, [&](const netlink::VethRequest& veth) { return veth.host_name == name; });
    return {};
  }
  Status retire_link(int index) override {
    const auto known = std::ranges::find(all_links, index, &netlink::LinkInfo::index);
    if (known == all_links.end()) return {};
    known->up = false;
    retired.insert(known->name);
    std::erase_if(veths,
                  [&](const netlink::VethRequest& veth) { return veth.host_name == known->name; });
    return {};
  }
  Status remove_retired() override {
    for (const std::string& name : std::exchange(retired, {})) (void)remove_link(name);
    return {};
  }
  Result<netlink::HostDevice> ensure_host_device(const std::string&, const std::string&) override {
    return host;
  }
  Status ensure_address(int link, const Prefix& address, std::uint32_t) override {
    if (fail_next_address) {
      fail_next_address = false;
      return fail(Errc::unavailable, "add address " + address.to_string() + ": no");
    }
    const auto entry = std::pair(link, address);
    if (std::ranges::find(assigned, entry) == assigned.end()) assigned.push_back(entry);
    return {};
  }
  Status remove_address(int link, const Prefix& address) override {
    std::erase(assigned, std::pair(link, address));
    return {};
  }
  Result<std::vector<netlink::LinkInfo>> links() override {
    ++links_listed;
    return all_links;
  }
  Result<std::optional<netlink::LinkInfo>> link(int index) override {
    const auto found = std::ranges::find(all_links, index, &netlink::LinkInfo::index);
    return found == all_links.end() ? std::nullopt : std::optional(*found);
  }
  Result<std::vector<netlink::AddressInfo>> addresses() override {
    std::vector<netlink::AddressInfo> out = all_addresses;
    for (const auto& [link, address] : assigned)
      out.push_back({.link = link, .address = address, .global = true, .temporary = false});
    return out;
  }
  Result<std::vector<netlink::RouteInfo>> routes() override { return all_routes; }

  bool forwards(Family family, const std::string&) override { return forwarding.contains(family); }

  Result<netlink::Way> way_to(const Address& destination) override {
    ++ways_asked;
    const auto way = ways.find(destination);
    return way == ways.end() ? netlink::Way{} : way->second;
  }
  Result<std::vector<netlink::Neighbour>> neighbours() override {
    std::vector<netlink::Neighbour> out = all_neighbours;
    for (netlink::Neighbour& entry : out)
      entry.managed = kept.contains({entry.link, entry.address});
    return out;
  }
  Status keep_neighbour(int link, const Address& address) override {
    kept.insert({link, address});
    if (std::ranges::none_of(all_neighbours, [&](const netlink::Neighbour& entry) {
          return entry.link == link && entry.address == address;
        }))
      all_neighbours.push_back({.link = link, .address = address});
    return {};
  }
  Status drop_neighbour(int link, const Address& address) override {
    kept.erase({link, address});
    return {};
  }
  Result<int> ensure_headroom(const std::string& name) override {
    room = name;
    return 7;
  }
  Status remove_headroom(const std::string&) override {
    room.clear();
    return {};
  }
  Result<int> ensure_vxlan(const std::string& name, std::uint16_t port) override {
    if (fail_next_vxlan) {
      fail_next_vxlan = false;
      return fail(Errc::conflict, "make device " + name + ": another has its port");
    }
    vxlans[name] = port;
    const auto known = std::ranges::find(all_links, name, &netlink::LinkInfo::name);
    if (known != all_links.end()) return known->index;
    const int index = next_index++;
    all_links.push_back({.index = index,
                         .name = name,
                         .kind = "vxlan",
                         .mtu = 65535,
                         .up = true,
                         .ethernet = true});
    return index;
  }

  // The neighbour answers, now or with another MAC than before.
  void resolve(int link, const Address& address, const Mac& mac) {
    std::erase_if(all_neighbours, [&](const netlink::Neighbour& entry) {
      return entry.link == link && entry.address == address;
    });
    all_neighbours.push_back({.link = link, .address = address, .mac = mac, .usable = true});
  }
  void vanish(const std::string& name) { (void)remove_link(name); }

  netlink::HostDevice host{.index = 900, .mac = Mac({2, 0, 0, 0, 0, 1})};
  std::vector<netlink::LinkInfo> all_links;
  std::vector<netlink::AddressInfo> all_addresses;
  std::vector<netlink::RouteInfo> all_routes;
  std::set<Family> forwarding;
  std::map<Address, netlink::Way> ways;  // by destination; none: no route
  std::vector<netlink::Neighbour> all_neighbours;
  std::set<std::pair<int, Address>> kept;       // by keep_neighbour()
  std::map<std::string, std::uint16_t> vxlans;  // name -> port
  int ways_asked = 0;
  int links_listed = 0;
  std::vector<netlink::VethRequest> veths;
  std::set<std::string> retired;  // names; in all_links until remove_retired()
  std::vector<std::pair<int, Prefix>> assigned;
  std::string room;  // of ensure_headroom()
  int next_index = 1000;
  bool fail_next_veth = false;
  bool fail_next_address = false;
  bool fail_next_vxlan = false;
};

}  // namespace fairlead::test
