// How this host is in its cluster: from fairlead.toml, or from `fairlead cluster init | join`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/address.h"

namespace fairlead::cluster {

struct Settings {
  std::string name = "default";   // of the cluster: several can share one etcd
  std::string node;               // this host's; unique in the cluster
  std::vector<std::string> etcd;  // URLs, all http or all https
  std::string ca;                 // PEM files, with https
  std::string cert;
  std::string key;
  std::string user;
  std::string password;
  std::uint16_t port = 4795;       // UDP, of the tunnels; the same on every host
  std::vector<Address> underlay;   // own tunnel addresses, one a family at most; empty: found
  bool mirror = true;              // make the cluster's networks in this host's Docker engine
  std::chrono::seconds lease{60};  // until the others call a silent host dead

  bool operator==(const Settings&) const = default;
};

// Errors: invalid_argument, naming the setting. Files are not opened.
Status check(const Settings& settings);

// JSON, for the daemon's own memory and its API; absent fields keep their defaults, unknown ones
// are not looked at: a newer fairlead may have written them. `lease` is in seconds. format() has
// the password. Errors: invalid_argument, naming the field; what check() refuses is not looked for.
std::string format(const Settings& settings);
Result<Settings> parse_settings(std::string_view json);

}  // namespace fairlead::cluster
