// tc_host: every prefix of every kind of packet is harmless.
#include <gtest/gtest.h>

#include "truncation.h"

namespace fairlead::test {
namespace {

class HostTruncationTest : public WorldTest {
 protected:
  HostTruncationTest() : WorldTest("tc_host") {}
};

TEST_F(HostTruncationTest, EveryPrefixIsHarmless) {
  for (const Kind& kind : kinds_from_host()) {
    expect_prefixes_harmless(
        kind, /*may_leave_alone=*/false, [] {}, [&](const Packet& p) { return to_fl_host(p); });
  }
}

}  // namespace
}  // namespace fairlead::test
