// tc_tunnel: what the kernel's vxlan device took out of a tunnel. A test run has no tunnel key, so
// frames come in by up0, go through the kernel's stack, and meet the program at the device.
#include <gtest/gtest.h>

#include "capture.h"
#include "own_netns.h"
#include "tunnel_kinds.h"
#include "wire.h"

namespace fairlead::test {
namespace {

class TunnelDeviceTest : public ArrivalTest {
 protected:
  TunnelDeviceTest() : ArrivalTest("tc_tunnel") {}
  Reasons by_kernel(const Packet& in) {
    return program().run_while("fl_vxlan", BpfProgram::Hook::ingress,
                               [&] { send_frame("up0_p", in); });
  }
};
FAIRLEAD_ALL_FAMILIES(TunnelDeviceTest);

TEST_P(TunnelDeviceTest, BelievedPacketsAreDelivered) {
  for (const Layer& l4 : {Layer(Udp{}), Layer(Tcp{}), Layer(Echo{})}) {
    EXPECT_EQ(by_kernel(arriving(inner_eth(), ip(), l4, payload(20))),
              Reasons{FL_FORWARD_REMOTE_IN});
  }
}

TEST_P(TunnelDeviceTest, OuterFragmentsArePutTogetherByTheKernel) {
  const Packet whole = arriving(inner_eth(), ip(), Udp{}, payload(200));
  const auto [first, last] = fragments(whole, 64, 9);

  EXPECT_EQ(program().run_while("fl_vxlan", BpfProgram::Hook::ingress,
                                [&, &head = first, &tail = last] {
                                  send_frame("up0_p", head);
                                  send_frame("up0_p", tail);
                                }),
            Reasons{FL_FORWARD_REMOTE_IN});
}

// Multicast and broadcast as well: nothing goes up the stack from here. What the kernel drops by
// itself is not counted: lengths that lie, and ARP for nobody.
TEST_P(TunnelDeviceTest, WhatIsNotToBeBelievedIsDroppedByName) {
  for (const Refusal& refusal : refusals()) {
    SCOPED_TRACE(refusal.name);
    EXPECT_EQ(by_kernel(refusal.packet), Reasons{refusal.reason});
    EXPECT_EQ(program().drops(refusal.network, refusal.reason).packets, 1U);
  }
}

TEST_P(TunnelDeviceTest, NeitherSenderNorNetworkKnownIsDroppedHere) {
  EXPECT_EQ(by_kernel(arriving_by({.from = kNoVtep, .vni = kUnknownVni}, inner_eth(), ip(), Udp{})),
            Reasons{FL_DROP_VTEP});
}

TEST_P(TunnelDeviceTest, WithoutIccNothingComesIn) {
  set_flags(1, FL_NET_NO_ICC);

  EXPECT_EQ(by_kernel(arriving(inner_eth(), ip(), Udp{})), Reasons{FL_DROP_ICC});
}

// Whoever sends on the device itself, or a test run.
TEST_P(TunnelDeviceTest, WithoutATunnelKeyItIsDropped) {
  EXPECT_EQ(program().run(packet(inner_eth(), ip(), Udp{}), {.ifindex = ifindex_of("fl_vxlan")}),
            dropped(FL_DROP_VTEP));
}

}  // namespace
}  // namespace fairlead::test
