// tc_host: packets that the host's own stack sends to containers.
#include <gtest/gtest.h>

#include "capture.h"
#include "own_netns.h"
#include "world.h"

namespace fairlead::test {
namespace {

// The stack writes fl_host's own MAC as source; as destination whatever NOARP gives.
const Eth kByStack{.dst = kGatewayMac, .src = kGatewayMac};

class HostTest : public FamilyTest {
 protected:
  HostTest() : FamilyTest("tc_host") {}
  Ip to(const Addr& dst) const { return {.src = of(kGateway1), .dst = dst}; }
};
FAIRLEAD_BOTH_FAMILIES(HostTest);

TEST_P(HostTest, ContainerIsReached) {
  for (const Layer& l4 : {Layer(Tcp{}), Layer(Udp{}), Layer(Echo{}), Layer(Sctp{})}) {
    EXPECT_EQ(to_fl_host(build({kByStack, to(b()), l4, payload(9)})),
              redirected(FL_FORWARD_HOST_OUT, build({gateway_to(kB), to(b()), l4, payload(9)})));
  }
}

TEST_P(HostTest, ContainersOfEveryNetworkAreReachedFromAnyHostAddress) {
  const Ip ip{.src = of(kHost), .dst = c()};

  EXPECT_EQ(to_fl_host(packet(kByStack, ip, Tcp{})),
            redirected(FL_FORWARD_HOST_OUT, packet(gateway_to(kC), ip, Tcp{})));
}

TEST_P(HostTest, FragmentsReachTheContainer) {
  const auto in = fragments(packet(kByStack, to(b()), Udp{}, payload(64)), 32, 7);
  const auto out = fragments(packet(gateway_to(kB), to(b()), Udp{}, payload(64)), 32, 7);

  EXPECT_EQ(to_fl_host(in.first), redirected(FL_FORWARD_HOST_OUT, out.first));
  EXPECT_EQ(to_fl_host(in.second), redirected(FL_FORWARD_HOST_OUT, out.second));
}

TEST_P(HostTest, InternalNetworkAndNoIccAreReachedByTheHost) {
  set_flags(1, FL_NET_INTERNAL | FL_NET_NO_ICC);

  EXPECT_EQ(to_fl_host(packet(kByStack, to(b()), Tcp{})),
            redirected(FL_FORWARD_HOST_OUT, packet(gateway_to(kB), to(b()), Tcp{})));
}

TEST_P(HostTest, AddressThatNobodyHasIsUnreachable) {
  const Packet in = packet(kByStack, to(of(kNobody)), Udp{}, payload(20));
  const Bytes quote{Buffer(in.bytes.begin() + 14, in.bytes.end())};
  const auto code = static_cast<std::uint8_t>(v4() ? 1 : 3);
  const Layer ip = v4() ? Layer(Ipv4{.src = of(kNobody), .dst = of(kGateway1), .tos = 0xc0})
                        : Layer(Ipv6{.src = of(kNobody), .dst = of(kGateway1)});

  EXPECT_EQ(
      to_fl_host(in),
      refused(FL_DROP_NO_SUCH_ADDRESS,
              packet(kByStack, ip,
                     Icmp{.type = static_cast<std::uint8_t>(v4() ? 3 : 1), .code = code}, quote)));
  EXPECT_EQ(program().drops(kA.network, FL_DROP_NO_SUCH_ADDRESS).packets, 1U);
}

// Only containers are in a network that hosts share.
TEST_P(HostTest, ContainerOfAnotherHostIsUnreachableFromTheHost) {
  fl_forward remote{};
  remote.kind = FL_TARGET_REMOTE;
  remote.peer = 1;
  program().put("fl_forward", fl_forward_key{.network = 1, .addr = of(kNobody).raw()}, remote);
  const Packet in = packet(kByStack, to(of(kNobody)), Udp{}, payload(20));
  const Bytes quote{Buffer(in.bytes.begin() + 14, in.bytes.end())};
  const Layer ip = v4() ? Layer(Ipv4{.src = of(kNobody), .dst = of(kGateway1), .tos = 0xc0})
                        : Layer(Ipv6{.src = of(kNobody), .dst = of(kGateway1)});
  const Layer icmp = v4() ? Layer(Icmp{.type = 3, .code = 1}) : Layer(Icmp{.type = 1, .code = 3});

  EXPECT_EQ(to_fl_host(in), refused(FL_DROP_HOST_TO_REMOTE, packet(kByStack, ip, icmp, quote)));
}

TEST_P(HostTest, PacketLargerThanTheNetworksMtuIsToldSo) {
  const std::size_t headers = v4() ? 28 : 48;  // IP and UDP
  const Packet fits = packet(kByStack, to(b()), Udp{}, payload(1500 - headers));
  const Packet in = packet(kByStack, to(b()), Udp{}, payload(1501 - headers));
  const Bytes quote{Buffer(in.bytes.begin() + 14, in.bytes.begin() + 14 + 548)};
  const Layer ip = v4() ? Layer(Ipv4{.src = b(), .dst = of(kGateway1), .tos = 0xc0})
                        : Layer(Ipv6{.src = b(), .dst = of(kGateway1)});
  const Layer icmp = v4() ? Layer(Icmp{.type = 3, .code = 4, .rest = 1500})
                          : Layer(Icmp{.type = 2, .code = 0, .rest = 1500});

  EXPECT_EQ(to_fl_host(fits).reasons, Reasons{FL_FORWARD_HOST_OUT});
  EXPECT_EQ(to_fl_host(in), refused(FL_DROP_TOO_BIG, packet(kByStack, ip, icmp, quote)));
  EXPECT_EQ(program().drops(kB.network, FL_DROP_TOO_BIG).packets, 1U);
}

TEST_P(HostTest, AggregateOfSegmentsThatFitIsDelivered) {
  const Packet in = packet(kByStack, to(b()), Tcp{}, payload(3000));

  EXPECT_EQ(program().run(in, {.ifindex = ifindex_of("fl_host"), .gso_size = 1400}).reasons,
            Reasons{FL_FORWARD_HOST_OUT});
}

TEST_P(HostTest, NoErrorAboutAnIcmpError) {
  const Packet in = packet(kByStack, to(of(kNobody)),
                           Icmp{.type = static_cast<std::uint8_t>(v4() ? 3 : 1)}, payload(48));

  EXPECT_EQ(to_fl_host(in), dropped(FL_DROP_NO_SUCH_ADDRESS));
}

TEST_P(HostTest, PacketRoutedInFromElsewhereIsDropped) {
  const Packet in = packet(kByStack, Ip{.src = of(kOutside), .dst = b()}, Tcp{});

  EXPECT_EQ(program().run(in, {.ifindex = ifindex_of("fl_host"), .ingress_ifindex = uplink()}),
            dropped(FL_DROP_DIRECT));
}

// A container's packet comes in by fl_host, and its answer may leave in the same skb.
TEST_P(HostTest, PacketThatCameInByFlHostIsTheHostsOwn) {
  const std::uint32_t fl_host = ifindex_of("fl_host");

  EXPECT_EQ(program().run(packet(kByStack, to(b()), Tcp{}),
                          {.ifindex = fl_host, .ingress_ifindex = fl_host}),
            redirected(FL_FORWARD_HOST_OUT, packet(gateway_to(kB), to(b()), Tcp{})));
}

TEST_P(HostTest, AddressOfNoNetworkIsUnreachable) {
  EXPECT_EQ(to_fl_host(packet(kByStack, to(of(kOutside)), Tcp{})).reasons,
            (Reasons{FL_DROP_NO_SUCH_ADDRESS, FL_FORWARD_ICMP_ERROR}));
  EXPECT_EQ(program().drops(0, FL_DROP_NO_SUCH_ADDRESS).packets, 1U);
}

// On a NOARP device the stack writes no group MAC (RFC 1112 6.4, RFC 2464 7).
TEST_P(HostTest, MulticastReachesTheNetworkOfItsSource) {
  const Addr group = v4() ? "224.0.0.251" : "ff02::fb";
  const Mac mac = v4() ? "01:00:5e:00:00:fb" : "33:33:00:00:00:fb";
  const Packet in = packet(kByStack, to(group), Udp{.dport = 5353}, payload(9));
  const Packet out =
      packet(Eth{.dst = mac, .src = kGatewayMac}, to(group), Udp{.dport = 5353}, payload(9));
  Capture a("ep_a_p"), b("ep_b_p"), c("ep_c_p");

  const Ran got = to_fl_host(in);

  EXPECT_EQ(got.reasons, Reasons{FL_FORWARD_FLOOD});
  const std::vector<Packet> one{out};
  EXPECT_EQ(a.received(), one);
  EXPECT_EQ(b.received(), one);
  EXPECT_EQ(c.received(), std::vector<Packet>{});
}

TEST_P(HostTest, MulticastOfAnotherHostAddressStaysOutside) {
  const Addr group = v4() ? "224.0.0.251" : "ff02::fb";
  Capture a("ep_a_p");

  EXPECT_EQ(to_fl_host(packet(kByStack, Ip{.src = of(kHost), .dst = group}, Udp{})),
            dropped(FL_DROP_MULTICAST_OUTSIDE));
  EXPECT_EQ(a.received(), std::vector<Packet>{});
}

class HostFramesTest : public WorldTest {
 protected:
  HostFramesTest() : WorldTest("tc_host") {}
};

TEST_F(HostFramesTest, SubnetBroadcastReachesItsNetworkOnly) {
  const Packet in = packet(kByStack, Ipv4{.src = kGateway2.v4, .dst = "10.77.1.255"}, Udp{});
  Capture a("ep_a_p"), b("ep_b_p"), c("ep_c_p");

  EXPECT_EQ(to_fl_host(in).reasons, Reasons{FL_FORWARD_FLOOD});
  EXPECT_EQ(a.received().size(), 1U);
  EXPECT_EQ(b.received().size(), 1U);
  EXPECT_EQ(c.received().size(), 0U);
}

// Of an IPv4 group, only 23 bits are in the MAC.
TEST_F(HostFramesTest, Ipv4GroupIsMappedToItsMac) {
  const Ipv4 ip{.src = kGateway1.v4, .dst = "239.129.2.3", .ttl = 1};
  Capture a("ep_a_p");

  EXPECT_EQ(to_fl_host(packet(kByStack, ip, Udp{})).reasons, Reasons{FL_FORWARD_FLOOD});
  EXPECT_EQ(a.received(), (std::vector<Packet>{packet(
                              Eth{.dst = "01:00:5e:01:02:03", .src = kGatewayMac}, ip, Udp{})}));
}

// fl_host is NOARP; what the stack sends besides IP is for nobody.
TEST_F(HostFramesTest, FrameThatIsNotIpDoesNotReachAContainer) {
  Capture b("ep_b_p");

  EXPECT_NE(to_fl_host(packet(kByStack, Arp{.target = kB.addr4})).action, kRedirect);
  EXPECT_EQ(b.received().size(), 0U);
}

}  // namespace
}  // namespace fairlead::test
