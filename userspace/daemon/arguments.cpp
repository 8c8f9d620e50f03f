#include "daemon/arguments.h"

#include <CLI/CLI.hpp>
#include <ostream>

namespace fairlead::daemon {

std::optional<Arguments> parse_arguments(int argc, const char* const* argv, std::ostream& out,
                                         std::ostream& err, int& exit_code) {
  constexpr int kUsage = 64;  // sysexits.h EX_USAGE
  Arguments arguments;
  CLI::App app("Container networks on eBPF: the daemon", "fairleadd");
  app.add_option(
      "--config", arguments.config,
      std::string("Configuration file (default: ") + kDefaultConfig + ", if there is one)");
  app.add_flag("--check-config", arguments.check_config,
               "Read the configuration, say what is wrong, end");
  app.set_version_flag("--version", "fairleadd " FAIRLEAD_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error, out, err) == 0 ? 0 : kUsage;
    return std::nullopt;
  }
  return arguments;
}

}  // namespace fairlead::daemon
