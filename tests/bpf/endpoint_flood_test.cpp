// tc_endpoint: broadcast and multicast reach every member of the network and the host, and
// nobody else. The copies are seen by packet sockets on the devices' other ends.
#include <gtest/gtest.h>

#include "capture.h"
#include "world.h"

namespace fairlead::test {
namespace {

const Mac kBroadcast = "ff:ff:ff:ff:ff:ff";

class EndpointFloodTest : public WorldTest {
 protected:
  EndpointFloodTest() : WorldTest("tc_endpoint") {}

  // Expects `in` from A at exactly these ends.
  void expect_copies(const Packet& in, bool to_b, bool to_host) {
    Capture a("ep_a_p"), b("ep_b_p"), c("ep_c_p"), host("fl_host");
    Capture up("up0_p", Reports::ignore);

    const Ran got = from(kA, in);

    EXPECT_EQ(got.reasons, Reasons{FL_FORWARD_FLOOD});
    EXPECT_NE(got.action, kRedirect) << "the original must end here";
    const std::vector<Packet> one{in};
    EXPECT_EQ(b.received(), to_b ? one : std::vector<Packet>{}) << "at the neighbour";
    EXPECT_EQ(host.received(), to_host ? one : std::vector<Packet>{}) << "at the host";
    EXPECT_EQ(a.received(), std::vector<Packet>{}) << "back at the sender";
    EXPECT_EQ(c.received(), std::vector<Packet>{}) << "in another network";
    EXPECT_EQ(up.received(), std::vector<Packet>{}) << "outside";
  }
};

Packet v4_to(const Addr& dst, const Mac& mac = kBroadcast) {
  return packet(Eth{.dst = mac, .src = kA.mac}, Ipv4{.src = kA.addr4, .dst = dst, .ttl = 1},
                Udp{.dport = 5353}, payload(40));
}

Packet v6_to(const Addr& dst, const Addr& src = kA.addr6) {
  return packet(Eth{.dst = "33:33:00:00:00:fb", .src = kA.mac},
                Ipv6{.src = src, .dst = dst, .ttl = 1}, Udp{.dport = 5353}, payload(40));
}

TEST_F(EndpointFloodTest, LimitedBroadcastReachesMembersAndHost) {
  expect_copies(v4_to("255.255.255.255"), true, true);
}

TEST_F(EndpointFloodTest, SubnetBroadcastReachesMembersAndHost) {
  expect_copies(v4_to("10.77.1.255"), true, true);
}

TEST_F(EndpointFloodTest, Ipv4MulticastReachesMembersAndHost) {
  expect_copies(v4_to("224.0.0.251", "01:00:5e:00:00:fb"), true, true);
}

TEST_F(EndpointFloodTest, Ipv6MulticastReachesMembersAndHost) {
  expect_copies(v6_to("ff02::fb"), true, true);
}

TEST_F(EndpointFloodTest, LinkLocalSourceIsFlooded) {
  expect_copies(v6_to("ff02::fb", kA.mac.link_local()), true, true);
}

TEST_F(EndpointFloodTest, FragmentsOfADatagramAreFlooded) {
  const auto [first, last] = fragments(v4_to("224.0.0.251", "01:00:5e:00:00:fb"), 16, 3);

  expect_copies(first, true, true);
  expect_copies(last, true, true);
}

TEST_F(EndpointFloodTest, WithoutIccOnlyTheHostGetsACopy) {
  set_flags(1, FL_NET_MASQUERADE | FL_NET_NO_ICC);

  expect_copies(v4_to("255.255.255.255"), false, true);
  expect_copies(v6_to("ff02::fb"), false, true);
}

TEST_F(EndpointFloodTest, InternalNetworkFloodsInside) {
  set_flags(1, FL_NET_INTERNAL);

  expect_copies(v4_to("255.255.255.255"), true, true);
}

TEST_F(EndpointFloodTest, MulticastListenerReportFromUnspecifiedPasses) {
  const Packet in =
      packet(Eth{.dst = "33:33:00:00:00:16", .src = kA.mac},
             Ipv6{.src = "::", .dst = "ff02::16", .ttl = 1},
             Extension{.type = 0, .body = {5, 2, 0, 0, 1, 0}}, Icmp{.type = 143}, payload(20));

  expect_copies(in, true, true);
}

TEST_F(EndpointFloodTest, SpoofedBroadcastIsDropped) {
  const Packet in = packet(Eth{.dst = kBroadcast, .src = kA.mac},
                           Ipv4{.src = kB.addr4, .dst = "255.255.255.255"}, Udp{});
  Capture b("ep_b_p");

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE));
  EXPECT_EQ(b.received(), std::vector<Packet>{});
}

// DHCP clients send from 0.0.0.0; a container's address is given, so this stays a spoof.
TEST_F(EndpointFloodTest, BroadcastFromUnspecifiedIpv4IsDropped) {
  const Packet in =
      packet(Eth{.dst = kBroadcast, .src = kA.mac},
             Ipv4{.src = "0.0.0.0", .dst = "255.255.255.255"}, Udp{.sport = 68, .dport = 67});

  EXPECT_EQ(from(kA, in), dropped(FL_DROP_SPOOFED_SOURCE));
}

TEST_F(EndpointFloodTest, BroadcastOfAnotherNetworkIsNotFloodedThere) {
  Capture c("ep_c_p");

  EXPECT_EQ(from(kA, v4_to("10.77.2.255", kGatewayMac)).action, kDrop);
  EXPECT_EQ(c.received(), std::vector<Packet>{});
}

TEST_F(EndpointFloodTest, MemberThatIsGoneDoesNotStopTheOthers) {
  auto network = *program().get<std::uint32_t, fl_network>("fl_networks", kA.network);
  const std::uint32_t no_such_device = 60000;
  program().put("fl_members", fl_member_key{.network = 1, .slot = 0}, no_such_device);
  program().put("fl_networks", kA.network, network);

  expect_copies(v4_to("255.255.255.255"), true, true);
}

// A unicast packet in a broadcast frame is what some attacks use; it goes to its address only.
TEST_F(EndpointFloodTest, UnicastAddressInABroadcastFrameIsNotFlooded) {
  const Packet in =
      packet(Eth{.dst = kBroadcast, .src = kA.mac}, Ipv4{.src = kA.addr4, .dst = kB.addr4}, Udp{});

  EXPECT_EQ(from(kA, in),
            redirected(FL_FORWARD_LOCAL,
                       packet(between(kA, kB), Ipv4{.src = kA.addr4, .dst = kB.addr4}, Udp{})));
}

}  // namespace
}  // namespace fairlead::test
