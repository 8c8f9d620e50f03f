#include "daemon/config_values.h"

#include <algorithm>
#include <charconv>

#include "base/quote.h"
#include "model/sources.h"

namespace fairlead::daemon {

Result<std::int64_t> number(const toml::node& node, std::int64_t least, std::int64_t most) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < least || *value > most)
    return invalid("must be a whole number from " + std::to_string(least) + " to " +
                   std::to_string(most));
  return *value;
}

Status read(const toml::node& node, std::string& field) {
  const auto value = node.value_exact<std::string>();
  if (!value) return invalid("must be a string");
  field = *value;
  return {};
}

Status read(const toml::node& node, bool& field) {
  const auto value = node.value_exact<bool>();
  if (!value) return invalid("must be true or false");
  field = *value;
  return {};
}

Status read(const toml::node& node, std::chrono::seconds& field, std::int64_t least) {
  constexpr std::int64_t kDay = 86400;
  const auto seconds = number(node, least, kDay);
  if (!seconds) return std::unexpected(seconds.error());
  field = std::chrono::seconds(*seconds);
  return {};
}

Status read(const toml::node& node, std::vector<std::string>& field) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return invalid("must be an array of strings");
  field.clear();
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return invalid("must be an array of strings");
    field.push_back(*text);
  }
  return {};
}

Status read(const toml::node& node, std::vector<Prefix>& field, Family family) {
  std::vector<std::string> texts;
  if (auto done = read(node, texts); !done) return done;
  field.clear();
  for (const std::string& text : texts) {
    auto prefix = Prefix::parse(text);
    if (!prefix) return std::unexpected(std::move(prefix).error());
    if (prefix->family() != family)
      return invalid(fairlead::quoted(text) + " is not IPv" + (family == Family::v4 ? "4" : "6"));
    if (*prefix != prefix->network())
      return invalid(fairlead::quoted(text) + " has host bits: write " +
                     prefix->network().to_string());
    field.push_back(*prefix);
  }
  return {};
}

Status read(const toml::node& node, std::vector<Address>& field) {
  std::vector<std::string> texts;
  if (auto done = read(node, texts); !done) return done;
  field.clear();
  for (const std::string& text : texts) {
    auto address = Address::parse(text);
    if (!address) return std::unexpected(std::move(address).error());
    field.push_back(*address);
  }
  return {};
}

Status read_sources(const toml::node& node, std::optional<std::vector<Prefix>>& field) {
  std::vector<std::string> texts;
  if (auto done = read(node, texts); !done) return done;
  field.emplace();
  for (const std::string& text : texts) {
    auto source = parse_source(text);
    if (!source) return std::unexpected(std::move(source).error());
    field->push_back(*source);
  }
  return {};
}

Status read_path(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done) return done;
  if (!field.starts_with('/')) return invalid("must be an absolute path");
  return {};
}

Status read_path_or_nothing(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done || field.empty()) return done;
  return read_path(node, field);
}

Status read_word(const toml::node& node, std::string& field,
                 std::initializer_list<std::string_view> words, bool or_path) {
  if (auto done = read(node, field); !done) return done;
  if (std::ranges::find(words, field) != words.end() || (or_path && field.starts_with('/')))
    return {};
  std::string known;
  for (const std::string_view word : words)
    known += (known.empty() ? "\"" : " or \"") + std::string(word) + "\"";
  return invalid("must be " + known + (or_path ? " or an absolute path" : ""));
}

Status read_device(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done) return done;
  if (field.empty() || field.size() > 15 || field.find_first_of("/ \t\n") != std::string::npos)
    return invalid("must be a device name of 1 to 15 characters");
  return {};
}

Status read_ports(const toml::node& node, std::uint16_t& first, std::uint16_t& last) {
  std::string text;
  if (auto done = read(node, text); !done) return done;
  const char* end = text.data() + text.size();
  const auto from = std::from_chars(text.data(), end, first);
  const bool dash = from.ec == std::errc() && from.ptr != end && *from.ptr == '-';
  const auto to = dash ? std::from_chars(from.ptr + 1, end, last) : from;
  if (!dash || to.ec != std::errc() || to.ptr != end || first < 1024 || last < first)
    return invalid("must be a range of ports above 1023, like \"61000-65535\"");
  return {};
}

}  // namespace fairlead::daemon
