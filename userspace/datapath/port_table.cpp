#include "datapath/port_table.h"

#include <netinet/in.h>

#include <array>

namespace fairlead::datapath {

namespace {

constexpr std::array<std::pair<__u8, __u32>, 3> kProtocols = {
    {{IPPROTO_TCP, FL_PORT_TCP}, {IPPROTO_UDP, FL_PORT_UDP}, {IPPROTO_SCTP, FL_PORT_SCTP}}};

__u32 number(const fl_port_key& key) { return ntohs(key.port); }
__u32 user(__u32 port, __u8 proto) { return port << 8 | proto; }

bool same_target(const fl_port& a, const fl_port& b) {
  return same(a.addr, b.addr) && a.port == b.port;
}

}  // namespace

Result<PortTable> PortTable::load(const Maps& maps) {
  PortTable table(maps);
  auto read = maps.ports.for_each(
      [&](const fl_port_key& key, const fl_port& port) { table.remember(key, port); });
  if (!read) return std::unexpected(std::move(read).error());
  auto slot0 = maps.port_bits.get(0);
  if (!slot0) return std::unexpected(std::move(slot0).error());
  table.routed_ = slot0->value_or(fl_port_bits{}).flags & FL_PORT_ROUTED;
  return table;
}

void PortTable::remember(const fl_port_key& key, const fl_port& port) {
  forget(key);
  ports_[key] = port;
  by_device_[port.ifindex].insert(key);
  ++users_[user(number(key), key.proto)];
}

void PortTable::forget(const fl_port_key& key) {
  const auto found = ports_.find(key);
  if (found == ports_.end()) return;
  const auto device = by_device_.find(found->second.ifindex);
  device->second.erase(key);
  if (device->second.empty()) by_device_.erase(device);
  const auto users = users_.find(user(number(key), key.proto));
  if (--users->second == 0) users_.erase(users);
  ports_.erase(found);
}

fl_port_bits PortTable::bits(__u32 port) const {
  fl_port_bits bits{};
  if (port == 0 && routed_) bits.flags |= FL_PORT_ROUTED;
  for (std::size_t i = 0; i < kProtocols.size(); ++i) {
    if (!users_.contains(user(port, kProtocols[i].first))) continue;
    bits.flags |= kProtocols[i].second;
    bits.first[i] = htons(static_cast<__u16>(port));
  }
  return bits;
}

Status PortTable::write_bits(const std::set<__u32>& ports) const {
  const std::vector<__u32> keys(ports.begin(), ports.end());
  std::vector<fl_port_bits> values;
  for (const auto port : keys) values.push_back(bits(port));
  return maps_->port_bits.put_many(keys, values);
}

Result<PortTable::Removed> PortTable::remove(const std::vector<fl_port_key>& keys) {
  Removed removed;
  std::set<__u32> numbers;
  for (const auto& key : keys) {
    if (auto gone = maps_->ports.erase(key); !gone) return std::unexpected(std::move(gone).error());
    removed.insert(*ports_.find(key));
    numbers.insert(number(key));
    forget(key);
  }
  if (auto done = write_bits(numbers); !done) return std::unexpected(std::move(done).error());
  return removed;
}

Result<PortTable::Removed> PortTable::replace(std::uint32_t ifindex,
                                              const std::vector<Port>& ports) {
  std::vector<fl_port_key> keys;
  std::vector<fl_port> values;
  for (const auto& [key, value] : ports) {
    keys.push_back(key);
    values.push_back(value);
  }
  // Target first, then the mark that makes programs look for it.
  if (auto done = maps_->ports.put_many(keys, values); !done) {
    for (const auto& key : keys) {
      const auto before = ports_.find(key);
      static_cast<void>(before == ports_.end() ? maps_->ports.erase(key)
                                               : maps_->ports.put(key, before->second));
    }
    return std::unexpected(std::move(done).error());
  }
  std::set<__u32> numbers;
  for (const auto& [key, value] : ports) {
    remember(key, value);
    numbers.insert(number(key));
  }
  if (auto done = write_bits(numbers); !done) return std::unexpected(std::move(done).error());

  std::vector<fl_port_key> old;
  const std::set<fl_port_key, BytesLess<fl_port_key>> wanted(keys.begin(), keys.end());
  if (const auto device = by_device_.find(ifindex); device != by_device_.end()) {
    for (const auto& key : device->second) {
      if (!wanted.contains(key)) old.push_back(key);
    }
  }
  return remove(old);
}

Result<PortTable::Removed> PortTable::erase(const std::vector<Port>& ports) {
  std::vector<fl_port_key> keys;
  for (const auto& [key, target] : ports) {
    const auto found = ports_.find(key);
    if (found != ports_.end() && same_target(found->second, target)) keys.push_back(key);
  }
  return remove(keys);
}

Result<PortTable::Removed> PortTable::erase_device(std::uint32_t ifindex) {
  const auto device = by_device_.find(ifindex);
  if (device == by_device_.end()) return Removed{};
  return remove(std::vector<fl_port_key>(device->second.begin(), device->second.end()));
}

Result<PortTable::Removed> PortTable::retain(
    const std::function<bool(const fl_port_key&, const fl_port&)>& keep) {
  std::vector<fl_port_key> keys;
  for (const auto& [key, port] : ports_) {
    if (!keep(key, port)) keys.push_back(key);
  }
  auto removed = remove(keys);
  if (!removed) return removed;

  std::set<__u32> wrong;
  auto read = maps_->port_bits.for_each([&](__u32 port, const fl_port_bits& value) {
    if (!same(value, bits(port))) wrong.insert(port);
  });
  if (!read) return std::unexpected(std::move(read).error());
  if (auto done = write_bits(wrong); !done) return std::unexpected(std::move(done).error());
  return removed;
}

Status PortTable::set_routed(bool routed) {
  if (routed == routed_) return {};
  routed_ = routed;
  return write_bits({0});
}

}  // namespace fairlead::datapath
