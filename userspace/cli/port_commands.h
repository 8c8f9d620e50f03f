// `fairlead ports [allow | deny | reset]`
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace fairlead::cli {

struct PortOptions {
  std::string ports;
  std::vector<std::string> sources;
};

// Adds the verbs below `ports`, which shows the ports if there is none. `options` and `output` must
// outlive it.
void add_port_verbs(CLI::App& ports, PortOptions& options, std::string& output);

// Does what was parsed into `options`; `verb` is the subcommand's name. Returns an ExitCode.
int run_ports(const std::string& verb, const PortOptions& options, const std::string& socket,
              const std::string& output, std::ostream& out, std::ostream& err);

}  // namespace fairlead::cli
