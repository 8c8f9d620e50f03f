// tc_endpoint: what a container sends to one of another host leaves in a tunnel.
#include <gtest/gtest.h>

#include <set>

#include "capture.h"
#include "tunnel_world.h"

namespace fairlead::test {
namespace {

class EndpointRemoteTest : public TunnelTest {
 protected:
  EndpointRemoteTest() : TunnelTest("tc_endpoint") {}

  Ip ip(std::uint8_t tos = 0) const { return {.src = a(), .dst = r(), .tos = tos}; }
  // The source port is the kernel's choice by a hash: any of the dynamic ones (RFC 7348 5).
  std::uint16_t source_port(const Packet& sent) const {
    const std::size_t at = outer_v4() ? 34 : 54;
    if (sent.size() < at + 2) return 0;
    return static_cast<std::uint16_t>(sent.bytes[at] << 8 | sent.bytes[at + 1]);
  }
  template <typename... Layers>
  void expect_tunnelled(Layers... layers) {
    const Ran got = from(kA, packet(between(kA, kR), layers...));
    const std::uint16_t port = source_port(got.packet);
    EXPECT_GE(port, 49152);
    EXPECT_EQ(got, redirected(FL_FORWARD_REMOTE, leaving(port, 0, between(kA, kR), layers...)));
  }
  // The largest inner IP packet of a hop or path.
  std::size_t room(std::size_t mtu = kTunnelMtu) const { return mtu - overhead(); }
  Packet of_size(std::size_t l3_len, const Eth& eth = between(kA, kR), bool df = true) const {
    const std::size_t headers = (v4() ? 20 : 40) + 8;
    return packet(eth, Ip{.src = a(), .dst = r(), .df = df}, Udp{}, payload(l3_len - headers));
  }
  void lower_path_mtu(std::uint32_t mtu) {
    program().put("fl_path_mtu", kPeerNumber, fl_path_mtu{.mtu = mtu, .pad = 0, .since = 1});
  }
  void expect_too_big(const Packet& in, std::size_t mtu) {
    const Ran got = from(kA, in);
    ASSERT_EQ(got.reasons, (Reasons{FL_DROP_TOO_BIG, FL_FORWARD_ICMP_ERROR}));
    const std::size_t quoted = std::min<std::size_t>(548, in.size() - 14);
    const Bytes quote{
        Buffer(in.bytes.begin() + 14, in.bytes.begin() + 14 + static_cast<std::ptrdiff_t>(quoted))};
    const Addr gateway = test::TunnelTest::in(kGateway1);
    const Layer ip = v4() ? Layer(Ipv4{.src = gateway, .dst = a(), .tos = 0xc0})
                          : Layer(Ipv6{.src = gateway, .dst = a()});
    const Layer icmp =
        v4() ? Layer(Icmp{.type = 3, .code = 4, .rest = static_cast<std::uint32_t>(mtu)})
             : Layer(Icmp{.type = 2, .code = 0, .rest = static_cast<std::uint32_t>(mtu)});
    EXPECT_EQ(got, refused(FL_DROP_TOO_BIG, packet(gateway_to(kA), ip, icmp, quote)));
  }
};
FAIRLEAD_ALL_FAMILIES(EndpointRemoteTest);

TEST_P(EndpointRemoteTest, EveryTransportLeavesInATunnel) {
  expect_tunnelled(ip(), Udp{}, payload(9));
  expect_tunnelled(ip(), Udp{.checksum = false});
  expect_tunnelled(ip(), Tcp{.options = {1, 1, 1}});
  expect_tunnelled(ip(), Sctp{}, payload(20));
  expect_tunnelled(ip(), Echo{}, payload(56));
  expect_tunnelled(ip(), payload(30));
  expect_tunnelled(ip());
}

// The container's own ARP entry may be stale; the address decides.
TEST_P(EndpointRemoteTest, InnerDestinationMacIsTheEndpoints) {
  const Ran got = from(kA, packet(by_gateway(kA), ip(), Udp{}));

  EXPECT_EQ(got.packet, leaving(source_port(got.packet), 0, between(kA, kR), ip(), Udp{}));
}

TEST_P(EndpointRemoteTest, VniIsTheNetwork) {
  const std::uint32_t vni = 0xfedcba;
  const Endpoint sender{"ep_a", vni, kA.mac, kA.addr4, kA.addr6};
  const Endpoint receiver{"", vni, kR.mac, kR.addr4, kR.addr6};
  put_endpoint(sender, 0);
  put_remote(program(), receiver, kPeerNumber);

  const Ran got = from(kA, packet(between(kA, kR), ip(), Udp{}));

  ASSERT_EQ(got.reasons, Reasons{FL_FORWARD_REMOTE});
  const std::size_t at = inner_at(GetParam().outer) - 14 - 4;
  EXPECT_EQ(Buffer(got.packet.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                   got.packet.bytes.begin() + static_cast<std::ptrdiff_t>(at) + 4),
            (Buffer{0xfe, 0xdc, 0xba, 0}));
}

// RFC 6040 as the kernel's vxlan does it: copied, but a mark goes out as ECT(0). DSCP is not
// copied.
TEST_P(EndpointRemoteTest, EcnIsCopiedButNoMark) {
  for (const auto& [inside, outside] :
       {std::pair{0, 0}, {1, 1}, {2, 2}, {3, 2}, {0xb8, 0}, {0xb9, 1}, {0xbb, 2}, {0xff, 2}}) {
    const Ip marked = ip(static_cast<std::uint8_t>(inside));
    const Ran got = from(kA, packet(between(kA, kR), marked, Tcp{}));

    EXPECT_EQ(got, redirected(FL_FORWARD_REMOTE,
                              leaving(source_port(got.packet), static_cast<std::uint8_t>(outside),
                                      between(kA, kR), marked, Tcp{})))
        << inside;
  }
}

TEST_P(EndpointRemoteTest, TtlIsNotTouched) {
  expect_tunnelled(Ip{.src = a(), .dst = r(), .ttl = 1}, Udp{});
}

TEST_P(EndpointRemoteTest, FragmentsLeaveByOnePath) {
  const Packet whole = packet(between(kA, kR), ip(), Udp{}, payload(64));
  const auto [first, last] = fragments(whole, 32, 7);

  const Ran one = from(kA, first), two = from(kA, last);

  EXPECT_EQ(one.reasons, Reasons{FL_FORWARD_REMOTE});
  EXPECT_EQ(two.reasons, Reasons{FL_FORWARD_REMOTE});
  EXPECT_EQ(source_port(one.packet), source_port(two.packet));
}

TEST_P(EndpointRemoteTest, FlowsAreSpreadOverPortsAndNextHopsAndStayThere) {
  std::vector<Mac> macs;
  for (int i = 0; i < FL_PEER_HOPS; ++i) {
    macs.push_back(kPeerMac);
    macs.back().bytes[4] = static_cast<std::uint8_t>(i);
  }
  put_peer(program(), kPeerNumber, FL_PEER_DIRECT, out(kPeer), out(kHost), macs);
  std::set<std::uint16_t> ports;
  std::set<std::uint8_t> hops;
  for (std::uint16_t flow = 0; flow < 200; ++flow) {
    const Packet in = packet(between(kA, kR), ip(), Udp{.sport = flow});
    const Ran got = from(kA, in);
    ASSERT_EQ(got.reasons, Reasons{FL_FORWARD_REMOTE});
    EXPECT_EQ(from(kA, in), got);
    ports.insert(source_port(got.packet));
    hops.insert(got.packet.bytes[4]);
  }

  EXPECT_GT(ports.size(), 150U);
  EXPECT_GE(*ports.begin(), 49152);
  EXPECT_EQ(hops.size(), std::size_t{FL_PEER_HOPS});
}

TEST_P(EndpointRemoteTest, PacketThatFillsThePathPassesAndOneByteMoreIsTooBig) {
  EXPECT_EQ(from(kA, of_size(room())).reasons, Reasons{FL_FORWARD_REMOTE});
  expect_too_big(of_size(room() + 1), room());
}

// Nobody fragments in a tunnel, so even a packet that may be fragmented is refused.
TEST_P(EndpointRemoteTest, PacketThatMayBeFragmentedIsRefusedToo) {
  expect_too_big(of_size(room() + 1, between(kA, kR), /*df=*/false), room());
}

TEST_P(EndpointRemoteTest, PathMtuCountsWhereItIsLess) {
  lower_path_mtu(1400);
  EXPECT_EQ(from(kA, of_size(room(1400))).reasons, Reasons{FL_FORWARD_REMOTE});
  expect_too_big(of_size(room(1400) + 1), room(1400));

  lower_path_mtu(9000);
  EXPECT_EQ(from(kA, of_size(room())).reasons, Reasons{FL_FORWARD_REMOTE});
  expect_too_big(of_size(room() + 1), room());
}

// Linux goes down to 552 bytes, IPv6 to 1280; to ask for less would end the connection.
TEST_P(EndpointRemoteTest, PathMtuIsNeverTakenForLessThanHostsObey) {
  const std::size_t least = v4() ? 552 : 1280;
  lower_path_mtu(576);
  EXPECT_EQ(from(kA, of_size(least)).reasons, Reasons{FL_FORWARD_REMOTE});
  expect_too_big(of_size(least + 1), least);

  put_peer(program(), kPeerNumber, FL_PEER_KERNEL, out(kPeer), out(kHost), {});
  EXPECT_EQ(from(kA, of_size(least)).reasons, Reasons{FL_FORWARD_REMOTE_KERNEL});
  expect_too_big(of_size(least + 1), least);
}

TEST_P(EndpointRemoteTest, NoErrorAboutAnIcmpErrorThatIsTooBig) {
  const Packet in = packet(between(kA, kR), ip(),
                           Icmp{.type = static_cast<std::uint8_t>(v4() ? 3 : 1)}, payload(1500));

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_TOO_BIG));
}

