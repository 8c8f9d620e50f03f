// Writing a map entry in a verb that changes nothing if it fails.
#pragma once

#include "base/undo.h"
#include "datapath/map.h"

namespace fairlead::datapath {

// Puts; `undo` gets the step that puts back what was there before, or removes the entry if there
// was none. `map` must outlive `undo`.
template <typename Key, typename Value>
Status put_or_undo(const Map<Key, Value>& map, const Key& key, const Value& value, Undo& undo) {
  auto before = map.get(key);
  if (!before) return std::unexpected(std::move(before).error());
  if (auto done = map.put(key, value); !done) return done;
  undo.add(
      [&map, key, was = *before] { static_cast<void>(was ? map.put(key, *was) : map.erase(key)); });
  return {};
}

}  // namespace fairlead::datapath
