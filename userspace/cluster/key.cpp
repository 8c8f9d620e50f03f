#include "cluster/key.h"

#include <algorithm>
#include <cstddef>

#include "base/quote.h"

namespace fairlead::cluster {

namespace {

struct Form {
  std::string_view folder;
  std::size_t parts;
  KeyKind kind;
};

constexpr Form kForms[] = {
    {"meta", 0, KeyKind::meta},        {"alive", 1, KeyKind::alive},  {"nodes", 1, KeyKind::node},
    {"networks", 1, KeyKind::network}, {"names", 1, KeyKind::name},   {"vni", 1, KeyKind::vni},
    {"members", 2, KeyKind::member},   {"pools", 1, KeyKind::pool},   {"users", 2, KeyKind::user},
    {"blocks", 2, KeyKind::block},     {"static", 2, KeyKind::fixed}, {"asks", 3, KeyKind::ask},
    {"eps", 3, KeyKind::endpoint},
};

constexpr char kDigits[] = "0123456789ABCDEF";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == ':';
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xf];
  }
  return out;
}

std::optional<std::string> unescape(std::string_view text) {
  const std::string_view digits = kDigits;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = digits.find(text[i + 1]);
    const auto low = digits.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (escape(out) != text) return std::nullopt;  // two keys must not mean the same
  return out;
}

Key split_key(std::string_view rest) {
  const auto folder = rest.substr(0, rest.find('/'));
  const auto* const form = std::ranges::find(kForms, folder, &Form::folder);
  if (form == std::end(kForms)) return {};

  Key key{.kind = form->kind, .parts = {}};
  for (std::size_t i = 0; i < form->parts; ++i) {
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
    auto part = unescape(rest.substr(0, rest.find('/')));
    if (!part || part->empty()) return {};
    key.parts[i] = std::move(*part);
  }
  if (rest.find('/') != std::string_view::npos) return {};
  return key;
}

Result<Prefix> parse_pool_id(std::string_view text) {
  std::string slashed(text);
  const auto dash = slashed.rfind('-');
  if (dash != std::string::npos) slashed[dash] = '/';
  auto prefix = Prefix::parse(slashed);
  if (prefix && *prefix == prefix->network() && pool_id(*prefix) == text) return prefix;
  return fail(Errc::invalid_argument, fairlead::quoted(text) +
                                          " is not the id of a pool or block: expected a form "
                                          "like 10.1.0.0-24");
}

}  // namespace fairlead::cluster
