#include "datapath/peer_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "datapath/abi.h"
#include "datapath/failures.h"
#include "datapath/outer_header.h"

namespace fairlead::datapath {

namespace {

Address from_abi(const fl_addr& address) { return Address(std::to_array(address.b)); }

// Each once, and no more than the programs choose among.
std::vector<NextHop> used_hops(const std::vector<NextHop>& hops) {
  std::vector<NextHop> used;
  for (const NextHop& hop : hops) {
    if (used.size() == FL_PEER_HOPS) break;
    if (std::ranges::find(used, hop) == used.end()) used.push_back(hop);
  }
  return used;
}

fl_peer value_of(const Peer& peer, const std::vector<std::uint32_t>& slots) {
  fl_peer value{};
  value.way = slots.empty() ? FL_PEER_KERNEL : FL_PEER_DIRECT;
  for (std::size_t i = 0; i < FL_PEER_HOPS && !slots.empty(); ++i)
    value.hops[i] = slots[i % slots.size()];
  value.remote = to_abi(peer.remote);
  value.local = to_abi(peer.local);
  return value;
}

std::string name_of(PeerId peer) { return "peer " + std::to_string(peer); }

}  // namespace

PeerTable::PeerTable(const Maps& maps) : maps_(&maps), slots_(maps.hops.raw().capacity()) {}

Result<PeerTable> PeerTable::load(const Maps& maps, std::uint64_t now) {
  PeerTable table(maps);
  auto tunnel = maps.tunnel.get(0);
  if (!tunnel) return std::unexpected(std::move(tunnel).error());
  if (*tunnel) table.port_ = ntohs((*tunnel)->port);
  if (auto done = table.load_peers(now); !done) return std::unexpected(std::move(done).error());
  if (auto done = table.load_vteps(); !done) return std::unexpected(std::move(done).error());
  return table;
}

Status PeerTable::load_peers(std::uint64_t now) {
  std::set<std::uint32_t> referred;
  auto read = maps_->peers.for_each([&](__u32 number, const fl_peer& value) {
    if (value.way == FL_PEER_NONE) return;
    Entry& entry = entries_[number];
    entry.value = value;
    entry.peer.number = number;
    entry.peer.remote = from_abi(value.remote);
    entry.peer.local = from_abi(value.local);
    if (value.way != FL_PEER_DIRECT) return;
    for (const __u32 slot : value.hops) {
      if (referred.insert(slot).second) entry.slots.push_back(slot);
    }
  });
  if (!read) return read;

  for (auto& [number, entry] : entries_) {
    for (const std::uint32_t slot : entry.slots) {
      auto header = maps_->hops.get(slot);
      if (!header) return std::unexpected(std::move(header).error());
      entry.peer.hops.push_back(hop_of(header->value_or(fl_hop{})));
      entry.port = port_of(header->value_or(fl_hop{}));
    }
  }
  std::uint32_t first_fresh = 1;
  std::vector<std::uint32_t> left;
  read = maps_->hops.for_each([&](__u32 slot, const fl_hop& header) {
    if (header.len == 0) return;
    first_fresh = std::max(first_fresh, slot + 1);
    if (!referred.contains(slot)) left.push_back(slot);
  });
  if (read) slots_.take_over(first_fresh, left, now);
  return read;
}

Status PeerTable::load_vteps() {
  return maps_->vteps.for_each([&](const fl_addr& address, __u32 number) {
    if (const auto found = entries_.find(number); found != entries_.end())
      found->second.peer.vteps.push_back(from_abi(address));
  });
}

Status PeerTable::check_number(PeerId peer) const {
  if (peer == 0) return fail(Errc::invalid_argument, "number 0 is no host's");
  const std::uint32_t capacity = maps_->peers.raw().capacity();
  if (peer < capacity) return {};
  return fail(Errc::exhausted, name_of(peer) + ": map fl_peers has room for " +
                                   std::to_string(capacity - 1) +
                                   " hosts: raise its size in the configuration");
}

Result<std::vector<std::uint32_t>> PeerTable::slots_for(const Entry& entry, const Peer& wanted,
                                                        std::uint64_t now) {
  std::vector<std::uint32_t> slots;
  if (port_ == 0) return slots;
  for (const NextHop& hop : wanted.hops) {
    const fl_hop header = outer_header(hop, wanted.local, wanted.remote, port_);
    const auto right = [&](std::size_t i) {
      return same(outer_header(entry.peer.hops[i], entry.peer.local, entry.peer.remote, entry.port),
                  header);
    };
    std::size_t i = 0;
    while (i < entry.slots.size() && !right(i)) ++i;
    if (i < entry.slots.size()) {
      slots.push_back(entry.slots[i]);
      continue;
    }
    const auto fresh = slots_.take(now);
    auto done = fresh ? maps_->hops.put(*fresh, header)
                      : fail(Errc::exhausted,
                             "map fl_hops has no header free for another next hop: raise the "
                             "number of peers in the configuration");
    if (fresh) slots.push_back(*fresh);
    if (done) continue;
    give_back(slots, entry.slots, now);
    return std::unexpected(std::move(done).error());
  }
  return slots;
}

void PeerTable::give_back(const std::vector<std::uint32_t>& slots,
                          const std::vector<std::uint32_t>& but, std::uint64_t now) {
  for (const std::uint32_t slot : slots) {
    if (std::ranges::find(but, slot) == but.end()) slots_.give_back(slot, now);
  }
}

// The kernel copies an element word by word. Only an address is longer than a word, and only
// packets that go by the vxlan device read it: they see no peer while it changes.
Status PeerTable::write_value(Entry& entry, const fl_peer& value) const {
  const PeerId number = entry.peer.number;
  const bool moves =
      !same(entry.value.remote, value.remote) || !same(entry.value.local, value.local);
  const bool read = entry.value.way == FL_PEER_KERNEL || value.way == FL_PEER_KERNEL;
  if (entry.value.way != FL_PEER_NONE && moves && read) {
    fl_peer none = entry.value;
    none.way = FL_PEER_NONE;
    if (auto done = maps_->peers.put(number, none); !done) return done;
  }
  if (auto done = maps_->peers.put(number, value); !done) return done;
  entry.value = value;
  return {};
}

Status PeerTable::write(Entry& entry, const Peer& wanted, std::uint64_t now) {
  Failures failures;
  auto slots = slots_for(entry, wanted, now);
  if (!slots) failures.add(slots.error());
  std::vector<std::uint32_t> taken = std::move(slots).value_or(std::vector<std::uint32_t>());
  if (auto done = write_value(entry, value_of(wanted, taken)); !done) {
    give_back(taken, entry.slots, now);
    return done;
  }
  give_back(entry.slots, taken, now);
  entry.slots = std::move(taken);
  entry.port = port_;
  entry.peer.remote = wanted.remote;
  entry.peer.local = wanted.local;
  entry.peer.hops = wanted.hops;
  return failures.result();
}

Status PeerTable::write_vteps(Entry& entry, const std::vector<Address>& wanted) {
  Failures failures;
  const PeerId number = entry.peer.number;
  for (const Address& address : wanted) {
    auto owner = maps_->vteps.get(to_abi(address));
    if (!owner) {
      failures.add(std::move(owner).error());
      continue;
    }
    if (*owner == number) continue;
    failures.add(maps_->vteps.put(to_abi(address), number));
    if (const auto before = entries_.find(owner->value_or(0)); before != entries_.end())
      std::erase(before->second.peer.vteps, address);
  }
  for (const Address& address : entry.peer.vteps) {
    if (std::ranges::find(wanted, address) == wanted.end())
      failures.add(maps_->vteps.erase(to_abi(address)));
  }
  entry.peer.vteps = wanted;
  return failures.result();
}

Status PeerTable::put(const Peer& peer, std::uint64_t now) {
  if (auto valid = check_number(peer.number); !valid) return valid;
  if (peer.remote.family() != peer.local.family())
    return fail(Errc::invalid_argument, name_of(peer.number) + ": " + peer.remote.to_string() +
                                            " is of another family than " + peer.local.to_string() +
                                            ", which is this host's");
  Failures failures;
  if (!has(peer.number)) failures.add(maps_->path_mtu.put(peer.number, {}));
  Entry& entry = entries_[peer.number];
  entry.peer.number = peer.number;
  Peer wanted = peer;
  wanted.hops = used_hops(peer.hops);
  failures.add(write(entry, wanted, now));
  failures.add(write_vteps(entry, peer.vteps));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), name_of(peer.number));
  return {};
}

