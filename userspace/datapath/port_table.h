// Published ports, and by port number whether there are any.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "datapath/abi.h"
#include "datapath/maps.h"

namespace fairlead::datapath {

// Keeps a copy of fl_ports, read at start, to know which ports a device publishes and when the
// last of a port number is gone. Engine thread only.
class PortTable {
 public:
  using Port = std::pair<fl_port_key, fl_port>;
  using Removed = std::map<fl_port_key, fl_port, BytesLess<fl_port_key>>;

  // `maps` must outlive the table.
  static Result<PortTable> load(const Maps& maps);

  // `ports` are all that `ifindex` publishes from now on; returns what it no longer does. Nothing
  // changes if the map is full.
  Result<Removed> replace(std::uint32_t ifindex, const std::vector<Port>& ports);
  // Removes those that still lead to the address and port given with them; returns them.
  Result<Removed> erase(const std::vector<Port>& ports);
  // Removes those that `keep` says false of; puts right what the numbers say (after a crash).
  Result<Removed> retain(const std::function<bool(const fl_port_key&, const fl_port&)>& keep);
  Result<Removed> erase_device(std::uint32_t ifindex);

  // The mark in slot 0 of fl_port_bits.
  Status set_routed(bool routed);

 private:
  explicit PortTable(const Maps& maps) : maps_(&maps) {}
  void remember(const fl_port_key& key, const fl_port& port);
  void forget(const fl_port_key& key);
  fl_port_bits bits(__u32 port) const;  // what fl_port_bits has to say
  Status write_bits(const std::set<__u32>& ports) const;
  Result<Removed> remove(const std::vector<fl_port_key>& keys);

  const Maps* maps_;
  Removed ports_;
  std::map<std::uint32_t, std::set<fl_port_key, BytesLess<fl_port_key>>> by_device_;
  std::unordered_map<__u32, unsigned> users_;  // by port << 8 | protocol
  bool routed_ = false;
};

}  // namespace fairlead::datapath
