// fairleadd's command line.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

namespace fairlead::daemon {

struct Arguments {
  std::string config;  // empty: the default file if it exists
  bool check_config = false;
};

inline constexpr const char* kDefaultConfig = "/etc/fairlead/fairlead.toml";

// nullopt: there is nothing left to do, and `exit_code` says with what to end (--help, --version,
// wrong arguments).
std::optional<Arguments> parse_arguments(int argc, const char* const* argv, std::ostream& out,
                                         std::ostream& err, int& exit_code);

}  // namespace fairlead::daemon
