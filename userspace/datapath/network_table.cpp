#include "datapath/network_table.h"

#include <algorithm>

#include "datapath/abi.h"
#include "datapath/failures.h"
#include "datapath/put_or_undo.h"

namespace fairlead::datapath {

namespace {

fl_subnet_key subnet_key(const Subnet& subnet) {
  return {.prefix = subnet.pool.mapped_length(), .addr = to_abi(subnet.pool.first())};
}

}  // namespace

NetworkTable::NetworkTable(const Maps& maps, int host_index, const Mac& gateway_mac)
    : maps_(&maps), host_index_(host_index), gateway_mac_(gateway_mac) {}

Result<NetworkTable> NetworkTable::load(const Maps& maps, int host_index, const Mac& gateway_mac) {
  NetworkTable table(maps, host_index, gateway_mac);
  auto read = maps.networks.for_each(
      [&](__u32 id, const fl_network& value) { table.networks_[id].value = value; });
  if (!read) return std::unexpected(std::move(read).error());
  for (auto& [id, entry] : table.networks_) {
    for (__u32 slot = 0; slot < entry.value.members; ++slot) {
      auto member = maps.members.get({.network = id, .slot = slot});
      if (!member) return std::unexpected(std::move(member).error());
      if (!*member) break;  // the last daemon died between two writes
      entry.members.push_back(**member);
    }
  }
  return table;
}

std::vector<fl_forward_key> NetworkTable::gateways(const Network& network) const {
  std::vector<fl_forward_key> keys;
  for (const auto& subnet : {network.v4, network.v6}) {
    if (subnet && subnet->gateway)
      keys.push_back({.network = network.id, .addr = to_abi(*subnet->gateway)});
  }
  if (network.v6)
    keys.push_back({.network = network.id, .addr = to_abi(gateway_mac_.link_local())});
  return keys;
}

std::vector<fl_subnet_key> NetworkTable::subnets(const Network& network) {
  std::vector<fl_subnet_key> keys;
  for (const auto& subnet : {network.v4, network.v6}) {
    if (subnet) keys.push_back(subnet_key(*subnet));
  }
  return keys;
}

Status NetworkTable::put_value(NetworkId id, Entry& entry) {
  entry.value.members = static_cast<__u32>(entry.members.size());
  return maps_->networks.put(id, entry.value);
}

Status NetworkTable::put(const Network& network) {
  const auto found = networks_.find(network.id);
  fl_network value{};
  value.flags = flags_of(network);
  value.mtu = network.mtu;
  value.members = found == networks_.end() ? 0 : static_cast<__u32>(found->second.members.size());
  if (network.v4) {
    value.prefix4 = network.v4->pool.length();
    value.subnet4 = to_abi(network.v4->pool.first());
    if (network.v4->gateway) value.gateway4 = to_abi(*network.v4->gateway);
  }
  if (network.v6 && network.v6->gateway) value.gateway6 = to_abi(*network.v6->gateway);
  if (auto done = put_entries(network, value); !done) return done;
  networks_[network.id].value = value;
  return {};
}

Status NetworkTable::put_entries(const Network& network, const fl_network& value) const {
  Undo undo;
  if (auto done = put_or_undo(maps_->networks, network.id, value, undo); !done) return done;
  fl_forward gateway{
      .kind = FL_TARGET_GATEWAY, .ifindex = static_cast<__u32>(host_index_), .mac = {}, .pad = {}};
  copy_mac(gateway_mac_, gateway);
  for (const auto& key : gateways(network)) {
    if (auto done = put_or_undo(maps_->forward, key, gateway, undo); !done) return done;
  }
  // Last, because it is what makes packets from elsewhere find the network.
  for (const auto& key : subnets(network)) {
    // What get() finds of a trie may be a shorter prefix: of the same network, or nobody's to keep.
    auto before = maps_->subnets.get(key);
    if (!before) return std::unexpected(std::move(before).error());
    if (auto done = maps_->subnets.put(key, network.id); !done) return done;
    if (*before != network.id)
      undo.add([this, key] { static_cast<void>(maps_->subnets.erase(key)); });
  }
  undo.commit();
  return {};
}

Status NetworkTable::erase(NetworkId id) {
  Failures failures;
  const auto note = [&](auto&& result) {
    if (!result) failures.add(std::move(result).error());
  };
  note(maps_->subnets.erase_if([id](const fl_subnet_key&, __u32 owner) { return owner == id; }));
  note(maps_->forward.erase_if(
      [id](const fl_forward_key& key, const fl_forward&) { return key.network == id; }));
  note(maps_->networks.erase(id));
  note(
      maps_->members.erase_if([id](const fl_member_key& key, __u32) { return key.network == id; }));
  networks_.erase(id);
  return failures.result();
}

Status NetworkTable::add_member(NetworkId id, std::uint32_t ifindex) {
  const auto found = networks_.find(id);
  if (found == networks_.end())
    return fail(Errc::not_found, "no network " + std::to_string(id) + " in the data path");
  Entry& entry = found->second;
  if (std::ranges::find(entry.members, ifindex) != entry.members.end()) return {};
  const fl_member_key key{.network = id, .slot = static_cast<__u32>(entry.members.size())};
  if (auto done = maps_->members.put(key, ifindex); !done) return done;
  entry.members.push_back(ifindex);
  auto done = put_value(id, entry);  // only now the programs look at the new slot
  if (done) return done;
  entry.members.pop_back();
  static_cast<void>(maps_->members.erase(key));
  return done;
}

bool NetworkTable::has_member(NetworkId id, std::uint32_t ifindex) const {
  const auto found = networks_.find(id);
  return found != networks_.end() &&
         std::ranges::find(found->second.members, ifindex) != found->second.members.end();
}

Status NetworkTable::remove_member(NetworkId id, std::uint32_t ifindex) {
  const auto found = networks_.find(id);
  if (found == networks_.end()) return {};
  Entry& entry = found->second;
  const auto slot = std::ranges::find(entry.members, ifindex);
  if (slot == entry.members.end()) return {};

  // The last one moves into the hole. For a moment it is in both slots, so that it never is in
  // none.
  const fl_member_key hole{.network = id, .slot = static_cast<__u32>(slot - entry.members.begin())};
  const fl_member_key last{.network = id, .slot = static_cast<__u32>(entry.members.size() - 1)};
  if (auto done = maps_->members.put(hole, entry.members.back()); !done) return done;
  *slot = entry.members.back();
  entry.members.pop_back();
  if (auto done = put_value(id, entry); !done) return done;
  return maps_->members.erase(last);
}

Status NetworkTable::retain_members(const std::vector<std::uint32_t>& keep) {
  Failures failures;
  for (const auto& [id, entry] : networks_) {
    const std::vector<std::uint32_t> members = entry.members;
    for (const auto member : members) {
      if (std::ranges::find(keep, member) == keep.end()) failures.add(remove_member(id, member));
    }
  }
  auto strays = maps_->members.erase_if([&](const fl_member_key& key, __u32) {
    const auto found = networks_.find(key.network);
    return found == networks_.end() || key.slot >= found->second.members.size();
  });
  if (!strays) failures.add(std::move(strays).error());
  return failures.result();
}

bool NetworkTable::any_routed() const {
  return std::ranges::any_of(networks_, [](const auto& item) {
    return !(item.second.value.flags & (FL_NET_MASQUERADE | FL_NET_INTERNAL));
  });
}

bool NetworkTable::any_shortcut() const {
  return std::ranges::any_of(
      networks_, [](const auto& item) { return (item.second.value.flags & FL_NET_SHORTCUT) != 0; });
}

std::vector<NetworkId> NetworkTable::ids() const {
  std::vector<NetworkId> ids;
  for (const auto& [id, entry] : networks_) ids.push_back(id);
  return ids;
}

}  // namespace fairlead::datapath