Status PeerTable::erase(PeerId peer, std::uint64_t now) {
  const auto found = entries_.find(peer);
  if (found == entries_.end()) return {};
  Failures failures;
  failures.add(write_vteps(found->second, {}));
  if (auto done = maps_->peers.put(peer, {}); !done) {
    failures.add(std::move(done));  // its headers stay its own
    return failures.result();
  }
  failures.add(maps_->path_mtu.put(peer, {}));
  give_back(found->second.slots, {}, now);
  entries_.erase(found);
  return failures.result();
}

Status PeerTable::set_port(std::uint16_t port, std::uint64_t now) {
  if (port == port_) return {};
  port_ = port;
  Failures failures;
  for (auto& [number, entry] : entries_) {
    const Peer wanted = entry.peer;
    failures.add(write(entry, wanted, now));
  }
  return failures.result();
}

Status PeerTable::retain(const std::vector<Peer>& peers, std::uint64_t now) {
  Failures failures;
  std::set<PeerId> numbers;
  std::set<std::pair<Address, PeerId>> vteps;
  for (const Peer& peer : peers) {
    numbers.insert(peer.number);
    for (const Address& address : peer.vteps) vteps.emplace(address, peer.number);
  }
  std::vector<PeerId> gone;
  for (const auto& [number, entry] : entries_) {
    if (!numbers.contains(number)) gone.push_back(number);
  }
  for (const PeerId number : gone) failures.add(erase(number, now));
  auto strays = maps_->vteps.erase_if([&](const fl_addr& address, __u32 number) {
    return !vteps.contains({from_abi(address), number});
  });
  if (!strays) failures.add(std::move(strays).error());
  for (auto& [number, entry] : entries_) {
    std::erase_if(entry.peer.vteps, [&](const Address& address) {
      return !vteps.contains({address, number});
    });
  }
  return failures.result();
}

}  // namespace fairlead::datapath
