#include "cluster/settings.h"

#include <algorithm>
#include <string_view>

#include "base/quote.h"

namespace fairlead::cluster {

namespace {

constexpr std::size_t kLongestName = 63;
// etcd grants nothing shorter: lessor.minLeaseTTL, one and a half election timeouts of 1 s.
constexpr std::chrono::seconds kShortestLease{2};
constexpr std::chrono::seconds kLongestLease{3600};

std::unexpected<Error> invalid(std::string_view setting, std::string_view why) {
  return fail(Errc::invalid_argument,
              "cluster setting " + std::string(setting) + " " + std::string(why));
}

// Names are parts of keys in etcd (records.h).
Status check_name(std::string_view setting, std::string_view name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, good)) return {};
  return invalid(setting, "is " + fairlead::quoted(name) + ": must be 1 to " +
                              std::to_string(kLongestName) + " of a-z A-Z 0-9 . _ -");
}

Status check_etcd(const Settings& settings) {
  if (settings.etcd.empty()) {
    return invalid("etcd", "is empty: name at least one endpoint, like https://192.0.2.1:2379");
  }
  const auto is_https = [](const std::string& url) { return url.starts_with("https://"); };
  for (const auto& url : settings.etcd) {
    const bool scheme = is_https(url) || url.starts_with("http://");
    const auto host = scheme ? url.substr(url.find("//") + 2) : std::string();
    if (!host.empty() && host.find_first_of("/?#@ ") == std::string::npos) continue;
    return invalid("etcd", "has " + fairlead::quoted(url) +
                               ": must be URLs like https://192.0.2.1:2379, without a path");
  }
  const auto secure = std::ranges::count_if(settings.etcd, is_https);
  if (secure != 0 && secure != std::ssize(settings.etcd)) {
    return invalid("etcd", "mixes http and https: use one of them for every endpoint");
  }
  return {};
}

Status check_credentials(const Settings& settings) {
  const bool secure = settings.etcd.front().starts_with("https://");
  for (const auto& [name, file] :
       {std::pair("ca", &settings.ca), {"cert", &settings.cert}, {"key", &settings.key}}) {
    if (secure || file->empty()) continue;
    return invalid(name, "is of no use with http: write https:// in etcd, or leave it out");
  }
  if (settings.cert.empty() != settings.key.empty()) {
    return invalid(settings.cert.empty() ? "cert" : "key",
                   "is missing: a client certificate needs both cert and key");
  }
  if (settings.user.empty() != settings.password.empty()) {
    return invalid(settings.user.empty() ? "user" : "password",
                   "is missing: etcd's authentication needs both user and password");
  }
  return {};
}

Status check_underlay(const std::vector<Address>& underlay) {
  for (auto address = underlay.begin(); address != underlay.end(); ++address) {
    const std::string text = address->to_string();
    if (address->is_any() || address->is_loopback() || address->is_link_local() ||
        address->is_multicast()) {
      return invalid("underlay",
                     "has " + text + ": must be an address that the other hosts can send to");
    }
    const auto same_family = [&](const Address& other) {
      return other.family() == address->family();
    };
    const auto other = std::find_if(underlay.begin(), address, same_family);
    if (other == address) continue;
    return invalid("underlay", "has both " + other->to_string() + " and " + text +
                                   ": name one address a family at most");
  }
  return {};
}

}  // namespace

Status check(const Settings& settings) {
  if (auto fine = check_name("name", settings.name); !fine) return fine;
  if (auto fine = check_name("node", settings.node); !fine) return fine;
  if (auto fine = check_etcd(settings); !fine) return fine;
  if (auto fine = check_credentials(settings); !fine) return fine;
  if (settings.port == 0)
    return invalid("port", "is 0: must be a UDP port, the same on every host");
  if (settings.lease < kShortestLease || settings.lease > kLongestLease) {
    return invalid("lease", "is " + std::to_string(settings.lease.count()) + " s: must be from " +
                                std::to_string(kShortestLease.count()) + " to " +
                                std::to_string(kLongestLease.count()));
  }
  return check_underlay(settings.underlay);
}

}  // namespace fairlead::cluster
