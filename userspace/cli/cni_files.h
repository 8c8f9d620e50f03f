// The files that make container runtimes use fairlead: configuration lists, and the plugin itself.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/codec_cni.h"

namespace fairlead::cli {

struct CniFolders {
  std::string configurations = "/etc/cni/net.d";
  std::string binaries;  // empty: where the distribution has plugins, and a link in /opt/cni/bin
  std::string binary;    // to be copied; empty: the one that was installed with this command
};

// Puts the plugin where runtimes find it, then writes the list; `first` so that its name comes
// before others, which makes it the default network of containerd and Kubernetes. Another list of
// ours with the name goes. Returns the files written. Errors: conflict (somebody else's list has
// the name, or its file is there), not_found (no plugin to copy), and those of the file system.
Result<std::vector<std::string>> install_cni(const CniFolders& folders, const ConflistWish& wish,
                                             bool first);

// Removes what install_cni() wrote for `name`, and the plugin if no list of ours is left in the
// folder. Returns the files removed. Errors: not_found, conflict (not written by install_cni()).
Result<std::vector<std::string>> uninstall_cni(const CniFolders& folders, const std::string& name);

CniView look_at_cni(const CniFolders& folders);

}  // namespace fairlead::cli
