// tc_endpoint: every prefix of every kind of packet is harmless.
#include <gtest/gtest.h>

#include "truncation.h"

namespace fairlead::test {
namespace {

class EndpointTruncationTest : public WorldTest {
 protected:
  EndpointTruncationTest() : WorldTest("tc_endpoint") {}
  void publish_both() {
    for (const Family family : {Family::v4, Family::v6}) {
      publish(kAny(family), 8080, IPPROTO_TCP, kC, 80, family);
      publish(kAny(family), 8080, IPPROTO_UDP, kC, 80, family);
    }
  }
  // One free port, so that a new flow always gets the same.
  void SetUp() override {
    WorldTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    fl_config one_port = config();
    one_port.nat_port_last = one_port.nat_port_first;
    reload(one_port);
    publish_both();
  }
  Ran run(const Packet& p) { return from(kA, p); }
};

TEST_F(EndpointTruncationTest, EveryPrefixOfAFirstPacketIsHarmless) {
  for (const Kind& kind : kinds_from_a()) {
    expect_prefixes_harmless(
        kind, /*may_leave_alone=*/false,
        [&] {
          program().clear<fl_flow>("fl_nat");
          program().clear<fl_frag_key>("fl_frags");
        },
        [&](const Packet& p) { return run(p); });
  }
}

TEST_F(EndpointTruncationTest, EveryPrefixOfALaterPacketIsHarmless) {
  for (const Kind& kind : kinds_from_a()) {
    program().clear<fl_flow>("fl_nat");
    run(kind.packet);
    expect_prefixes_harmless(
        kind, false, [] {}, [&](const Packet& p) { return run(p); });
  }
}

TEST_F(EndpointTruncationTest, CutHeadersAreCountedAsSuch) {
  const Packet v4 = packet(by_gateway(kA), Ipv4{.src = kA.addr4, .dst = kOutside.v4}, Tcp{});
  const Packet v6 = packet(by_gateway(kA), Ipv6{.src = kA.addr6, .dst = kOutside.v6}, Tcp{});

  for (const std::size_t n : {34U, 53U}) {
    EXPECT_EQ(run(v4.first(n)), dropped(FL_DROP_TRUNCATED)) << n;
  }
  for (const std::size_t n : {54U, 73U}) {
    EXPECT_EQ(run(v6.first(n)), dropped(FL_DROP_TRUNCATED)) << n;
  }
}

TEST_F(EndpointTruncationTest, PacketShorterThanItSaysIsDropped) {
  const Bytes body = payload(20);
  const Packet v4 = packet(by_gateway(kA), Ipv4{.src = kA.addr4, .dst = kB.addr4}, Udp{}, body);
  const Packet v6 = packet(by_gateway(kA), Ipv6{.src = kA.addr6, .dst = kB.addr6}, Udp{}, body);

  EXPECT_EQ(run(v4.first(v4.size() - 1)), dropped(FL_DROP_TRUNCATED));
  EXPECT_EQ(run(v6.first(v6.size() - 1)), dropped(FL_DROP_TRUNCATED));
}

// Ethernet's padding is no header, whatever it looks like.
TEST_F(EndpointTruncationTest, PaddingIsNotReadAsAHeader) {
  const Ipv4 v4{.src = kA.addr4, .dst = kOutside.v4, .total_length = std::uint16_t{24}};
  const Ipv6 v6{.src = kA.addr6, .dst = kOutside.v6, .payload_length = std::uint16_t{4}};

  EXPECT_EQ(run(packet(by_gateway(kA), v4, Udp{})), dropped(FL_DROP_TRUNCATED));
  EXPECT_EQ(run(packet(by_gateway(kA), v6, Udp{})), dropped(FL_DROP_TRUNCATED));
}

TEST_F(EndpointTruncationTest, CutIpHeadersAreCountedAsSuch) {
  expect_cut_ip_headers(program(), "ep_a", BpfProgram::Hook::ingress, by_gateway(kA),
                        FL_DROP_TRUNCATED);
}

}  // namespace
}  // namespace fairlead::test
