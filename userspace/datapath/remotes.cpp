// Other hosts, and what is on them.
#include <algorithm>
#include <set>

#include "datapath/abi.h"
#include "datapath/failures.h"
#include "datapath/flows.h"
#include "datapath/kernel_datapath.h"
#include "datapath/put_or_undo.h"

namespace fairlead::datapath {

namespace {

std::vector<Address> addresses_of(const RemoteEndpoint& endpoint) {
  std::vector<Address> addresses;
  if (endpoint.v4) addresses.push_back(*endpoint.v4);
  if (endpoint.v6) {
    addresses.push_back(*endpoint.v6);
    addresses.push_back(endpoint.mac.link_local());
  }
  return addresses;
}

fl_forward_key key_of(NetworkId network, const Address& address) {
  return {.network = network, .addr = to_abi(address)};
}

fl_forward target_of(const RemoteEndpoint& endpoint) {
  fl_forward target{};
  target.kind = FL_TARGET_REMOTE;
  target.peer = endpoint.peer;
  copy_mac(endpoint.mac, target);
  return target;
}

std::string name_of(const RemoteEndpoint& endpoint) {
  const auto address = endpoint.v4 ? endpoint.v4 : endpoint.v6;
  return "endpoint " + (address ? address->to_string() : std::string("without address")) +
         " of network " + std::to_string(endpoint.network) + " on peer " +
         std::to_string(endpoint.peer);
}

// An entry of fl_forward, to be looked for among very many: sorted, without a node for each.
struct Wanted {
  fl_forward_key key;
  fl_forward target;
};
struct KeyLess {
  static const fl_forward_key& key(const Wanted& wanted) { return wanted.key; }
  static const fl_forward_key& key(const fl_forward_key& key) { return key; }
  bool operator()(const auto& a, const auto& b) const {
    return BytesLess<fl_forward_key>()(key(a), key(b));
  }
};

std::vector<Wanted> wanted_of(const std::vector<RemoteEndpoint>& endpoints) {
  std::vector<Wanted> all;
  all.reserve(3 * endpoints.size());
  for (const RemoteEndpoint& endpoint : endpoints) {
    for (const Address& address : addresses_of(endpoint))
      all.push_back({.key = key_of(endpoint.network, address), .target = target_of(endpoint)});
  }
  std::ranges::sort(all, KeyLess());
  return all;
}

// Two endpoints may say to have an address: either of them is right here.
bool is_among(const std::vector<Wanted>& all, const fl_forward_key& key, const fl_forward& target) {
  const auto [first, last] = std::equal_range(all.begin(), all.end(), key, KeyLess());
  return std::any_of(first, last, [&](const Wanted& one) { return same(one.target, target); });
}

}  // namespace

Status KernelDatapath::put_peer(const Peer& peer) { return peers_->put(peer, coarse_now()); }

Status KernelDatapath::erase_peer(PeerId peer) {
  if (auto valid = peers_->check_number(peer); !valid) return valid;
  Failures failures;
  auto endpoints = maps_.forward.erase_if([peer](const fl_forward_key&, const fl_forward& target) {
    return target.kind == FL_TARGET_REMOTE && target.peer == peer;
  });
  if (!endpoints) failures.add(std::move(endpoints).error());
  auto members = maps_.vni_members.erase_if(
      [peer](const fl_vni_member& member, __u32) { return member.peer == peer; });
  if (!members) failures.add(std::move(members).error());
  failures.add(peers_->erase(peer, coarse_now()));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "remove peer " + std::to_string(peer));
  return {};
}

Status KernelDatapath::put_remote(const RemoteEndpoint& endpoint) {
  const std::string what = name_of(endpoint);
  if (auto valid = peers_->check_number(endpoint.peer); !valid)
    return fail(std::move(valid).error(), what);
  const fl_forward target = target_of(endpoint);
  Undo undo;
  for (const Address& address : addresses_of(endpoint)) {
    const fl_forward_key key = key_of(endpoint.network, address);
    auto before = maps_.forward.get(key);
    if (!before) return fail(std::move(before).error(), what);
    if (*before && (*before)->kind != FL_TARGET_REMOTE)
      return fail(Errc::conflict, what + ": this host has " + address.to_string() + " itself");
    if (*before && same(**before, target)) continue;
    if (auto done = put_or_undo(maps_.forward, key, target, undo); !done)
      return fail(std::move(done).error(), what);
  }
  undo.commit();
  return {};
}

Status KernelDatapath::erase_remote(const RemoteEndpoint& endpoint) {
  Failures failures;
  const fl_forward target = target_of(endpoint);
  for (const Address& address : addresses_of(endpoint)) {
    const fl_forward_key key = key_of(endpoint.network, address);
    auto entry = maps_.forward.get(key);
    if (!entry) {
      failures.add(std::move(entry).error());
    } else if (*entry && same(**entry, target)) {
      failures.add(maps_.forward.erase(key));
    }
  }
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "remove " + name_of(endpoint));
  return {};
}

Status KernelDatapath::put_member(const Membership& member) {
  if (auto valid = peers_->check_number(member.peer); !valid) return valid;
  return maps_.vni_members.put({.network = member.network, .peer = member.peer}, 1);
}

Status KernelDatapath::erase_member(const Membership& member) {
  return maps_.vni_members.erase({.network = member.network, .peer = member.peer});
}

Status KernelDatapath::retain_remote(const std::vector<Peer>& peers,
                                     const std::vector<RemoteEndpoint>& endpoints,
                                     const std::vector<Membership>& members) {
  Failures failures;
  const std::vector<Wanted> wanted = wanted_of(endpoints);
  auto strays = maps_.forward.erase_if([&](const fl_forward_key& key, const fl_forward& target) {
    return target.kind == FL_TARGET_REMOTE && !is_among(wanted, key, target);
  });
  if (!strays) failures.add(std::move(strays).error());
  const std::set<Membership> kept(members.begin(), members.end());
  auto left = maps_.vni_members.erase_if([&](const fl_vni_member& member, __u32) {
    return !kept.contains({.network = member.network, .peer = member.peer});
  });
  if (!left) failures.add(std::move(left).error());
  failures.add(peers_->retain(peers, coarse_now()));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "remove what no other host has");
  return {};
}

}  // namespace fairlead::datapath
