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

TEST_F(HostTruncationTest, CutIpHeadersAreCountedAsSuch) {
  // Not fl_host itself: the kernel sends multicast reports out of that at any time.
  expect_cut_ip_headers(program(), "ep_b", BpfProgram::Hook::egress,
                        Eth{.dst = kGatewayMac, .src = kGatewayMac}, FL_DROP_TRUNCATED);
}

}  // namespace
}  // namespace fairlead::test
