#include "engine/network_options.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/quote.h"
#include "engine/gateway_mode.h"
#include "engine/option_names.h"
#include "model/publish_options.h"
#include "model/rate.h"

namespace fairlead::engine {

namespace {

// Room for the number that libnetwork appends, in the kernel's 15 characters (IFNAMSIZ).
constexpr std::size_t kLongestInterfacePrefix = 12;
constexpr std::uint32_t kLowestMtu = 68;  // RFC 791; the engine asks for 1280 with IPv6
constexpr std::uint32_t kHighestMtu = 65535;

// As Go's strconv.ParseBool, which Docker's own drivers use.
Result<bool> parse_bool(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == yes) return true;
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == no) return false;
  return fail(Errc::invalid_argument, fairlead::quoted(text) + " is neither true nor false");
}

Status set_bool(bool& field, const std::string& text) {
  auto value = parse_bool(text);
  if (!value) return std::unexpected(std::move(value).error());
  field = *value;
  return {};
}

Status set_mtu(NetworkRequest& request, const std::string& text) {
  std::uint32_t mtu = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, mtu);
  const bool valid = failed == std::errc() && rest == end;
  if (valid && mtu == 0) return {};  // Docker's own word for "the default"
  if (!valid || mtu < kLowestMtu || mtu > kHighestMtu)
    return fail(Errc::invalid_argument, fairlead::quoted(text) + " is not an MTU from " +
                                            std::to_string(kLowestMtu) + " to " +
                                            std::to_string(kHighestMtu));
  request.mtu = mtu;
  return {};
}

Status set_interface_prefix(NetworkRequest& request, const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
  if (text.empty() || text.size() > kLongestInterfacePrefix || !plain || text.front() == '.')
    return fail(Errc::invalid_argument,
                fairlead::quoted(text) + " is not the beginning of a device name: 1 to " +
                    std::to_string(kLongestInterfacePrefix) + " letters, digits, _ - or .");
  request.interface_prefix = text;
  return {};
}

Status set_host_binding(NetworkRequest& request, const std::string& text) {
  auto address = Address::parse(text);
  if (!address) return std::unexpected(std::move(address).error());
  if (address->family() != Family::v4)
    return fail(Errc::invalid_argument, fairlead::quoted(text) + " is not an IPv4 address");
  request.host_binding_v4 = *address;
  return {};
}

Status set_scope(NetworkRequest& request, const std::string& text) {
  auto scope = parse_scope(text);
  if (!scope) return std::unexpected(std::move(scope).error());
  request.scope = *scope;
  return {};
}

Status set_shared_name(NetworkRequest& request, const std::string& text) {
  if (text.empty())
    return fail(Errc::invalid_argument, "is empty: give the name of a network of the cluster");
  request.shared_name = text;
  return {};
}

// RFC 7348: 24 bits; 0 is no network's.
Status set_vni(NetworkRequest& request, const std::string& text) {
  constexpr std::uint32_t kHighestVni = 0xffffff;
  std::uint32_t vni = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, vni);
  if (failed != std::errc() || rest != end || vni == 0 || vni > kHighestVni)
    return fail(Errc::invalid_argument,
                fairlead::quoted(text) + " is not a VNI from 1 to " + std::to_string(kHighestVni));
  request.vni = vni;
  return {};
}

struct Option {
  const char* name;
  Status (*set)(NetworkRequest& request, const std::string& text);
};

constexpr Option kOptions[] = {
    {option::kMtu, set_mtu},
    {option::kInterfacePrefix, set_interface_prefix},
    {option::kIcc, [](auto& request, auto& text) { return set_bool(request.icc, text); }},
    {option::kMasquerade,
     [](auto& request, auto& text) { return set_bool(request.masquerade, text); }},
    {option::kHostBinding, set_host_binding},
    {option::kGatewayModeV4, [](auto&, auto& text) { return check_gateway_mode(text); }},
    {option::kGatewayModeV6, [](auto&, auto& text) { return check_gateway_mode(text); }},
    {option::kRouted, [](auto& request, auto& text) { return set_bool(request.routed, text); }},
    {option::kShortcut, [](auto& request, auto& text) { return set_bool(request.shortcut, text); }},
    {option::kScope, set_scope},
    {option::kNetwork, set_shared_name},
    {option::kVni, set_vni},
};

std::unexpected<Error> unknown_option(const std::string& name) {
  std::string known;
  for (const Option& option : kOptions) known += std::string(option.name) + ", ";
  known += std::string(kPublishOptions) + ", " + std::string(kRateOptions);
  return fail(Errc::invalid_argument,
              "unknown option " + fairlead::quoted(name) + ": fairlead takes " + known);
}

}  // namespace

Status apply_network_options(NetworkRequest& request,
                             const std::map<std::string, std::string>& options) {
  auto policy = publish_policy(options);
  if (!policy) return std::unexpected(std::move(policy).error());
  request.publish = std::move(*policy);
  auto rate = rate_options(options);
  if (!rate) return std::unexpected(std::move(rate).error());
  request.rate = *rate;
  for (const auto& [name, text] : options) {
    if (is_publish_option(name) || is_rate_option(name)) continue;
    const auto* known = std::ranges::find(
        kOptions, name, [](const Option& option) { return std::string_view(option.name); });
    if (known == std::end(kOptions)) {
      if (name.starts_with(option::kOwnPrefix)) return unknown_option(name);
      continue;
    }
    if (auto done = known->set(request, text); !done)
      return fail(std::move(done).error(), "option " + name);
  }
  request.options = options;  // the other hosts make the network with the same ones
  if (auto done = settle_routed(request); !done) return done;
  for (const char* own : {option::kScope, option::kNetwork}) request.options.erase(own);
  return check_together(request.scope, request.shared_name);
}

Result<Scope> parse_scope(const std::string& text) {
  if (text == "cluster") return Scope::cluster;
  if (text == "host") return Scope::host;
  return fail(
      Errc::invalid_argument,
      fairlead::quoted(text) + " is no scope: \"cluster\", shared by its hosts, or \"host\"");
}

Status check_together(Scope scope, const std::string& shared_name) {
  if (scope != Scope::host || shared_name.empty()) return {};
  return fail(Errc::invalid_argument,
              "fairlead.scope=host and fairlead.network exclude each other: leave one out");
}

}  // namespace fairlead::engine
