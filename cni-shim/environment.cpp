#include "cni-shim/environment.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/quote.h"

namespace fairlead::cni {

namespace {

struct VerbRow {
  std::string_view name;
  Verb verb;
  bool container;  // CNI_CONTAINERID and CNI_IFNAME are required
  bool netns;      // and CNI_NETNS
};

constexpr std::array<VerbRow, 6> kVerbs{{{"ADD", Verb::add, true, true},
                                         {"DEL", Verb::del, true, false},
                                         {"CHECK", Verb::check, true, true},
                                         {"GC", Verb::gc, false, false},
                                         {"STATUS", Verb::status, false, false},
                                         {"VERSION", Verb::version, false, false}}};

constexpr std::size_t kLongestInterface = 15;  // IFNAMSIZ without its zero
constexpr std::array<std::string_view, 3> kTrace{"TRACEPARENT", "TRACESTATE", "BAGGAGE"};

// Locale must not decide what is a letter.
bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_yes(std::string_view text) { return text == "1" || text == "true" || text == "True"; }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string missing(const VerbRow& row, const Variables& variables) {
  std::string out;
  const auto want = [&](const char* name) {
    if (value_of(variables, name).empty()) out += (out.empty() ? "" : ", ") + std::string(name);
  };
  if (row.container) {
    want("CNI_CONTAINERID");
    want("CNI_IFNAME");
  }
  if (row.netns) want("CNI_NETNS");
  return out;
}

// "IgnoreUnknown=1;K8S_POD_NAME=web;MAC=02:...;IP=10.0.0.5", in any order.
Outcome<void> read_args(const std::string& text, Invocation& out) {
  bool ignore_unknown = false;
  std::string unknown;
  for (const std::string_view pair : split(text, ';')) {
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return refuse(Code::environment,
                    "CNI_ARGS has " + fairlead::quoted(pair) + ", which is not KEY=VALUE");
    const std::string key(pair.substr(0, equals));
    const std::string value(pair.substr(equals + 1));
    if (key == "IgnoreUnknown") {
      ignore_unknown = is_yes(value);
    } else if (key == "MAC") {
      out.mac = value;
    } else if (key == "IP") {
      for (const std::string_view each : split(value, ',')) out.addresses.emplace_back(each);
    } else if (key.starts_with("K8S_") || key.starts_with("NOMAD_")) {
      out.labels[key] = value;
    } else {
      unknown = key;
    }
  }
  if (unknown.empty() || ignore_unknown) return {};
  return refuse(Code::environment, "CNI_ARGS has the unknown key " + fairlead::quoted(unknown) +
                                       ": fairlead knows MAC, IP, K8S_..., NOMAD_...; with "
                                       "IgnoreUnknown=1 others are passed over");
}

Outcome<void> check_names(const VerbRow& row, const Invocation& have) {
  if (!row.container) return {};
  if (!is_identifier(have.container))
    return refuse(Code::environment, "CNI_CONTAINERID is " + fairlead::quoted(have.container) +
                                         ": it must begin with a letter or digit and have only "
                                         "these, '_', '.' and '-'");
  if (!is_interface_name(have.interface))
    return refuse(Code::environment, "CNI_IFNAME is " + fairlead::quoted(have.interface) +
                                         ": no link can have that name (15 bytes at most, no "
                                         "'/', ':' or blank)");
  return {};
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  });
}

bool is_interface_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestInterface && text != "." && text != ".." &&
         std::ranges::all_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte > ' ' && byte != 0x7f && c != '/' && c != ':';
         });
}

Outcome<Invocation> read_environment(const Variables& variables) {
  const std::string name = value_of(variables, "CNI_COMMAND");
  const auto* row = std::ranges::find(kVerbs, name, &VerbRow::name);
  if (row == kVerbs.end())
    return refuse(Code::environment, "CNI_COMMAND is " + fairlead::quoted(name) +
                                         ": it must be ADD, DEL, CHECK, GC, STATUS or VERSION");
  if (const std::string names = missing(*row, variables); !names.empty())
    return refuse(Code::environment, name + " needs environment variables that are not set", names);

  Invocation out{.verb = row->verb,
                 .container = value_of(variables, "CNI_CONTAINERID"),
                 .netns = value_of(variables, "CNI_NETNS"),
                 .interface = value_of(variables, "CNI_IFNAME"),
                 .own_netns_allowed = is_yes(value_of(variables, "CNI_NETNS_OVERRIDE"))};
  if (auto done = check_names(*row, out); !done) return pass(std::move(done));
  if (row->verb != Verb::add) return out;
  if (auto done = read_args(value_of(variables, "CNI_ARGS"), out); !done)
    return pass(std::move(done));
  for (const std::string_view each : kTrace) {
    const std::string key(each);
    if (std::string value = value_of(variables, key); !value.empty())
      out.labels[key] = std::move(value);
  }
  return out;
}

}  // namespace fairlead::cni
