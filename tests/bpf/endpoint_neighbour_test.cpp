// tc_endpoint: ARP and neighbour discovery are answered in the program and never flooded.
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

const Mac kBroadcast = "ff:ff:ff:ff:ff:ff";

class EndpointNeighbourTest : public WorldTest {
 protected:
  EndpointNeighbourTest() : WorldTest("tc_endpoint") {}
};

Packet arp_request(const Addr& target, const Addr& sender = kA.addr4) {
  return packet(Eth{.dst = kBroadcast, .src = kA.mac},
                Arp{.op = 1, .sender_mac = kA.mac, .sender = sender, .target = target});
}

Packet arp_reply(const Addr& target, const Mac& mac) {
  return packet(
      Eth{.dst = kA.mac, .src = mac},
      Arp{.op = 2, .sender_mac = mac, .sender = target, .target_mac = kA.mac, .target = kA.addr4});
}

TEST_F(EndpointNeighbourTest, ArpForAContainerIsAnsweredWithItsMac) {
  EXPECT_EQ(from(kA, arp_request(kB.addr4)),
            redirected(FL_FORWARD_ARP, arp_reply(kB.addr4, kB.mac)));
}

TEST_F(EndpointNeighbourTest, ArpForTheGatewayIsAnsweredWithTheGatewayMac) {
  EXPECT_EQ(from(kA, arp_request(kGateway1.v4)),
            redirected(FL_FORWARD_ARP, arp_reply(kGateway1.v4, kGatewayMac)));
}

// Linux pads frames to 60 bytes on some devices; the answer keeps the length.
TEST_F(EndpointNeighbourTest, PaddedArpIsAnswered) {
  Packet in = arp_request(kB.addr4);
  Packet out = arp_reply(kB.addr4, kB.mac);
  in.bytes.resize(60);
  out.bytes.resize(60);

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_ARP, out));
}

TEST_F(EndpointNeighbourTest, ArpForNobodyIsDropped) {
  EXPECT_EQ(from(kA, arp_request(kNobody.v4)), dropped(FL_DROP_NO_SUCH_ADDRESS));
}

TEST_F(EndpointNeighbourTest, ArpForAnotherNetworkIsDropped) {
  EXPECT_EQ(from(kA, arp_request(kC.addr4)), dropped(FL_DROP_NO_SUCH_ADDRESS));
}

TEST_F(EndpointNeighbourTest, GratuitousArpAndProbeAreSwallowed) {
  EXPECT_EQ(from(kA, arp_request(kA.addr4)), dropped(FL_DROP_DUPLICATE_ADDRESS_PROBE));
  EXPECT_EQ(from(kA, arp_request(kA.addr4, "0.0.0.0")), dropped(FL_DROP_DUPLICATE_ADDRESS_PROBE));
}

TEST_F(EndpointNeighbourTest, ArpOfAnotherSenderIsDropped) {
  EXPECT_EQ(from(kA, arp_request(kGateway1.v4, kB.addr4)), dropped(FL_DROP_SPOOFED_SOURCE));

  const Packet mac =
      packet(Eth{.dst = kBroadcast, .src = kA.mac},
             Arp{.op = 1, .sender_mac = kB.mac, .sender = kA.addr4, .target = kGateway1.v4});
  EXPECT_EQ(from(kA, mac).action, kDrop);
}

TEST_F(EndpointNeighbourTest, ArpReplyOfAContainerIsDropped) {
  const Packet in = packet(between(kA, kB), Arp{.op = 2,
                                                .sender_mac = kA.mac,
                                                .sender = kA.addr4,
                                                .target_mac = kB.mac,
                                                .target = kB.addr4});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_ND));
}

TEST_F(EndpointNeighbourTest, ArpOfAnotherHardwareIsDropped) {
  const Packet in =
      packet(Eth{.dst = kBroadcast, .src = kA.mac},
             Arp{.sender_mac = kA.mac, .sender = kA.addr4, .target = kB.addr4, .hardware = 6});

  EXPECT_EQ(from(kA, in).action, kDrop);
}

