// Values of the configuration file, one type a function. Errors: invalid_argument, to be read after
// the key's name: "must be a string".
#pragma once

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/address.h"

namespace fairlead::daemon {

inline std::unexpected<Error> invalid(std::string message) {
  return fail(Errc::invalid_argument, std::move(message));
}

Result<std::int64_t> number(const toml::node& node, std::int64_t least, std::int64_t most);

// A whole number, from `least` to whatever the field can hold.
template <typename T>
Status read_number(const toml::node& node, T& field, std::int64_t least,
                   std::int64_t most = std::numeric_limits<T>::max()) {
  const auto value = number(node, least, most);
  if (!value) return std::unexpected(value.error());
  field = static_cast<T>(*value);
  return {};
}

Status read(const toml::node& node, std::string& field);
Status read(const toml::node& node, bool& field);
// Seconds, from `least` to a day.
Status read(const toml::node& node, std::chrono::seconds& field, std::int64_t least);
Status read(const toml::node& node, std::vector<std::string>& field);
// Prefixes without host bits.
Status read(const toml::node& node, std::vector<Prefix>& field, Family family);
Status read(const toml::node& node, std::vector<Address>& field);

// Prefixes and addresses of both families.
Status read_sources(const toml::node& node, std::optional<std::vector<Prefix>>& field);

Status read_path(const toml::node& node, std::string& field);
Status read_path_or_nothing(const toml::node& node, std::string& field);
// One of `words`, or, with `or_path`, an absolute path.
Status read_word(const toml::node& node, std::string& field,
                 std::initializer_list<std::string_view> words, bool or_path = false);
Status read_device(const toml::node& node, std::string& field);
// "61000-65535"; above 1023.
Status read_ports(const toml::node& node, std::uint16_t& first, std::uint16_t& last);

}  // namespace fairlead::daemon
