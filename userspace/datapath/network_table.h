// Networks as the programs know them: their subnets, gateways and members.
#pragma once

#include <map>
#include <vector>

#include "base/error.h"
#include "datapath/maps.h"
#include "model/network.h"

namespace fairlead::datapath {

// Keeps a copy of what the maps say of members, read from them at start, so that a restarted daemon
// goes on where the last one stopped. Engine thread only.
class NetworkTable {
 public:
  // `maps` must outlive the table. `host_index` and `gateway_mac`: of the host device.
  static Result<NetworkTable> load(const Maps& maps, int host_index, const Mac& gateway_mac);

  // Changes nothing if it fails.
  Status put(const Network& network);
  // Goes on past failures.
  Status erase(NetworkId id);

  // Members are who gets a copy of a broadcast. not_found: no such network. add_member() changes
  // nothing if it fails.
  Status add_member(NetworkId id, std::uint32_t ifindex);
  Status remove_member(NetworkId id, std::uint32_t ifindex);
  // Removes the members that are not in `keep`.
  Status retain_members(const std::vector<std::uint32_t>& keep);

  // Addresses of the network that are the gateway's: entries of fl_forward.
  std::vector<fl_forward_key> gateways(const Network& network) const;
  static std::vector<fl_subnet_key> subnets(const Network& network);

  bool has(NetworkId id) const { return networks_.contains(id); }
  bool has_member(NetworkId id, std::uint32_t ifindex) const;
  // Is there a network whose flows leave with their own addresses?
  bool any_routed() const;
  bool any_shortcut() const;
  std::vector<NetworkId> ids() const;

 private:
  struct Entry {
    fl_network value{};
    std::vector<std::uint32_t> members;  // by slot
  };

  NetworkTable(const Maps& maps, int host_index, const Mac& gateway_mac);
  Status put_value(NetworkId id, Entry& entry);
  // `value` and what leads to it, in the maps.
  Status put_entries(const Network& network, const fl_network& value) const;

  const Maps* maps_;
  int host_index_;
  Mac gateway_mac_;
  std::map<NetworkId, Entry> networks_;
};

}  // namespace fairlead::datapath
