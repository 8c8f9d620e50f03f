#include "datapath/port_ranges.h"

#include <netinet/in.h>

#include <algorithm>

namespace fairlead::datapath {

namespace {

constexpr unsigned kPorts = 65536;
constexpr std::array<__u8, 3> kProtocols = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
constexpr std::array<__u32, 3> kFlags = {FL_PORT_TCP, FL_PORT_UDP, FL_PORT_SCTP};

std::size_t index_of(__u8 proto) {
  return static_cast<std::size_t>(std::ranges::find(kProtocols, proto) - kProtocols.begin());
}

bool same_place(const fl_port_key& a, const fl_port_key& b) {
  return a.proto == b.proto && same(a.addr, b.addr);
}

fl_port_key with_port(fl_port_key key, unsigned port) {
  key.port = htons(static_cast<std::uint16_t>(port));
  return key;
}

}  // namespace

bool PortOrder::operator()(const fl_port_key& a, const fl_port_key& b) const {
  if (a.proto != b.proto) return a.proto < b.proto;
  const int order = std::memcmp(&a.addr, &b.addr, sizeof(a.addr));
  return order != 0 ? order < 0 : ntohs(a.port) < ntohs(b.port);
}

PortRange part_of(const PortRange& range, unsigned first, unsigned last) {
  PortRange part = range;
  part.key = with_port(range.key, first);
  part.target.port =
      htons(static_cast<std::uint16_t>(ntohs(range.target.port) + (first - range.first())));
  part.target.count = static_cast<__u16>(last - first + 1);
  return part;
}

bool same_way(const PortRange& a, const PortRange& b) {
  return same(a.target.addr, b.target.addr) &&
         ntohs(a.target.port) - static_cast<int>(a.first()) ==
             ntohs(b.target.port) - static_cast<int>(b.first());
}

void PortRanges::put(const PortRange& range, Steps& steps) {
  clear(
      range, [](const PortRange&) { return true; }, steps);
  insert(range);
  steps.push_back({.added = true, .range = range});
}

void PortRanges::clear(const PortRange& span, const Matches& matches, Steps& steps) {
  for (const PortRange& range : overlapping(span)) {
    if (!matches(range)) continue;
    remove(range);
    steps.push_back({.added = false, .range = range});
    std::vector<PortRange> left;
    if (range.first() < span.first())
      left.push_back(part_of(range, range.first(), span.first() - 1));
    if (range.last() > span.last()) left.push_back(part_of(range, span.last() + 1, range.last()));
    for (const PortRange& part : left) {
      insert(part);
      steps.push_back({.added = true, .range = part});
    }
  }
}

void PortRanges::undo(const Steps& steps) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->added) {
      remove(step->range);
    } else {
      insert(step->range);
    }
  }
}

void PortRanges::insert(const PortRange& range) {
  ranges_[range.key] = range.target;
  by_device_[range.target.ifindex].insert(range.key);
  ++lists_[range.target.list];
  Protocol& protocol = protocols_[index_of(range.key.proto)];
  ++protocol.begins[range.first()];
  if (protocol.users.empty()) protocol.users.resize(kPorts);
  for (unsigned port = range.first(); port <= range.last(); ++port) ++protocol.users[port];
}

void PortRanges::remove(const PortRange& range) {
  ranges_.erase(range.key);
  const auto device = by_device_.find(range.target.ifindex);
  device->second.erase(range.key);
  if (device->second.empty()) by_device_.erase(device);
  const auto list = lists_.find(range.target.list);
  if (--list->second == 0) lists_.erase(list);
  Protocol& protocol = protocols_[index_of(range.key.proto)];
  const auto begin = protocol.begins.find(range.first());
  if (--begin->second == 0) protocol.begins.erase(begin);
  for (unsigned port = range.first(); port <= range.last(); ++port) --protocol.users[port];
}

std::vector<PortRange> PortRanges::of_device(std::uint32_t ifindex) const {
  std::vector<PortRange> out;
  const auto device = by_device_.find(ifindex);
  if (device == by_device_.end()) return out;
  for (const fl_port_key& key : device->second) out.push_back({key, ranges_.at(key)});
  return out;
}

std::vector<PortRange> PortRanges::overlapping(const PortRange& span) const {
  std::vector<PortRange> out;
  auto next = ranges_.upper_bound(span.key);
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    const PortRange range{before->first, before->second};
    if (same_place(range.key, span.key) && range.last() >= span.first()) out.push_back(range);
  }
  for (; next != ranges_.end(); ++next) {
    const PortRange range{next->first, next->second};
    if (!same_place(range.key, span.key) || range.first() > span.last()) break;
    out.push_back(range);
  }
  return out;
}

std::vector<PortRange> PortRanges::touched(const Steps& steps) const {
  std::map<fl_port_key, PortRange, PortOrder> found;  // the longest of those that begin there
  const auto add = [&](const PortRange& range) {
    const auto [at, is_new] = found.emplace(range.key, range);
    if (!is_new && at->second.target.count < range.target.count) at->second = range;
  };
  for (const auto& [added, range] : steps) {
    add(range);
    const PortRange begin = part_of(range, range.first(), range.first());
    fl_port_key place = with_port({.addr = {}, .port = 0, .proto = range.key.proto, .pad = 0}, 0);
    for (auto at = ranges_.lower_bound(place);
         at != ranges_.end() && at->first.proto == range.key.proto;
         at = ranges_.upper_bound(with_port(place, kPorts - 1))) {
      place = with_port(at->first, 0);
      PortRange there = begin;
      there.key.addr = place.addr;
      for (const PortRange& other : overlapping(there)) add(other);
    }
  }
  std::vector<PortRange> out;
  for (const auto& [key, range] : found) out.push_back(range);
  return out;
}

void PortRanges::cut(const PortRange& span, Entries& pieces) const {
  for (const PortRange& range : overlapping(span)) {
    const auto& begins = protocols_[index_of(range.key.proto)].begins;
    unsigned first = range.first();
    for (auto next = begins.upper_bound(first); next != begins.end() && next->first <= range.last();
         ++next) {
      const PortRange piece = part_of(range, first, next->first - 1);
      pieces[piece.key] = piece.target;
      first = next->first;
    }
    const PortRange piece = part_of(range, first, range.last());
    pieces[piece.key] = piece.target;
  }
}

fl_port_bits PortRanges::bits(unsigned port) const {
  fl_port_bits bits{};
  for (std::size_t i = 0; i < protocols_.size(); ++i) {
    const Protocol& protocol = protocols_[i];
    if (protocol.users.empty() || protocol.users[port] == 0) continue;
    bits.flags |= kFlags[i];
    bits.first[i] =
        htons(static_cast<std::uint16_t>(std::prev(protocol.begins.upper_bound(port))->first));
  }
  return bits;
}

}  // namespace fairlead::datapath
