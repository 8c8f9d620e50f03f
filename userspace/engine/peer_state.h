// What this host knows of another host of the cluster, besides the cluster's records.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cluster/records.h"
#include "datapath/datapath.h"
#include "model/address.h"

namespace fairlead::engine {

// A neighbour that the kernel keeps resolved for us: ifindex and address.
using KeptNeighbour = std::pair<int, Address>;

// Whoever adds a peer fills the first part; sync_underlay() and the probe do the rest.
struct PeerState {
  datapath::PeerId number = 0;
  cluster::Node node;  // the first VTEP of each family is where it wants tunnel packets
  bool alive = false;  // it renews its lease
  TimePoint since{};   // of `alive`, or of its loss

  std::optional<datapath::Peer> written;  // what the data path has of it; absent: nothing yet
  std::set<KeptNeighbour> neighbours;     // what its way goes by
  std::string last_error;  // why there is no way, or only the kernel's; empty: all is well
  std::optional<std::chrono::microseconds> rtt;  // of the last answered ping; absent: none answered
  // As the underlay has lowered it, bytes of an outer IP packet; 0: it has not.
  std::uint32_t path_mtu = 0;
};

// This host's own end of every tunnel.
struct Underlay {
  std::vector<Address> vteps;  // the first of each family is what we send from
  std::uint32_t mtu = 0;       // smallest of the devices that have them, bytes of an IP packet
  Family prefer = Family::v4;  // to peers that have both

  bool operator==(const Underlay&) const = default;
};

}  // namespace fairlead::engine
