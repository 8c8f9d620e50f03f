// netlink::Links on the kernel.
#pragma once

#include <memory>

#include "netlink/connection.h"
#include "netlink/links.h"
#include "netlink/retired_links.h"

namespace fairlead::netlink {

// Works in the network namespace that it was created in, and must be called from a thread of
// that namespace: per-device settings go through /proc/sys/net, which shows the caller's.
class KernelLinks final : public Links {
 public:
  static Result<KernelLinks> create();

  Result<int> create_veth(const VethRequest& want) override;
  Status remove_link(const std::string& name) override;
  Status retire_link(int index) override;
  Status remove_retired() override;
  Status configure(int sandbox, const SandboxRequest& want) override;
  Result<SandboxView> look_into(int sandbox, const std::string& device) override;

  Result<HostDevice> ensure_host_device(const std::string& name,
                                        const std::string& peer_name) override;
  Status ensure_address(int link, const Prefix& address, std::uint32_t mtu) override;
  Status remove_address(int link, const Prefix& address) override;

  Result<std::vector<LinkInfo>> links() override;
  Result<std::optional<LinkInfo>> link(int index) override;
  Result<std::vector<AddressInfo>> addresses() override;
  // Unicast, blackhole, unreachable and prohibit routes, one entry a next hop; link is 0 where no
  // device belongs to it.
  Result<std::vector<RouteInfo>> routes() override;

  bool forwards(Family family, const std::string& device) override;
  Result<Way> way_to(const Address& destination) override;
  Result<std::vector<Neighbour>> neighbours() override;
  Status keep_neighbour(int link, const Address& address) override;
  Status drop_neighbour(int link, const Address& address) override;

  Result<int> ensure_vxlan(const std::string& name, std::uint16_t port) override;
  Result<int> ensure_headroom(const std::string& name) override;
  Status remove_headroom(const std::string& name) override;

 private:
  struct Pair {
    std::string name;
    std::string peer;
    Mac mac;       // 00:00:00:00:00:00: the kernel's choice
    Mac peer_mac;  // the same
    std::uint32_t mtu = 1500;
    unsigned flags = 0;  // IFF_... of both ends
    unsigned peer_flags = 0;
    int master = 0;    // ifindex, of `name`; 0: none
    int sandbox = -1;  // namespace of `peer`; -1: this one
  };

  explicit KernelLinks(Connection connection) : connection_(std::move(connection)) {}
  Status create_pair(const Pair& pair);
  // For a pair whose names are taken.
  Status make_way(const VethRequest& want);
  Status set_flags(int link, const std::string& name, unsigned flags);

  // The routes to a gateway address's subnet: ours, and the kernel's own of an address without
  // IFA_F_NOPREFIXROUTE.
  Status put_subnet_route(int link, const Prefix& address, std::uint32_t mtu);
  Status remove_subnet_route(int link, const Prefix& address, std::uint8_t protocol);

  // The next hops of a nexthop object, or of each of a group's.
  Status add_hops_of(std::uint32_t object, unsigned weight, std::vector<WayHop>& hops);

  // What the kernel has of a neighbour, besides its MAC.
  struct Entry {
    bool known = false;
    std::uint16_t state = 0;  // NUD_...
    std::uint8_t flags = 0;   // NTF_...
    bool managed = false;     // by whomever
    bool ours = false;        // marked with kOwnProtocol
  };
  Result<Entry> neighbour(int link, const Address& address);

  struct Vxlan {
    int index = 0;
    std::string name;
    std::uint16_t port = 0;
    bool as_ours = false;  // external, without learning, zero checksums on IPv6
  };
  Result<std::vector<Vxlan>> vxlans();
  Status create_vxlan(const std::string& name, std::uint16_t port);

  Connection connection_;
  std::unique_ptr<RetiredLinks> retired_;  // made when first needed
};

}  // namespace fairlead::netlink
