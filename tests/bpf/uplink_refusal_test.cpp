// tc_uplink: packets for containers that end here at their last hop, and the client is told, so
// that traceroute to a published port works.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "icmp_error.h"

namespace fairlead::test {
namespace {

constexpr std::uint8_t kControl = 0xc0;  // internetwork control (RFC 1812 4.3.2.5)

class UplinkRefusalTest : public FamilyTest {
 protected:
  UplinkRefusalTest() : FamilyTest("tc_uplink") {}

  Packet request(std::uint8_t proto, std::uint8_t ttl, std::size_t length = 31) const {
    const Ip ip{.src = of(kOutside), .dst = of(kHost), .ttl = ttl};
    if (proto == IPPROTO_TCP) {
      return packet(from_router(), ip, Tcp{.sport = 6000, .dport = 8080}, payload(length));
    }
    return packet(from_router(), ip, Udp{.sport = 6000, .dport = 8080}, payload(length));
  }
  Packet told(const Packet& in, const Addr& by, std::size_t length = SIZE_MAX) const {
    const Layer ip = v4() ? Layer(Ipv4{.src = by, .dst = of(kOutside), .tos = kControl})
                          : Layer(Ipv6{.src = by, .dst = of(kOutside)});
    return icmp_error(to_router(), ip, kTimeExceeded, quote(in, length));
  }
  void publish_any(std::uint8_t proto) { publish(of(kAny), 8080, proto, kA, 80, GetParam()); }
};
FAIRLEAD_BOTH_FAMILIES(UplinkRefusalTest);

TEST_P(UplinkRefusalTest, ClientOfAPublishedPortIsToldByTheHostsAddress) {
  for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP}) {
    publish_any(proto);
    for (const std::uint8_t ttl : std::initializer_list<std::uint8_t>{0, 1}) {
      const Packet in = request(proto, ttl);

      EXPECT_EQ(from_uplink(in), refused(FL_DROP_TTL, told(in, of(kHost))));
    }
  }
}

TEST_P(UplinkRefusalTest, ProbeMakesNoFlow) {
  publish_any(IPPROTO_UDP);
  from_uplink(request(IPPROTO_UDP, 1));

  EXPECT_TRUE(program().keys<fl_flow>("fl_nat").empty());
}

TEST_P(UplinkRefusalTest, ClientOfAFlowThatExistsIsToldToo) {
  publish_any(IPPROTO_TCP);
  EXPECT_EQ(from_uplink(request(IPPROTO_TCP, 64)).reasons, Reasons{FL_FORWARD_PUBLISHED});
  const Packet in = request(IPPROTO_TCP, 1);

  EXPECT_EQ(from_uplink(in), refused(FL_DROP_TTL, told(in, of(kHost))));
}

// The kernel gives up its own sum over a packet that is cut, so none is carried here.
TEST_P(UplinkRefusalTest, LargePacketIsQuotedInPart) {
  publish_any(IPPROTO_UDP);
  const Packet in = request(IPPROTO_UDP, 1, 1300);

  EXPECT_EQ(program().run(in, {.ifindex = uplink(), .ingress_ifindex = uplink()}),
            refused(FL_DROP_TTL, told(in, of(kHost), 548)));
}

TEST_P(UplinkRefusalTest, SenderOfAReplyIsToldByTheAddressThatItWasSentTo) {
  const Way way{.shows = {of(kOutside), 53, of(kHost), kNatFirst},
                .becomes = {of(kOutside), 53, a(), 5353},
                .flags = FL_NAT_REPLY,
                .to = &kA};
  program().put("fl_nat", key(way), entry(way));
  const Packet in = packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost), .ttl = 1},
                           Udp{.sport = 53, .dport = kNatFirst}, payload(31));

  EXPECT_EQ(from_uplink(in), refused(FL_DROP_TTL, told(in, of(kHost))));
}

// The container's own address is no router's.
TEST_P(UplinkRefusalTest, SenderToAContainersAddressIsToldByTheUplinks) {
  const Way way{.shows = {of(kOutside), 6000, a(), kNatFirst},
                .becomes = {of(kOutside), 6000, a(), kNatFirst},
                .kind = FL_NAT_ROUTED,
                .flags = FL_NAT_REPLY,
                .to = &kA};
  program().put("fl_nat", key(way), entry(way));
  const Packet in = packet(from_router(), Ip{.src = of(kOutside), .dst = a(), .ttl = 1},
                           Udp{.sport = 6000, .dport = kNatFirst}, payload(31));

  EXPECT_EQ(from_uplink(in), refused(FL_DROP_TTL, told(in, of(kHost))));
}

TEST_P(UplinkRefusalTest, PortOfTheOtherFamilyIsToldInThePacketsOwn) {
  publish(of(kAny), 8080, IPPROTO_UDP, kA, 80, v4() ? Family::v6 : Family::v4);
  const Packet in = request(IPPROTO_UDP, 1);

  EXPECT_EQ(from_uplink(in), refused(FL_DROP_TTL, told(in, of(kHost))));
}

// RFC 1122 3.2.2: what many received is not answered by each of them.
TEST_P(UplinkRefusalTest, NoErrorAboutABroadcastFrame) {
  publish_any(IPPROTO_UDP);
  Packet in = request(IPPROTO_UDP, 1);
  std::fill_n(in.bytes.begin(), 6, std::uint8_t{0xff});

  EXPECT_EQ(from_uplink(in), dropped(FL_DROP_TTL));
}

TEST_P(UplinkRefusalTest, NoErrorAboutALaterFragment) {
  publish_any(IPPROTO_UDP);
  from_uplink(fragments(request(IPPROTO_UDP, 64, 64), 32, 7).first);

  EXPECT_EQ(from_uplink(fragments(request(IPPROTO_UDP, 1, 64), 32, 7).second),
            dropped(FL_DROP_TTL));
}

TEST_P(UplinkRefusalTest, ForgedSourceIsNotAnswered) {
  publish_any(IPPROTO_UDP);
  const Packet in = packet(from_router(), Ip{.src = b(), .dst = of(kHost), .ttl = 1},
                           Udp{.sport = 6000, .dport = 8080});

  EXPECT_EQ(from_uplink(in), dropped(FL_DROP_MARTIAN));
}

// The host answers for itself.
TEST_P(UplinkRefusalTest, LastHopToTheHostIsTheHosts) {
  const Packet in = request(IPPROTO_UDP, 1);

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

}  // namespace
}  // namespace fairlead::test