TEST_P(EndpointRemoteTest, NoErrorAboutALaterFragmentThatIsTooBig) {
  const auto [first, last] =
      fragments(packet(between(kA, kR), ip(), Udp{}, payload(3000)), 1472, 7);

  EXPECT_EQ(from(kA, last), dropped(FL_DROP_TOO_BIG));
}

// A test run cannot say what kind of aggregate it is, so adjust_room refuses, and the kernel's
// device has it.
TEST_P(EndpointRemoteTest, AggregateThatCannotBeTunnelledHereGoesByTheKernelsDevice) {
  const Packet in = packet(by_gateway(kA), ip(), Tcp{}, payload(3000));

  EXPECT_EQ(
      program().run(in, {.ifindex = kA.ifindex(), .gso_size = 1000}),
      redirected(FL_FORWARD_REMOTE_KERNEL, packet(between(kA, kR), ip(), Tcp{}, payload(3000))));
}

TEST_P(EndpointRemoteTest, SegmentsOfAnAggregateCountNotTheWhole) {
  const std::size_t headers = (v4() ? 20 : 40) + 20 + 4;
  const Packet tcp = packet(between(kA, kR), ip(), Tcp{.options = {1, 1, 1}}, payload(3000));
  const auto run = [&](const Packet& in, std::size_t gso) {
    return program().run(in,
                         {.ifindex = kA.ifindex(), .gso_size = static_cast<std::uint32_t>(gso)});
  };

  EXPECT_EQ(run(tcp, room() - headers).reasons, Reasons{FL_FORWARD_REMOTE_KERNEL});
  EXPECT_EQ(run(tcp, room() - headers + 1).reasons,
            (Reasons{FL_DROP_TOO_BIG, FL_FORWARD_ICMP_ERROR}));
  const Packet udp = packet(between(kA, kR), ip(), Udp{}, payload(3000));
  EXPECT_EQ(run(udp, room() - headers + 16).reasons, Reasons{FL_FORWARD_REMOTE_KERNEL});
  EXPECT_EQ(run(udp, room() - headers + 17).reasons,
            (Reasons{FL_DROP_TOO_BIG, FL_FORWARD_ICMP_ERROR}));
}

