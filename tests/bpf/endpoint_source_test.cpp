// tc_endpoint: who may send. Only a known device, only its own MAC and addresses, only IP.
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class EndpointSourceTest : public WorldTest {
 protected:
  EndpointSourceTest() : WorldTest("tc_endpoint") {}
};

class EndpointSourceFamilyTest : public FamilyTest {
 protected:
  EndpointSourceFamilyTest() : FamilyTest("tc_endpoint") {}
};
FAIRLEAD_BOTH_FAMILIES(EndpointSourceFamilyTest);

TEST_P(EndpointSourceFamilyTest, DeviceThatIsNoEndpointIsDropped) {
  program().erase("fl_endpoints", kA.ifindex());

  const Ran got = from(kA, packet(between(kA, kB), Ip{.src = a(), .dst = b()}, Udp{}));

  EXPECT_EQ(got, dropped(FL_DROP_NO_ENDPOINT));
  EXPECT_EQ(program().drops(0, FL_DROP_NO_ENDPOINT).packets, 1U);
}

TEST_P(EndpointSourceFamilyTest, AnotherMacIsDropped) {
  const Packet in =
      packet(Eth{.dst = kB.mac, .src = "02:42:0a:4d:01:12"}, Ip{.src = a(), .dst = b()}, Udp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_MAC));
  EXPECT_EQ(program().drops(kA.network, FL_DROP_SPOOFED_MAC).packets, 1U);
}

TEST_P(EndpointSourceFamilyTest, TheMacOfAnotherContainerIsDropped) {
  const Packet in = packet(between(kB, kA), Ip{.src = a(), .dst = b()}, Udp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_MAC));
}

TEST_P(EndpointSourceFamilyTest, AddressOfAnotherContainerIsDropped) {
  const Packet in = packet(between(kA, kB), Ip{.src = b(), .dst = a()}, Udp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE));
  EXPECT_EQ(program().drops(kA.network, FL_DROP_SPOOFED_SOURCE).packets, 1U);
}

TEST_P(EndpointSourceFamilyTest, AddressOfTheGatewayIsDropped) {
  const Packet in = packet(between(kA, kB), Ip{.src = of(kGateway1), .dst = b()}, Udp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE));
}

TEST_P(EndpointSourceFamilyTest, LoopbackSourceIsDropped) {
  const Packet in = packet(by_gateway(kA), Ip{.src = of(kLoopback), .dst = of(kHost)}, Udp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE));
}

TEST_P(EndpointSourceFamilyTest, UnspecifiedSourceIsDropped) {
  const Packet in = packet(by_gateway(kA), Ip{.src = of(kAny), .dst = b()}, Tcp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE));
}

TEST_P(EndpointSourceFamilyTest, FragmentsDoNotHideASpoofedSource) {
  const Packet whole = packet(between(kA, kB), Ip{.src = b(), .dst = a()}, Udp{}, payload(64));
  const auto [first, last] = fragments(whole, 32, 9);

  EXPECT_EQ(from(kA, first), dropped(FL_DROP_SPOOFED_SOURCE));
  EXPECT_EQ(from(kA, last), dropped(FL_DROP_SPOOFED_SOURCE));
}

// An endpoint without an address of the family has ::, which must not match a packet's.
TEST_P(EndpointSourceFamilyTest, FamilyThatTheEndpointDoesNotHaveIsDropped) {
  Endpoint bare = kA;
  (v4() ? bare.addr4 : bare.addr6) = "::";
  put_endpoint(bare, FL_NET_MASQUERADE);

  for (const Addr& src : {a(), of(kAny)}) {
    const Packet in = packet(between(kA, kB), Ip{.src = src, .dst = b()}, Tcp{});

    EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE)) << src;
  }
}

TEST_F(EndpointSourceTest, V4MappedSourceOnTheWireIsDropped) {
  Packet in = packet(between(kA, kB), Ipv6{.src = kA.addr6, .dst = kB.addr6}, Udp{});
  const Addr mapped = kA.addr4;
  std::copy(mapped.bytes.begin(), mapped.bytes.end(), in.bytes.begin() + 14 + 8);

  EXPECT_EQ(from(kA, in).action, kDrop);
}

TEST_F(EndpointSourceTest, V4MappedDestinationOnTheWireDoesNotReachIpv4Maps) {
  Packet in = packet(between(kA, kB), Ipv6{.src = kA.addr6, .dst = kB.addr6}, Udp{});
  const Addr mapped = kB.addr4;
  std::copy(mapped.bytes.begin(), mapped.bytes.end(), in.bytes.begin() + 14 + 24);

  EXPECT_EQ(from(kA, in).action, kDrop);
}

TEST_F(EndpointSourceTest, OwnLinkLocalSourcePasses) {
  const Packet in =
      packet(between(kA, kB), Ipv6{.src = kA.mac.link_local(), .dst = kB.mac.link_local()}, Udp{});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_LOCAL, in));
}

TEST_F(EndpointSourceTest, LinkLocalSourceOfAnotherIsDropped) {
  const Packet in =
      packet(between(kA, kB), Ipv6{.src = kB.mac.link_local(), .dst = kB.addr6}, Udp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE));
}

// RFC 4291 2.5.6: a router never forwards it.
TEST_F(EndpointSourceTest, LinkLocalSourceDoesNotLeaveTheNetwork) {
  const Packet in =
      packet(by_gateway(kA), Ipv6{.src = kA.mac.link_local(), .dst = kOutside.v6}, Udp{});

  EXPECT_FALSE(from(kA, in).reasons.contains(FL_FORWARD_MASQUERADE));
  EXPECT_EQ(program().keys<fl_flow>("fl_nat").size(), 0U);
}

TEST_F(EndpointSourceTest, FrameThatIsNotIpIsDropped) {
  for (const std::uint16_t type :
       std::initializer_list<std::uint16_t>{0x8100, 0x88a8, 0x88cc, 0x8847, 0x0004}) {
    const Packet in = packet(Eth{.dst = kB.mac, .src = kA.mac, .type = type}, payload(64));

    EXPECT_EQ(from(kA, in), dropped(FL_DROP_ETHERTYPE)) << std::hex << type;
  }
  EXPECT_EQ(program().drops(kA.network, FL_DROP_ETHERTYPE).packets, 1U);
}

TEST_F(EndpointSourceTest, VlanTagIsNoWayAroundTheSourceCheck) {
  const Packet in = packet(between(kA, kB), Vlan{}, Ipv4{.src = kB.addr4, .dst = kA.addr4}, Udp{});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_ETHERTYPE));
}

TEST_F(EndpointSourceTest, WrongIpVersionIsDropped) {
  Packet v4 = packet(between(kA, kB), Ipv4{.src = kA.addr4, .dst = kB.addr4}, Udp{});
  v4.bytes[14] = 0x65;
  Packet v6 = packet(between(kA, kB), Ipv6{.src = kA.addr6, .dst = kB.addr6}, Udp{});
  v6.bytes[14] = 0x45;

  EXPECT_EQ(from(kA, v4).action, kDrop);
  EXPECT_EQ(from(kA, v6).action, kDrop);
}

TEST_F(EndpointSourceTest, Ipv4HeaderLengthBelowTwentyIsDropped) {
  Packet in = packet(between(kA, kB), Ipv4{.src = kA.addr4, .dst = kB.addr4}, Udp{});
  in.bytes[14] = 0x44;

  EXPECT_EQ(from(kA, in).action, kDrop);
}

}  // namespace
}  // namespace fairlead::test
