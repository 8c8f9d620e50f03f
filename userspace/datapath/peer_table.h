// Other hosts as the programs know them: fl_peers, fl_hops, fl_vteps and fl_path_mtu.
#pragma once

#include <map>
#include <vector>

#include "base/error.h"
#include "datapath/datapath.h"
#include "datapath/hop_slots.h"
#include "datapath/maps.h"

namespace fairlead::datapath {

// Keeps what the maps say, read from them at start, so that a restarted daemon rewrites no element
// of fl_hops that a peer refers to. Engine thread only. `now`: ns, CLOCK_MONOTONIC_COARSE.
class PeerTable {
 public:
  // `maps` must outlive the table.
  static Result<PeerTable> load(const Maps& maps, std::uint64_t now);

  // A header that is still right stays where it is; a changed one gets an element of its own, and
  // then the peer's turns to it. Goes on past failures: without an element for a header the peer
  // goes by the vxlan device. Errors: invalid_argument (number 0, addresses of two families),
  // exhausted (more peers, headers or VTEP addresses than the maps take).
  Status put(const Peer& peer, std::uint64_t now);
  Status erase(PeerId peer, std::uint64_t now);

  // Headers are made anew for another port; 0: no tunnel, every peer by the vxlan device.
  Status set_port(std::uint16_t port, std::uint64_t now);

  // Peers, and VTEP addresses, that are not among these go.
  Status retain(const std::vector<Peer>& peers, std::uint64_t now);

  bool has(PeerId peer) const { return entries_.contains(peer); }
  // invalid_argument or exhausted for a number that the maps have no place for.
  Status check_number(PeerId peer) const;

 private:
  struct Entry {
    Peer peer;                         // hops: each once, and no more than are used
    std::uint16_t port = 0;            // of the headers
    std::vector<std::uint32_t> slots;  // of `peer.hops`, one each; empty: by the vxlan device
    fl_peer value{};
  };

  explicit PeerTable(const Maps& maps);
  Status load_peers(std::uint64_t now);
  Status load_vteps();
  Status write(Entry& entry, const Peer& wanted, std::uint64_t now);
  Status write_value(Entry& entry, const fl_peer& value) const;
  // The elements of the headers to `wanted.hops`: those of `entry` that are right, and new ones.
  Result<std::vector<std::uint32_t>> slots_for(const Entry& entry, const Peer& wanted,
                                               std::uint64_t now);
  void give_back(const std::vector<std::uint32_t>& slots, const std::vector<std::uint32_t>& but,
                 std::uint64_t now);
  Status write_vteps(Entry& entry, const std::vector<Address>& wanted);

  const Maps* maps_;
  HopSlots slots_;
  std::uint16_t port_ = 0;
  std::map<PeerId, Entry> entries_;
};

}  // namespace fairlead::datapath
