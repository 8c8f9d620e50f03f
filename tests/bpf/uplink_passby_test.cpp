// tc_uplink: everything that is not for a container passes by untouched. The program shares the
// host's own interface, so here silence is the feature.
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class UplinkPassbyTest : public FamilyTest {
 protected:
  UplinkPassbyTest() : FamilyTest("tc_uplink") {}
  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    publish(of(kAny), 8080, IPPROTO_TCP, kA, 80, GetParam());
    publish(of(kAny), 8080, IPPROTO_UDP, kA, 80, GetParam());
  }
  Ip in() const { return {.src = of(kOutside), .dst = of(kHost)}; }
  void expect_left_alone(const Packet& p) { EXPECT_EQ(from_uplink(p), left_alone(p)); }
};
FAIRLEAD_BOTH_FAMILIES(UplinkPassbyTest);

TEST_P(UplinkPassbyTest, HostPortsOfEveryTransport) {
  expect_left_alone(packet(from_router(), in(), Tcp{.dport = 22}));
  expect_left_alone(packet(from_router(), in(), Udp{.dport = 53}, payload(30)));
  expect_left_alone(packet(from_router(), in(), Sctp{.dport = 8080}));
  expect_left_alone(packet(from_router(), in(), Echo{}));
  expect_left_alone(packet(from_router(), in(), Echo{.reply = true}));
  expect_left_alone(packet(from_router(), in(), payload(30)));
}

TEST_P(UplinkPassbyTest, MasqueradePortWithoutAFlow) {
  expect_left_alone(packet(from_router(), in(), Udp{.dport = kNatFirst}));
  expect_left_alone(packet(from_router(), in(), Echo{.id = kNatFirst, .reply = true}));
}

TEST_P(UplinkPassbyTest, LastHopToTheHost) {
  expect_left_alone(
      packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost), .ttl = 1}, Tcp{.dport = 22}));
}

TEST_P(UplinkPassbyTest, LaterFragmentOfAnUnknownDatagram) {
  const auto [first, last] =
      fragments(packet(from_router(), in(), Udp{.dport = 8080}, payload(64)), 32, 7);

  expect_left_alone(last);
}

TEST_P(UplinkPassbyTest, TaggedFrame) {
  expect_left_alone(packet(from_router(), Vlan{}, in(), Tcp{.dport = 8080}));
}

TEST_P(UplinkPassbyTest, Multicast) {
  const Addr group = v4() ? "224.0.0.251" : "ff02::fb";
  expect_left_alone(packet(Eth{.dst = "01:00:5e:00:00:fb", .src = kRouterMac},
                           Ip{.src = of(kOutside), .dst = group, .ttl = 1}, Udp{.dport = 8080}));
}

TEST_P(UplinkPassbyTest, IcmpErrors) {
  const std::uint8_t unreachable = v4() ? 3 : 1;
  expect_left_alone(packet(from_router(), in(), Icmp{.type = unreachable}, payload(48)));
}

class UplinkPassbyFramesTest : public WorldTest {
 protected:
  UplinkPassbyFramesTest() : WorldTest("tc_uplink") {}
  void expect_left_alone(const Packet& p) { EXPECT_EQ(from_uplink(p), left_alone(p)); }
};

TEST_F(UplinkPassbyFramesTest, FramesThatAreNotIp) {
  expect_left_alone(packet(from_router(), Arp{.target = kHost.v4}));
  expect_left_alone(packet(Eth{.type = std::uint16_t{0x88cc}}, payload(60)));
  expect_left_alone(packet(Eth{.type = std::uint16_t{0x88a8}}, payload(60)));
}

TEST_F(UplinkPassbyFramesTest, NeighbourDiscovery) {
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{133, 134, 135, 136, 137}) {
    expect_left_alone(packet(from_router(), Ipv6{.src = "fe80::1", .dst = "ff02::1", .ttl = 255},
                             Icmp{.type = type}, payload(24)));
  }
}

TEST_F(UplinkPassbyFramesTest, BrokenIpHeaders) {
  Packet version = packet(from_router(), Ipv4{.src = kOutside.v4, .dst = kHost.v4}, Udp{});
  version.bytes[14] = 0x55;
  Packet length = packet(from_router(), Ipv4{.src = kOutside.v4, .dst = kHost.v4}, Udp{});
  length.bytes[14] = 0x41;

  expect_left_alone(version);
  expect_left_alone(length);
}

}  // namespace
}  // namespace fairlead::test