TEST_F(EndpointNeighbourTest, WithoutIccOnlyTheGatewayIsAnswered) {
  set_flags(1, FL_NET_MASQUERADE | FL_NET_NO_ICC);

  EXPECT_EQ(from(kA, arp_request(kB.addr4)), dropped(FL_DROP_ICC));
  EXPECT_EQ(from(kA, arp_request(kGateway1.v4)),
            redirected(FL_FORWARD_ARP, arp_reply(kGateway1.v4, kGatewayMac)));
}

// Neighbour discovery (RFC 4861).

Addr solicited_node(const Addr& target) {
  Addr out = "ff02::1:ff00:0";
  std::copy(target.bytes.begin() + 13, target.bytes.end(), out.bytes.begin() + 13);
  return out;
}

Mac multicast_mac(const Addr& group) {
  Mac out = "33:33:00:00:00:00";
  std::copy(group.bytes.begin() + 12, group.bytes.end(), out.bytes.begin() + 2);
  return out;
}

Bytes target_and_option(const Addr& target, std::uint8_t option, const Mac& mac) {
  Bytes out{Buffer(target.bytes.begin(), target.bytes.end())};
  out.bytes.insert(out.bytes.end(), {option, 1});
  out.bytes.insert(out.bytes.end(), mac.bytes.begin(), mac.bytes.end());
  return out;
}

struct Solicitation {
  Addr src = kA.addr6;
  std::uint8_t hops = 255;
  std::uint8_t code = 0;
  bool unicast = false;
};

Packet solicitation(const Addr& target, const Solicitation& s = {}) {
  const Addr group = solicited_node(target);
  return packet(Eth{.dst = s.unicast ? kGatewayMac : multicast_mac(group), .src = kA.mac},
                Ipv6{.src = s.src, .dst = s.unicast ? target : group, .ttl = s.hops},
                Icmp{.type = 135, .code = s.code}, target_and_option(target, 1, kA.mac));
}

constexpr std::uint32_t kRouter = 1U << 31;
constexpr std::uint32_t kSolicited = 1U << 30;
constexpr std::uint32_t kOverride = 1U << 29;

Packet advertisement(const Addr& target, const Mac& mac, std::uint32_t flags,
                     const Addr& to = kA.addr6) {
  return packet(Eth{.dst = kA.mac, .src = mac}, Ipv6{.src = target, .dst = to, .ttl = 255},
                Icmp{.type = 136, .rest = flags}, target_and_option(target, 2, mac));
}

TEST_F(EndpointNeighbourTest, SolicitationForAContainerIsAnswered) {
  EXPECT_EQ(from(kA, solicitation(kB.addr6)),
            redirected(FL_FORWARD_ND, advertisement(kB.addr6, kB.mac, kSolicited | kOverride)));
}

TEST_F(EndpointNeighbourTest, SolicitationForTheGatewayIsAnsweredAsARouter) {
  for (const Addr& target : {kGateway1.v6, kGatewayMac.link_local()}) {
    EXPECT_EQ(from(kA, solicitation(target)),
              redirected(FL_FORWARD_ND,
                         advertisement(target, kGatewayMac, kRouter | kSolicited | kOverride)));
  }
}

TEST_F(EndpointNeighbourTest, LinkLocalSenderIsAnsweredAtItsLinkLocalAddress) {
  const Addr ll = kA.mac.link_local();
  const Addr target = kB.mac.link_local();

  EXPECT_EQ(from(kA, solicitation(target, {.src = ll})),
            redirected(FL_FORWARD_ND, advertisement(target, kB.mac, kSolicited | kOverride, ll)));
}

// Linux confirms a neighbour it knows by a unicast solicitation.
TEST_F(EndpointNeighbourTest, UnicastSolicitationIsAnswered) {
  EXPECT_EQ(from(kA, solicitation(kGateway1.v6, {.unicast = true})),
            redirected(FL_FORWARD_ND,
                       advertisement(kGateway1.v6, kGatewayMac, kRouter | kSolicited | kOverride)));
}

TEST_F(EndpointNeighbourTest, SolicitationWithoutLinkLayerOptionIsAnsweredWithOne) {
  Bytes bare{Buffer(kB.addr6.bytes.begin(), kB.addr6.bytes.end())};
  const Packet in = packet(between(kA, kB), Ipv6{.src = kA.addr6, .dst = kB.addr6, .ttl = 255},
                           Icmp{.type = 135}, bare);

  EXPECT_EQ(from(kA, in),
            redirected(FL_FORWARD_ND, advertisement(kB.addr6, kB.mac, kSolicited | kOverride)));
}

