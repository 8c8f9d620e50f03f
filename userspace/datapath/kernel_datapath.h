// datapath::Datapath on the kernel.
//
// Split by subject: networks and start in kernel_datapath.cpp, endpoints.cpp, rates.cpp, ports.cpp,
// host.cpp, tunnel.cpp, remotes.cpp, collecting.cpp, counters.cpp, retain.cpp.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/undo.h"
#include "datapath/datapath.h"
#include "datapath/link.h"
#include "datapath/maps.h"
#include "datapath/network_table.h"
#include "datapath/options.h"
#include "datapath/peer_table.h"
#include "datapath/pins.h"
#include "datapath/port_table.h"
#include "datapath/programs.h"
#include "datapath/source_lists.h"

namespace fairlead::datapath {

class KernelDatapath final : public Datapath {
 public:
  // Loads the programs and takes over what an earlier daemon left pinned: maps with their contents,
  // and the host device's and the socket hooks' programs are swapped at once, those of endpoints
  // and uplinks as they are put again. Socket hooks that cannot be attached are no error (Facts
  // says why). Errors: unsupported (no bpffs, another map layout, a program that the verifier
  // refuses), not_found (no such host device), or as fail_errno().
  static Result<std::unique_ptr<KernelDatapath>> create(const Options& options);

  Status put_network(const Network& network) override;
  Status erase_network(NetworkId id) override;
  Status put_endpoint(const Network& network, const Endpoint& endpoint,
                      const EndpointDevice& device) override;
  Status check_endpoint(const Network& network, const Endpoint& endpoint,
                        const EndpointDevice& device) override;
  Result<bool> settle_next() override;
  Status erase_endpoint(const Network& network, const Endpoint& endpoint) override;
  Status put_ports(const Network& network, const Endpoint& endpoint, int device_index,
                   const std::vector<PublishedPort>& ports) override;
  Status erase_ports(const Endpoint& endpoint, const std::vector<PortBinding>& ports) override;
  Status sync_host(const HostView& view) override;
  Status forget_ways() override;
  Status set_tunnel(const Tunnel& tunnel) override;
  Status put_peer(const Peer& peer) override;
  Status erase_peer(PeerId peer) override;
  Status put_remote(const RemoteEndpoint& endpoint) override;
  Status erase_remote(const RemoteEndpoint& endpoint) override;
  Status put_member(const Membership& member) override;
  Status erase_member(const Membership& member) override;
  Status retain_remote(const std::vector<Peer>& peers, const std::vector<RemoteEndpoint>& endpoints,
                       const std::vector<Membership>& members) override;
  Result<std::vector<PathMtu>> path_mtus() override;
  Status forget_path_mtu(PeerId peer) override;
  Result<FlowReport> collect_flows() override;
  Result<std::map<int, FlowCount>> flow_counts() override;
  Result<std::vector<Counter>> counters() override;
  Result<std::vector<MapInfo>> maps() override;
  Facts facts() override;
  Status retain_only(const std::vector<Network>& networks,
                     const std::vector<Endpoint>& endpoints) override;

 private:
  KernelDatapath(Options options, const fl_config& config, Programs programs);
  Status start(const Options& options);
  void start_socket_hooks(const Options& options);
  // On while a network of networks_ asks for it. No error: Facts says why it is not.
  void sync_shortcut();

  // Attaches once for each device and program; a device of the same name but another index is a new
  // one.
  Status attach_once(int program, const Hook& hook);
  Status detach(const Hook& hook);
  // Attaches at once; settle_next() does the rest. At egress tc_limit, else tc_endpoint.
  Status attach_endpoint(const Hook& hook);
  int program_of(const Hook& endpoint) const;

  Hook endpoint_hook(const std::string& device, int index) const;
  Hook limit_hook(const std::string& device, int index) const;
  Hook uplink_hook(const std::string& device, int index) const;
  Hook tunnel_hook(const std::string& device, int index) const;

  // The device that the maps say this endpoint is behind; 0: none.
  Result<std::uint32_t> device_of(const Network& network, const Endpoint& endpoint) const;
  // The endpoint in the maps, behind that device.
  Status put_entries(const Network& network, const Endpoint& endpoint, std::uint32_t ifindex,
                     Undo& undo);
  // Its limits, before anything says that it has some.
  Status put_rate(const Network& network, const Endpoint& endpoint, const EndpointDevice& device,
                  Undo& undo);
  Status limit_device(const EndpointDevice& device);
  Status check_limits(const Network& network, const Endpoint& endpoint,
                      const EndpointDevice& device) const;
  // The pin of a device that goes.
  Status forget_rate(const std::string& device);
  // Limits of other devices than these go.
  Status retain_rates(const std::set<std::uint32_t>& devices, const std::set<std::string>& names);
  // What belongs to a device besides forwarding entries: its endpoint entry, membership, ports,
  // flows.
  Status forget_device(NetworkId network, std::uint32_t ifindex);
  // May it have flows of its own? Those into its published ports are counted elsewhere, too.
  bool may_have_flows(std::uint32_t ifindex) const;
  // Ends flows that lead through what is no longer there. Call after anything went away.
  Status end_stale_flows();
  // And those whose client may no longer reach the port.
  Status end_refused_flows();
  // After a change of ports_.
  Status settle_ports(bool taken_away);
  Status sync_local(const HostView& view);
  Status drop_uplinks_but(const std::vector<Uplink>& uplinks);
  // XDP on the uplinks there are, where it is wanted, and on no other device. After their TC
  // programs, which take what it lets through; off before those go.
  Status sync_xdp();
  Status detach_xdp(const std::string& device);
  // Is xdp_uplink on it? If not, xdp_problems_ says why.
  bool take_xdp(const Uplink& uplink);

  Options options_;
  fl_config config_{};
  Programs programs_;
  Pins pins_;
  TcHooks hooks_;
  Timeouts timeouts_;
  std::uint16_t nat_port_first_ = 0;
  std::uint16_t nat_port_last_ = 0;
  Maps maps_;
  std::unique_ptr<NetworkTable> networks_;  // set by start(); never null afterwards
  std::unique_ptr<PortTable> ports_;
  std::unique_ptr<SourceLists> lists_;
  std::map<std::string, int> attached_;  // by pin: ifindex, of the programs of this object
  std::deque<Hook> unsettled_;           // of endpoints, oldest first; may be gone meanwhile
  Facts facts_;
  std::vector<std::string> uplink_problems_;
  std::unique_ptr<PeerTable> peers_;            // as networks_
  Tunnel tunnel_;                               // as fl_tunnel says
  std::optional<std::vector<Uplink>> uplinks_;  // attached; absent before the first sync_host()
  std::map<int, std::string> xdp_refused_;      // by ifindex: what the driver's answer was
  std::vector<std::string> xdp_problems_;
};

}  // namespace fairlead::datapath
