// `fairlead cni install | uninstall | show`
#pragma once

#include <iosfwd>
#include <string>

#include "cli/cni_files.h"
#include "cli/codec_cni.h"

namespace CLI {
class App;
}

namespace fairlead::cli {

struct CniOptions {
  CniFolders folders;
  ConflistWish wish;
  bool first = false;
};

// Adds the command and what is below it. `options` and `output` must outlive `app`.
void add_cni(CLI::App& app, CniOptions& options, std::string& output);

// Does what was parsed into `options`; `verb` is the subcommand's name. Returns an ExitCode.
int run_cni(const std::string& verb, const CniOptions& options, const std::string& socket,
            const std::string& output, std::ostream& out, std::ostream& err);

}  // namespace fairlead::cli