TEST_F(EndpointNeighbourTest, SolicitationForNobodyIsDropped) {
  EXPECT_EQ(from(kA, solicitation(kNobody.v6)), dropped(FL_DROP_NO_SUCH_ADDRESS));
  EXPECT_EQ(from(kA, solicitation(kC.addr6)), dropped(FL_DROP_NO_SUCH_ADDRESS));
}

TEST_F(EndpointNeighbourTest, DuplicateAddressDetectionIsSwallowed) {
  EXPECT_EQ(from(kA, solicitation(kA.addr6, {.src = "::"})),
            dropped(FL_DROP_DUPLICATE_ADDRESS_PROBE));
}

// RFC 4861 7.1.1: a packet that crossed a router is no solicitation.
TEST_F(EndpointNeighbourTest, SolicitationFromAfarIsDropped) {
  EXPECT_EQ(from(kA, solicitation(kB.addr6, {.hops = 254})).action, kDrop);
}

TEST_F(EndpointNeighbourTest, SolicitationWithAnotherCodeIsDropped) {
  EXPECT_EQ(from(kA, solicitation(kB.addr6, {.code = 1})).action, kDrop);
}

TEST_F(EndpointNeighbourTest, SolicitationFromAnothersAddressIsDropped) {
  EXPECT_EQ(from(kA, solicitation(kGateway1.v6, {.src = kB.addr6})),
            dropped(FL_DROP_SPOOFED_SOURCE));
}

TEST_F(EndpointNeighbourTest, WithoutIccOnlyTheGatewayIsFound) {
  set_flags(1, FL_NET_MASQUERADE | FL_NET_NO_ICC);

  EXPECT_EQ(from(kA, solicitation(kB.addr6)), dropped(FL_DROP_ICC));
  EXPECT_EQ(from(kA, solicitation(kGateway1.v6)).reasons, Reasons{FL_FORWARD_ND});
}

TEST_F(EndpointNeighbourTest, RouterNewsOfAContainerAreDropped) {
  const struct {
    const char* what;
    std::uint8_t type;
    Addr dst;
  } cases[] = {{"router solicitation", 133, "ff02::2"},
               {"router advertisement", 134, "ff02::1"},
               {"router advertisement to one", 134, kB.addr6},
               {"unsolicited neighbour advertisement", 136, "ff02::1"},
               {"neighbour advertisement to one", 136, kB.addr6},
               {"redirect", 137, kB.addr6}};
  for (const auto& c : cases) {
    const Packet in = packet(Eth{.dst = "33:33:00:00:00:01", .src = kA.mac},
                             Ipv6{.src = kA.mac.link_local(), .dst = c.dst, .ttl = 255},
                             Icmp{.type = c.type}, payload(32));

    EXPECT_EQ(from(kA, in), dropped(FL_DROP_ND)) << c.what;
  }
}

// A destination-options header before ICMPv6 is legal, and an old way past ND filters
// (RFC 6980 forbids only fragments).
TEST_F(EndpointNeighbourTest, RouterAdvertisementBehindAnExtensionHeaderIsDropped) {
  const Packet in = packet(Eth{.dst = "33:33:00:00:00:01", .src = kA.mac},
                           Ipv6{.src = kA.mac.link_local(), .dst = "ff02::1", .ttl = 255},
                           Extension{}, Icmp{.type = 134}, payload(32));

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_ND));
}

TEST_F(EndpointNeighbourTest, FragmentedRouterAdvertisementIsDropped) {
  const Packet whole = packet(Eth{.dst = kB.mac, .src = kA.mac},
                              Ipv6{.src = kA.mac.link_local(), .dst = kB.addr6, .ttl = 255},
                              Icmp{.type = 134}, payload(64));
  const auto [first, last] = fragments(whole, 16, 5);

  EXPECT_EQ(from(kA, first).action, kDrop);
}

}  // namespace
}  // namespace fairlead::test
