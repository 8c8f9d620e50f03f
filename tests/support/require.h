// What a test does when the machine lacks something it needs.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

namespace fairlead::test {

// Continuous integration sets FAIRLEAD_REQUIRE_ALL=1, so that a feature missing there is seen.
inline bool require_all() {
  const char* value = std::getenv("FAIRLEAD_REQUIRE_ALL");
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace fairlead::test

// Leaves a test or SetUp() that cannot run here: a skip, or a failure under require_all().
#define FAIRLEAD_CANNOT_RUN(why)                                                \
  do {                                                                          \
    if (::fairlead::test::require_all()) FAIL() << (why) << " (required here)"; \
    GTEST_SKIP() << (why);                                                      \
  } while (false)
