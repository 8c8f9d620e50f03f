// Devices, addresses and routes that exist only in this object.
#pragma once

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
  FakeLinks();
  ~FakeLinks() override;
  FakeLinks(const FakeLinks&) = delete;
  FakeLinks& operator=(const FakeLinks&) = delete;

  Result<int> create_veth(const netlink::VethRequest& want) override;
  Status remove_link(const std::string& name) override;
  Status retire_link(int index) override;
  Status remove_retired() override;
  Status configure(int sandbox, const netlink::SandboxRequest& want) override;
  Result<netlink::SandboxView> look_into(int sandbox, const std::string& device) override;
  Result<netlink::HostDevice> ensure_host_device(const std::string&, const std::string&) override;
  Status ensure_address(int link, const Prefix& address, std::uint32_t) override;
  Status remove_address(int link, const Prefix& address) override;
  Result<std::vector<netlink::LinkInfo>> links() override;
  Result<std::optional<netlink::LinkInfo>> link(int index) override;
  Result<std::vector<netlink::AddressInfo>> addresses() override;
  Result<std::vector<netlink::RouteInfo>> routes() override;
  bool forwards(Family family, const std::string&) override;
  Result<netlink::Way> way_to(const Address& destination) override;
  Result<std::vector<netlink::Neighbour>> neighbours() override;
  Status keep_neighbour(int link, const Address& address) override;
  Status drop_neighbour(int link, const Address& address) override;
  Result<int> ensure_headroom(const std::string& name) override;
  Status remove_headroom(const std::string&) override;
  Result<int> ensure_vxlan(const std::string& name, std::uint16_t port) override;

  // The neighbour answers, now or with another MAC than before.
  void resolve(int link, const Address& address, const Mac& mac);
  void vanish(const std::string& name);

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
  std::map<std::string, netlink::SandboxRequest> configured;  // by device, in whatever sandbox
  std::map<std::string, netlink::SandboxView> inside;         // the same; what look_into() finds
  bool fail_next_configure = false;
  std::string room;  // of ensure_headroom()
  int next_index = 1000;
  bool fail_next_veth = false;
  bool fail_next_address = false;
  bool fail_next_vxlan = false;
};

}  // namespace fairlead::test
