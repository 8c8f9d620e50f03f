// Ranges of published ports, cut so that programs find them by the port number alone.
//
// A port number names the first port of the range that holds it (struct fl_port_bits), one a
// protocol, whatever the host address. So where ranges on several addresses overlap, each is cut
// where another begins. Pure bookkeeping: no kernel.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "datapath/abi.h"

namespace fairlead::datapath {

// An entry of fl_ports. Its last port is 65535 or less.
struct PortRange {
  fl_port_key key{};
  fl_port target{};

  unsigned first() const { return ntohs(key.port); }
  unsigned last() const { return first() + target.count - 1; }
};

// By protocol and address; then ports go up.
struct PortOrder {
  bool operator()(const fl_port_key& a, const fl_port_key& b) const;
};

class PortRanges {
 public:
  using Entries = std::map<fl_port_key, fl_port, PortOrder>;
  using Matches = std::function<bool(const PortRange&)>;

  // What was done, in order, so that it can be undone.
  struct Step {
    bool added = false;
    PortRange range;
  };
  using Steps = std::vector<Step>;

  // Other ranges lose the ports that this one has on the same address.
  void put(const PortRange& range, Steps& steps);
  // Ranges on the address of `span` lose the ports within it, those that `matches` is true for.
  void clear(const PortRange& span, const Matches& matches, Steps& steps);
  void undo(const Steps& steps);

  const Entries& all() const { return ranges_; }  // as they were put
  std::vector<PortRange> of_device(std::uint32_t ifindex) const;
  bool uses(__u32 list) const { return lists_.contains(list); }

  // Which ranges the steps may have cut anew: those that came and went, and those on other
  // addresses that one of them begins in.
  std::vector<PortRange> touched(const Steps& steps) const;
  // Adds what the ranges are cut into that overlap `span` on its address.
  void cut(const PortRange& span, Entries& pieces) const;
  // What fl_port_bits says of a port number.
  fl_port_bits bits(unsigned port) const;

 private:
  std::vector<PortRange> overlapping(const PortRange& span) const;
  void insert(const PortRange& range);
  void remove(const PortRange& range);

  // What all addresses together have of a protocol.
  struct Protocol {
    std::map<unsigned, unsigned> begins;  // by port: how many ranges begin there
    std::vector<unsigned> users;          // by port: how many hold it; empty before the first
  };

  Entries ranges_;
  std::array<Protocol, 3> protocols_;  // TCP, UDP, SCTP
  std::map<std::uint32_t, std::set<fl_port_key, PortOrder>> by_device_;
  std::map<__u32, unsigned> lists_;  // by list: how many ranges refer to it
};

// The ports first..last of a range that has them, and where they lead.
PortRange part_of(const PortRange& range, unsigned first, unsigned last);

// Do the ports that both have lead to the same ports of the same container?
bool same_way(const PortRange& a, const PortRange& b);

}  // namespace fairlead::datapath
