// Removing everything that fairlead left in the kernel and on disk. Needs no daemon.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

namespace fairlead::cli {

struct TeardownRequest {
  std::string api_socket;
  std::string plugin_socket;
  std::string pin_dir;
  std::string state_dir;
  std::string host_device;  // name of the host device
  bool dry_run = false;     // only say what would go
};

// Programs, pins, devices (in this network namespace), the state file and both sockets' files.
// Goes on past failures and reports them together. `say` gets a line for each thing removed.
// Errors: conflict (a daemon answers: it would make everything again).
Status teardown(const TeardownRequest& want, const std::function<void(const std::string&)>& say);

}  // namespace fairlead::cli
