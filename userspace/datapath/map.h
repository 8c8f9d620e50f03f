// Typed view of a kernel map.
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "datapath/raw_map.h"

namespace fairlead::datapath {

// open() compares the kernel's idea of key and value size with ours, so a struct that changed on
// one side only is an error at start-up instead of silent garbage later.
template <typename Key, typename Value>
class Map {
  static_assert(std::is_trivially_copyable_v<Key> && std::has_unique_object_representations_v<Key>,
                "map keys are hashed bytewise: no padding allowed");
  static_assert(std::is_trivially_copyable_v<Value>);

 public:
  Map() = default;  // of no map: fails every call

  static Result<Map> open(int fd, std::string name) {
    auto raw = RawMap::open(fd, std::move(name), sizeof(Key), sizeof(Value));
    if (!raw) return std::unexpected(std::move(raw).error());
    return Map(std::move(*raw));
  }

  Status put(const Key& key, const Value& value) const { return raw_.put(&key, &value, 0); }

  // Keys and values of one length.
  Status put_many(std::span<const Key> keys, std::span<const Value> values) const {
    return raw_.put_many(keys.data(), values.data(), std::min(keys.size(), values.size()));
  }

  // Absence is an answer, not an error.
  Result<std::optional<Value>> get(const Key& key) const {
    Value value{};
    auto found = raw_.get(&key, &value);
    if (!found) return std::unexpected(std::move(found).error());
    return *found ? std::optional<Value>(value) : std::nullopt;
  }

  // Idempotent: erasing what is already gone succeeds.
  Status erase(const Key& key) const { return raw_.erase(&key); }

  // `each(const Key&, const Value&)`; see RawMap::for_each.
  template <typename Each>
  Status for_each(Each each) const {
    return raw_.for_each([&](const std::byte* key_bytes, const std::byte* value_bytes) {
      Key key;
      Value value;
      std::memcpy(&key, key_bytes, sizeof(key));
      std::memcpy(&value, value_bytes, sizeof(value));
      each(std::as_const(key), std::as_const(value));
    });
  }

  // Erases every entry that `unwanted(key, value)` is true for; returns their keys.
  template <typename Unwanted>
  Result<std::vector<Key>> erase_if(Unwanted unwanted) const {
    std::vector<Key> keys;
    auto read = for_each([&](const Key& key, const Value& value) {
      if (unwanted(key, value)) keys.push_back(key);
    });
    if (!read) return std::unexpected(std::move(read).error());
    for (const auto& key : keys) {
      if (auto gone = erase(key); !gone) return std::unexpected(std::move(gone).error());
    }
    return keys;
  }

  const RawMap& raw() const { return raw_; }

 private:
  explicit Map(RawMap raw) : raw_(std::move(raw)) {}
  RawMap raw_;
};

}  // namespace fairlead::datapath
