// `fairlead cluster ...`
#pragma once

#include <iosfwd>
#include <string>

#include "cli/codec_cluster.h"

namespace CLI {
class App;
}

namespace fairlead::cli {

struct ClusterOptions {
  JoinFlags join;
  std::string password_file;
  std::string host;  // to forget
  std::string file;  // to import
  bool force = false;
};

// Adds the command and what is below it. `options` and `output` must outlive `app`.
void add_cluster(CLI::App& app, ClusterOptions& options, std::string& output);

// Does what was parsed into `options`; `verb` is the subcommand's name. Returns an ExitCode.
int run_cluster(const std::string& verb, const ClusterOptions& options, const std::string& socket,
                const std::string& output, std::ostream& out, std::ostream& err);

}  // namespace fairlead::cli
