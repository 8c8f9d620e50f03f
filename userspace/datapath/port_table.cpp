#include "datapath/port_table.h"

#include <netinet/in.h>

#include <algorithm>
#include <tuple>

namespace fairlead::datapath {

namespace {

bool is_whole(const PortRange& range) {
  const auto proto = range.key.proto;
  return (proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP) &&
         range.target.count > 0 && range.first() > 0 && range.last() <= 65535;
}

// The same, but for fewer ports.
bool is_shorter(const fl_port& after, const fl_port& before) {
  fl_port same_count = after;
  same_count.count = before.count;
  return after.count < before.count && same(same_count, before);
}

// Entries as the batch calls want them.
struct Batch {
  std::vector<fl_port_key> keys;
  std::vector<fl_port> values;

  void add(const fl_port_key& key, const fl_port& value) {
    keys.push_back(key);
    values.push_back(value);
  }
};

void remove_those_of(const PortRanges::Entries& those, const PortRanges::Entries& kept,
                     PortRanges::Entries& entries) {
  for (const auto& [key, value] : those) entries.erase(key);
  for (const auto& [key, value] : kept) entries[key] = value;
}

}  // namespace

// Ascending, so that a range loses to one that begins within it: the state that a crash leaves.
Result<PortTable> PortTable::load(const Maps& maps) {
  PortTable table(maps);
  auto read = maps.ports.for_each(
      [&](const fl_port_key& key, const fl_port& port) { table.entries_[key] = port; });
  if (!read) return std::unexpected(std::move(read).error());
  for (const auto& [key, target] : table.entries_) {
    PortRanges::Steps steps;
    if (is_whole({key, target})) table.ranges_.put({key, target}, steps);
  }
  auto slot0 = maps.port_bits.get(0);
  if (!slot0) return std::unexpected(std::move(slot0).error());
  table.routed_ = slot0->value_or(fl_port_bits{}).flags & FL_PORT_ROUTED;
  return table;
}

fl_port_bits PortTable::bits(__u32 port) const {
  fl_port_bits bits = ranges_.bits(port);
  if (port == 0 && routed_) bits.flags |= FL_PORT_ROUTED;
  return bits;
}

Status PortTable::write_bits(const std::vector<__u32>& ports) const {
  std::vector<fl_port_bits> values;
  values.reserve(ports.size());
  for (const auto port : ports) values.push_back(bits(port));
  return maps_->port_bits.put_many(ports, values);
}

PortTable::Change PortTable::change_of(const PortRanges::Steps& steps) const {
  Change change;
  std::vector<bool> numbers(65536);
  for (const PortRange& span : ranges_.touched(steps)) {
    ranges_.cut(span, change.after);
    const fl_port_key end = part_of(span, span.last(), span.last()).key;
    for (auto at = entries_.lower_bound(span.key), past = entries_.upper_bound(end); at != past;
         ++at)
      change.before.insert(*at);
    std::fill(numbers.begin() + span.first(), numbers.begin() + span.last() + 1, true);
  }
  for (__u32 number = 0; number < numbers.size(); ++number) {
    if (numbers[number]) change.numbers.push_back(number);
  }
  return change;
}

// A program reads the bits, then the entry that they name. So entries that the new bits name are
// there before them, and those that only the old bits name go after them.
Status PortTable::write(const Change& change) {
  Batch early, late;
  for (const auto& [key, value] : change.after) {
    const auto before = change.before.find(key);
    if (before != change.before.end() && same(before->second, value)) continue;
    const bool waits = before != change.before.end() && is_shorter(value, before->second);
    (waits ? late : early).add(key, value);
  }
  if (auto done = maps_->ports.put_many(early.keys, early.values); !done) return done;
  if (auto done = write_bits(change.numbers); !done) return done;
  if (auto done = maps_->ports.put_many(late.keys, late.values); !done) return done;
  for (const auto& [key, value] : change.before) {
    if (change.after.contains(key)) continue;
    if (auto gone = maps_->ports.erase(key); !gone) return gone;
  }
  return {};
}

// As well as it goes. Entries that were there have their place in a full map.
void PortTable::take_back(const Change& change) {
  Batch before;
  for (const auto& [key, value] : change.before) before.add(key, value);
  static_cast<void>(maps_->ports.put_many(before.keys, before.values));
  static_cast<void>(write_bits(change.numbers));
  for (const auto& [key, value] : change.after) {
    if (!change.before.contains(key)) static_cast<void>(maps_->ports.erase(key));
  }
}

Result<bool> PortTable::write(const PortRanges::Steps& steps) {
  if (steps.empty()) return false;
  const Change change = change_of(steps);
  if (auto done = write(change); !done) {
    ranges_.undo(steps);
    take_back(change);
    return std::unexpected(std::move(done).error());
  }
  remove_those_of(change.before, change.after, entries_);
  return std::ranges::any_of(steps, [](const PortRanges::Step& step) { return !step.added; });
}

Result<bool> PortTable::replace(std::uint32_t ifindex, const std::vector<PortRange>& ranges) {
  PortRanges::Entries wanted;
  for (const PortRange& range : ranges) wanted[range.key] = range.target;
  const auto stays = [&](const PortRange& range) {
    const auto found = wanted.find(range.key);
    return found != wanted.end() && same(found->second, range.target);
  };
  PortRanges::Steps steps;
  for (const PortRange& old : ranges_.of_device(ifindex)) {
    ranges_.clear(
        old, [&](const PortRange& range) { return !stays(range); }, steps);
  }
  for (const auto& [key, target] : wanted) {
    const auto there = ranges_.all().find(key);
    if (there != ranges_.all().end() && same(there->second, target)) continue;
    ranges_.put({key, target}, steps);
  }
  return write(steps);
}

Result<bool> PortTable::erase(const std::vector<PortRange>& ranges) {
  PortRanges::Steps steps;
  for (const PortRange& range : ranges) {
    ranges_.clear(
        range, [&](const PortRange& found) { return same_way(found, range); }, steps);
  }
  return write(steps);
}

Result<bool> PortTable::erase_device(std::uint32_t ifindex) { return replace(ifindex, {}); }

Result<bool> PortTable::retain(const std::function<bool(const PortRange&)>& keep) {
  PortRanges::Steps steps;
  std::vector<PortRange> unwanted;
  for (const auto& [key, target] : ranges_.all()) {
    if (!keep({key, target})) unwanted.push_back({key, target});
  }
  for (const PortRange& range : unwanted) {
    ranges_.clear(
        range, [](const PortRange&) { return true; }, steps);
  }
  auto removed = write(steps);
  if (!removed) return removed;

  Change mend{.before = entries_};
  for (const auto& [key, target] : ranges_.all()) ranges_.cut({key, target}, mend.after);
  auto read = maps_->port_bits.for_each([&](__u32 port, const fl_port_bits& value) {
    if (!same(value, bits(port))) mend.numbers.push_back(port);
  });
  if (!read) return std::unexpected(std::move(read).error());
  if (auto done = write(mend); !done) return std::unexpected(std::move(done).error());
  entries_ = std::move(mend.after);
  return removed;
}

Result<std::optional<std::uint16_t>> PortTable::missing(std::uint32_t ifindex) const {
  for (const PortRange& range : ranges_.of_device(ifindex)) {
    auto entry = maps_->ports.get(range.key);
    if (!entry) return std::unexpected(std::move(entry).error());
    const auto ours = entries_.find(range.key);
    if (!*entry || ours == entries_.end() || !same(**entry, ours->second))
      return static_cast<std::uint16_t>(range.first());
  }
  return std::nullopt;
}

Status PortTable::set_routed(bool routed) {
  if (routed == routed_) return {};
  routed_ = routed;
  return write_bits({0});
}

}  // namespace fairlead::datapath
