// A test's own network namespace.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/support/require.h"

namespace fairlead::test {

// Every test starts in a fresh, empty network namespace; the kernel removes the one of the test
// before, with all that is in it, crash or not.
class OwnNamespace : public ::testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNET) != 0)
      FAIRLEAD_CANNOT_RUN(std::string("cannot make a network namespace: ") + std::strerror(errno));
  }

  // Runs `command` in the shell; for what tests look at through another program's eyes.
  static int run(const std::string& command) { return std::system(command.c_str()); }
};

}  // namespace fairlead::test