TEST_P(EndpointRemoteTest, UnresolvedNextHopGoesByTheKernelsDevice) {
  put_peer(program(), kPeerNumber, FL_PEER_KERNEL, out(kPeer), out(kHost), {});

  EXPECT_EQ(
      from(kA, packet(by_gateway(kA), ip(), Udp{}, payload(20))),
      redirected(FL_FORWARD_REMOTE_KERNEL, packet(between(kA, kR), ip(), Udp{}, payload(20))));
}

TEST_P(EndpointRemoteTest, SizeByTheKernelsDeviceIsTheNetworksAndThePaths) {
  put_peer(program(), kPeerNumber, FL_PEER_KERNEL, out(kPeer), out(kHost), {});

  EXPECT_EQ(from(kA, of_size(1500)).reasons, Reasons{FL_FORWARD_REMOTE_KERNEL});
  expect_too_big(of_size(1501), 1500);
  lower_path_mtu(1400);
  EXPECT_EQ(from(kA, of_size(room(1400))).reasons, Reasons{FL_FORWARD_REMOTE_KERNEL});
  expect_too_big(of_size(room(1400) + 1), room(1400));
}

TEST_P(EndpointRemoteTest, WithoutAWayTheSenderIsTold) {
  put_peer(program(), kPeerNumber, FL_PEER_NONE, out(kPeer), out(kHost), {});
  EXPECT_EQ(from(kA, of_size(100)).reasons, (Reasons{FL_DROP_NO_PEER, FL_FORWARD_ICMP_ERROR}));

  put_peer(program(), kPeerNumber, FL_PEER_KERNEL, out(kPeer), out(kHost), {});
  const std::uint32_t zero = 0;
  program().put("fl_tunnel", zero, fl_tunnel{});
  EXPECT_EQ(from(kA, of_size(100)).reasons, (Reasons{FL_DROP_NO_PEER, FL_FORWARD_ICMP_ERROR}));

  put_remote(program(), kR, 999'999);  // no such number
  EXPECT_EQ(from(kA, of_size(100)).reasons, (Reasons{FL_DROP_NO_PEER, FL_FORWARD_ICMP_ERROR}));
}

TEST_P(EndpointRemoteTest, EmptySlotOfHopsIsNoWay) {
  for (std::uint32_t i = 0; i < FL_PEER_HOPS; ++i) {
    program().put("fl_hops", kPeerNumber * FL_PEER_HOPS + i, fl_hop{});
  }

  EXPECT_EQ(from(kA, of_size(100)).reasons, (Reasons{FL_DROP_NO_PEER, FL_FORWARD_ICMP_ERROR}));
}

TEST_P(EndpointRemoteTest, WithoutIccTheOtherHostIsOutOfReach) {
  set_flags(1, FL_NET_NO_ICC);

  EXPECT_EQ(from(kA, of_size(100)), dropped(FL_DROP_ICC));
}

TEST_P(EndpointRemoteTest, InternalNetworkReachesItsOtherHosts) {
  set_flags(1, FL_NET_INTERNAL);

  EXPECT_EQ(from(kA, of_size(100)).reasons, Reasons{FL_FORWARD_REMOTE});
}

TEST_P(EndpointRemoteTest, SpoofedSourceDoesNotEnterTheTunnel) {
  EXPECT_EQ(from(kA, packet(between(kA, kR), Ip{.src = b(), .dst = r()}, Udp{})),
            dropped(FL_DROP_SPOOFED_SOURCE));
}

TEST_P(EndpointRemoteTest, EveryPrefixIsDropped) {
  const Packet whole = packet(between(kA, kR), ip(), Udp{}, payload(20));
  for (std::size_t n = v4() ? 34 : 54; n < whole.size(); ++n) {
    EXPECT_EQ(from(kA, whole.first(n)), dropped(FL_DROP_TRUNCATED)) << n;
  }
}

TEST_P(EndpointRemoteTest, NonLinearPacketLeavesWhole) {
  put_peer(program(), kPeerNumber, FL_PEER_DIRECT, out(kPeer), out(kHost), {kPeerMac});
  for (std::uint32_t i = 0; i < FL_PEER_HOPS; ++i) {
    fl_hop jumbo = hop_header(out(kHost), out(kPeer), kPeerMac, uplink());
    jumbo.mtu = 9000;
    program().put("fl_hops", kPeerNumber * FL_PEER_HOPS + i, jumbo);
  }
  Capture wire("up0_p", Reports::ignore);
  const Packet in = packet(between(kA, kR), ip(), Udp{}, payload(5000));

  EXPECT_EQ(program().run_on_wire(kA.device, BpfProgram::Hook::ingress, in, 14),
            Reasons{FL_FORWARD_REMOTE});
  const auto sent = wire.received();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent.front(),
            leaving(source_port(sent.front()), 0, between(kA, kR), ip(), Udp{}, payload(5000)));
}

