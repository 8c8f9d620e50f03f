// The `fairlead` command.
#pragma once

#include <iosfwd>

namespace fairlead::cli {

// What scripts can rely on.
enum ExitCode : int {
  kOk = 0,
  kWarning = 1,  // `status`: the daemon answers and something is not well; other commands: failed
  kAway = 2,     // the daemon does not answer
  kUsage = 64,   // wrong arguments (sysexits.h EX_USAGE)
};

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace fairlead::cli
