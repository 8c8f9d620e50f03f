// Published ports in the kernel: fl_ports, and by port number fl_port_bits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "datapath/maps.h"
#include "datapath/port_ranges.h"

namespace fairlead::datapath {

// Keeps a copy of fl_ports, read at start. A packet to a port that stays published meets it at any
// moment of a change. Engine thread only.
class PortTable {
 public:
  // `maps` must outlive the table.
  static Result<PortTable> load(const Maps& maps);

  // Each returns whether a port was taken away, or leads elsewhere, or may be reached by others:
  // then flows may have to end. Each changes nothing if it fails.

  // `ranges` are all that `ifindex` publishes from now on. exhausted: the map is full.
  Result<bool> replace(std::uint32_t ifindex, const std::vector<PortRange>& ranges);
  // Removes those of these ports that still lead to the same container and port.
  Result<bool> erase(const std::vector<PortRange>& ranges);
  // Removes ranges that `keep` says false of; puts right what a crash left half done.
  Result<bool> retain(const std::function<bool(const PortRange&)>& keep);
  Result<bool> erase_device(std::uint32_t ifindex);

  // One of the device's published ports that fl_ports does not say, though it should: the first of
  // its range, host byte order. Nothing: all are there.
  Result<std::optional<std::uint16_t>> missing(std::uint32_t ifindex) const;

  // Does a range refer to this list of fl_sources?
  bool uses(__u32 list) const { return ranges_.uses(list); }

  // The mark in slot 0 of fl_port_bits.
  Status set_routed(bool routed);

 private:
  explicit PortTable(const Maps& maps) : maps_(&maps) {}

  // What a change writes: entries before and after, and the numbers whose bits may change.
  struct Change {
    PortRanges::Entries before;
    PortRanges::Entries after;
    std::vector<__u32> numbers;
  };
  Change change_of(const PortRanges::Steps& steps) const;
  // Writes what the steps, which are done in ranges_, have changed; undoes them if it fails.
  Result<bool> write(const PortRanges::Steps& steps);
  Status write(const Change& change);
  void take_back(const Change& change);
  Status write_bits(const std::vector<__u32>& ports) const;
  fl_port_bits bits(__u32 port) const;

  const Maps* maps_;
  PortRanges ranges_;
  PortRanges::Entries entries_;  // fl_ports
  bool routed_ = false;
};

}  // namespace fairlead::datapath
