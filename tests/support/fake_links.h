// Devices, addresses and routes that exist only in this object.
#pragma once

#include <algorithm>
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
  Result<std::vector<netlink::LinkInfo>> links() override { return all_links; }
  Result<std::vector<netlink::AddressInfo>> addresses() override {
    std::vector<netlink::AddressInfo> out = all_addresses;
    for (const auto& [link, address] : assigned)
      out.push_back({.link = link, .address = address, .global = true, .temporary = false});
    return out;
  }
  Result<std::vector<netlink::RouteInfo>> routes() override { return all_routes; }

  void vanish(const std::string& name) { (void)remove_link(name); }

  netlink::HostDevice host{.index = 900, .mac = Mac({2, 0, 0, 0, 0, 1})};
  std::vector<netlink::LinkInfo> all_links;
  std::vector<netlink::AddressInfo> all_addresses;
  std::vector<netlink::RouteInfo> all_routes;
  std::vector<netlink::VethRequest> veths;
  std::vector<std::pair<int, Prefix>> assigned;
  int next_index = 1000;
  bool fail_next_veth = false;
  bool fail_next_address = false;
};

}  // namespace fairlead::test
