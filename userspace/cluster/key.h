// A key of the layout (records.h), taken apart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cluster/records.h"

namespace fairlead::cluster {

enum class KeyKind : std::uint8_t {
  meta,
  alive,
  node,
  network,
  name,
  vni,
  member,
  pool,
  user,
  block,
  fixed,
  ask,
  endpoint,
  other,  // a guard, or what a newer version of fairlead keeps
};

struct Key {
  KeyKind kind = KeyKind::other;
  std::array<std::string, 3> parts;  // as they were before escape()
};

// `rest` is what stands behind Layout::root().
Key split_key(std::string_view rest);

// A part of a key: what is not of A-Z a-z 0-9 . _ : - becomes %XX, so that "/" ends a part and
// every text fits.
std::string escape(std::string_view text);
// nullopt: not what escape() makes.
std::optional<std::string> unescape(std::string_view text);

// "10.1.0.0-26", as pool_id() writes it. Errors: invalid_argument (also host bits).
Result<Prefix> parse_pool_id(std::string_view text);

// The record of a key and its value. Errors: invalid_argument; not_found for KeyKind::other.
Result<Record> read_record(const Key& key, std::string_view rest, const std::string& value);

}  // namespace fairlead::cluster