TEST_P(EndpointRemoteTest, NatEntriesDoNotTouchIt) {
  fl_nat entry{};
  entry.src = kOutside(GetParam().inner).raw();
  program().put("fl_nat", flow(IPPROTO_UDP, a(), 1000, r(), 2000), entry);

  expect_tunnelled(ip(), Udp{});
}

class EndpointRemoteNeighbourTest : public TunnelTest {
 protected:
  EndpointRemoteNeighbourTest() : TunnelTest("tc_endpoint") {}
};
INSTANTIATE_TEST_SUITE_P(, EndpointRemoteNeighbourTest, ::testing::Values(Families{}));

TEST_P(EndpointRemoteNeighbourTest, ArpIsAnsweredHereWithTheRemoteMac) {
  const Packet ask = packet(Eth{.dst = "ff:ff:ff:ff:ff:ff", .src = kA.mac},
                            Arp{.sender_mac = kA.mac, .sender = kA.addr4, .target = kR.addr4});
  const Packet answer = packet(Eth{.dst = kA.mac, .src = kR.mac}, Arp{.op = 2,
                                                                      .sender_mac = kR.mac,
                                                                      .sender = kR.addr4,
                                                                      .target_mac = kA.mac,
                                                                      .target = kA.addr4});

  EXPECT_EQ(from(kA, ask), redirected(FL_FORWARD_ARP, answer));
  set_flags(1, FL_NET_NO_ICC);
  EXPECT_EQ(from(kA, ask), dropped(FL_DROP_ICC));
}

