#include "datapath/source_lists.h"

#include <algorithm>

#include "datapath/abi.h"
#include "datapath/failures.h"

namespace fairlead::datapath {

namespace {

constexpr __u32 kListBits = 32;  // of a key's prefix, before those of the address

__u32 says(bool allow) { return allow ? FL_SOURCE_ALLOW : FL_SOURCE_DENY; }

}  // namespace

// IPv4 is a part of the 16-byte form, and "::/0" and the like would hold it: so it gets an entry of
// its own then.
SourceLists::Sources SourceLists::sources_of(const SourceRules& rules) {
  const Prefix every_v4(Address::any(Family::v4), 0);
  std::map<std::pair<__u32, std::array<__u8, 16>>, __u32> found;
  const auto put = [&](__u32 prefix, const Address& address, bool allow) {
    found[{kListBits + prefix, address.bytes()}] = says(allow);
  };
  put(0, Address(), rules.otherwise);
  for (const auto& rule : rules.rules) {
    if (rule.prefix.family() == Family::v6 && rule.prefix.length() < every_v4.mapped_length())
      put(every_v4.mapped_length(), every_v4.address(), rules.otherwise);
  }
  for (const auto& rule : rules.rules)
    put(rule.prefix.mapped_length(), rule.prefix.first(), rule.allow);

  Sources sources;
  for (const auto& [at, what] : found)
    sources.push_back({.prefix = at.first, .address = at.second, .says = what});
  return sources;
}

fl_source_key SourceLists::key_of(__u32 list, const Source& source) {
  fl_source_key key{.prefix = source.prefix, .list = list, .addr = {}};
  std::memcpy(key.addr.b, source.address.data(), sizeof(key.addr.b));
  return key;
}

Result<SourceLists> SourceLists::load(const Map<fl_source_key, __u32>& map) {
  SourceLists lists(map);
  auto read = map.for_each([&](const fl_source_key& key, __u32 value) {
    Source source{.prefix = key.prefix, .says = value};
    std::memcpy(source.address.data(), key.addr.b, sizeof(key.addr.b));
    lists.lists_[key.list].push_back(source);
  });
  if (!read) return std::unexpected(std::move(read).error());
  for (auto& [list, sources] : lists.lists_) {
    std::ranges::sort(sources);
    lists.numbers_.emplace(sources, list);
    lists.last_ = list;
  }
  return lists;
}

__u32 SourceLists::unused_number() {
  do {
    ++last_;
  } while (last_ == 0 || lists_.contains(last_));
  return last_;
}

Status SourceLists::put(__u32 list, const Sources& sources) const {
  std::vector<fl_source_key> keys;
  std::vector<__u32> values;
  for (const Source& source : sources) {
    keys.push_back(key_of(list, source));
    values.push_back(source.says);
  }
  return map_->put_many(keys, values);
}

Status SourceLists::erase(__u32 list, const Sources& sources) const {
  Failures failures;
  for (const Source& source : sources) failures.add(map_->erase(key_of(list, source)));
  return failures.result();
}

Result<__u32> SourceLists::list_of(const SourceRules& rules) {
  if (rules.rules.empty() && rules.otherwise) return 0;
  Sources sources = sources_of(rules);
  if (const auto known = numbers_.find(sources); known != numbers_.end()) return known->second;

  const __u32 list = unused_number();
  if (auto done = put(list, sources); !done) {
    static_cast<void>(erase(list, sources));
    if (done.error().code() != Errc::exhausted) return std::unexpected(std::move(done).error());
    return fail(Errc::exhausted, "no room for " + std::to_string(sources.size()) +
                                     " more sources that may reach published ports: map " +
                                     map_->raw().name() + " holds " +
                                     std::to_string(map_->raw().capacity()) +
                                     "; use shorter lists, or the same one for more ports");
  }
  lists_[list] = sources;
  numbers_[std::move(sources)] = list;
  return list;
}

Status SourceLists::drop_unused(const std::function<bool(__u32 list)>& used) {
  Failures failures;
  for (auto next = lists_.begin(); next != lists_.end();) {
    const auto list = next++;
    if (used(list->first)) continue;
    failures.add(erase(list->first, list->second));
    // A crash may have left half a list, or two that are the same.
    if (const auto same = numbers_.find(list->second);
        same != numbers_.end() && same->second == list->first)
      numbers_.erase(same);
    lists_.erase(list);
  }
  return failures.result();
}

}  // namespace fairlead::datapath