TEST_P(EndpointRemoteNeighbourTest, SolicitationIsAnsweredHereWithTheRemoteMac) {
  for (const Addr& target : {kR.addr6, kR.mac.link_local()}) {
    Bytes asked{Buffer(target.bytes.begin(), target.bytes.end())};
    Bytes told = asked;
    asked.bytes.insert(asked.bytes.end(), {1, 1});
    asked.bytes.insert(asked.bytes.end(), kA.mac.bytes.begin(), kA.mac.bytes.end());
    told.bytes.insert(told.bytes.end(), {2, 1});
    told.bytes.insert(told.bytes.end(), kR.mac.bytes.begin(), kR.mac.bytes.end());
    const Packet ask = packet(Eth{.dst = "33:33:ff:00:00:66", .src = kA.mac},
                              Ipv6{.src = kA.addr6, .dst = "ff02::1:ff00:66", .ttl = 255},
                              Icmp{.type = 135}, asked);
    const Packet answer =
        packet(Eth{.dst = kA.mac, .src = kR.mac}, Ipv6{.src = target, .dst = kA.addr6, .ttl = 255},
               Icmp{.type = 136, .rest = 0x60000000}, told);

    EXPECT_EQ(from(kA, ask), redirected(FL_FORWARD_ND, answer));
  }
}

TEST_P(EndpointRemoteNeighbourTest, LinkLocalAddressesReachTheOtherHost) {
  const Packet in =
      packet(between(kA, kR), Ipv6{.src = kA.mac.link_local(), .dst = kR.mac.link_local()}, Udp{});

  EXPECT_EQ(from(kA, in).reasons, Reasons{FL_FORWARD_REMOTE});
}

}  // namespace
}  // namespace fairlead::test
