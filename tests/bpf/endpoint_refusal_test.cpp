// tc_endpoint: what cannot be delivered is dropped, and its sender is told by ICMP.
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint8_t kControl = 0xc0;  // internetwork control (RFC 1812 4.3.2.5)

// ICMP error types and codes of both families (RFC 792, RFC 4443).
struct Told {
  std::uint8_t type4, code4, type6, code6;
};
constexpr Told kNetUnreachable{3, 0, 1, 0};
constexpr Told kHostUnreachable{3, 1, 1, 3};
constexpr Told kTooBig{3, 4, 2, 0};
constexpr Told kTimeExceeded{11, 0, 3, 0};

class EndpointRefusalTest : public FamilyTest {
 protected:
  EndpointRefusalTest() : FamilyTest("tc_endpoint") {}

  std::size_t l3() const { return v4() ? 20 : 40; }

  // The error from the gateway, quoting as much of `in` as the program chose to.
  Packet icmp_error(const Told& told, std::uint32_t rest, const Packet& in,
                    std::size_t quoted) const {
    Bytes quote{
        Buffer(in.bytes.begin() + 14, in.bytes.begin() + 14 + static_cast<std::ptrdiff_t>(quoted))};
    const Layer ip = v4() ? Layer(Ipv4{.src = of(kGateway1), .dst = a(), .tos = kControl})
                          : Layer(Ipv6{.src = of(kGateway1), .dst = a()});
    return packet(gateway_to(kA), ip,
                  Icmp{.type = v4() ? told.type4 : told.type6,
                       .code = v4() ? told.code4 : told.code6,
                       .rest = rest},
                  quote);
  }

  // RFC 1812 4.3.2.3 and RFC 4443 2.4: a whole small packet is quoted, a large one up to
  // 548 or 1232 bytes, and never less than its header and 8 bytes.
  void expect_refused(const Packet& in, fl_reason reason, const Told& told,
                      std::uint32_t rest = 0) {
    const Ran got = from(kA, in);

    const std::size_t header = 14 + l3() + 8;
    ASSERT_GE(got.packet.size(), header);
    const std::size_t quoted = got.packet.size() - header;
    const std::size_t whole = in.size() - 14;
    EXPECT_GE(quoted, std::min(whole, l3() + 8));
    EXPECT_LE(quoted, std::min<std::size_t>(whole, v4() ? 548 : 1232));
    ASSERT_LE(quoted, whole);
    EXPECT_EQ(got, refused(reason, icmp_error(told, rest, in, quoted)));
  }
  Packet to(const Addr& dst, std::size_t length = 20, std::uint8_t ttl = 64) const {
    return packet(by_gateway(kA), Ip{.src = a(), .dst = dst, .ttl = ttl},
                  Udp{.sport = kNatFirst, .dport = 33434}, payload(length));
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointRefusalTest);

TEST_P(EndpointRefusalTest, TimeExceededAtTheFirstHop) {
  expect_refused(to(of(kOutside), 20, 1), FL_DROP_TTL, kTimeExceeded);
  expect_refused(to(of(kOutside), 20, 0), FL_DROP_TTL, kTimeExceeded);
}

TEST_P(EndpointRefusalTest, TimeExceededOfAFlowThatExists) {
  EXPECT_EQ(from(kA, to(of(kOutside))).reasons, Reasons{FL_FORWARD_MASQUERADE});

  expect_refused(to(of(kOutside), 20, 1), FL_DROP_TTL, kTimeExceeded);
}

TEST_P(EndpointRefusalTest, TracerouteByPingIsAnswered) {
  expect_refused(packet(by_gateway(kA), Ip{.src = a(), .dst = of(kOutside), .ttl = 1},
                        Echo{.id = kNatFirst}, payload(32)),
                 FL_DROP_TTL, kTimeExceeded);
}

TEST_P(EndpointRefusalTest, LargePacketIsQuotedInPart) {
  expect_refused(to(of(kOutside), 1400, 1), FL_DROP_TTL, kTimeExceeded);
}

TEST_P(EndpointRefusalTest, OddLengthIsSummedRight) {
  expect_refused(to(of(kOutside), 21, 1), FL_DROP_TTL, kTimeExceeded);
  expect_refused(to(of(kOutside), 0, 1), FL_DROP_TTL, kTimeExceeded);
}

TEST_P(EndpointRefusalTest, NoRouteToTheDestination) {
  expect_refused(to(of(kNoRoute)), FL_DROP_NO_ROUTE, kNetUnreachable);
}

TEST_P(EndpointRefusalTest, NobodyHasTheAddress) {
  expect_refused(to(of(kNobody)), FL_DROP_NO_SUCH_ADDRESS, kHostUnreachable);
}

TEST_P(EndpointRefusalTest, PathMtuIsTold) {
  expect_refused(to(of(kSmallMtu), 1400), FL_DROP_TOO_BIG, kTooBig, kSmallMtuBytes);
}

TEST_P(EndpointRefusalTest, PathMtuOfAFlowThatExistsIsTold) {
  EXPECT_EQ(from(kA, to(of(kSmallMtu), 100)).reasons, Reasons{FL_FORWARD_MASQUERADE});

  expect_refused(to(of(kSmallMtu), 1400), FL_DROP_TOO_BIG, kTooBig, kSmallMtuBytes);
}

TEST_P(EndpointRefusalTest, PacketOfExactlyThePathMtuPasses) {
  const Packet in = to(of(kSmallMtu), kSmallMtuBytes - l3() - 8);
  const Packet longer = to(of(kSmallMtu), kSmallMtuBytes - l3() - 8 + 1);

  EXPECT_EQ(from(kA, in).reasons, Reasons{FL_FORWARD_MASQUERADE});
  EXPECT_TRUE(from(kA, longer).reasons.contains(FL_DROP_TOO_BIG));
}

TEST_P(EndpointRefusalTest, RoutedNetworkIsToldToo) {
  set_flags(1, 0);

  expect_refused(to(of(kOutside), 20, 1), FL_DROP_TTL, kTimeExceeded);
  expect_refused(to(of(kNoRoute)), FL_DROP_NO_ROUTE, kNetUnreachable);
}

TEST_P(EndpointRefusalTest, TcpIsToldToo) {
  expect_refused(packet(by_gateway(kA), Ip{.src = a(), .dst = of(kOutside), .ttl = 1},
                        Tcp{.sport = kNatFirst, .options = {2, 4, 5, 0xb4}}),
                 FL_DROP_TTL, kTimeExceeded);
}

// RFC 1122 3.2.2 and RFC 4443 2.4 (e): no error about an error, or errors would breed.
TEST_P(EndpointRefusalTest, NoErrorAboutAnIcmpError) {
  const Packet in = packet(by_gateway(kA), Ip{.src = a(), .dst = of(kNobody), .ttl = 1},
                           Icmp{.type = static_cast<std::uint8_t>(v4() ? 3 : 1)}, payload(48));

  const Ran got = from(kA, in);

  EXPECT_EQ(got.action, kDrop);
  EXPECT_FALSE(got.reasons.contains(FL_FORWARD_ICMP_ERROR));
}

TEST_P(EndpointRefusalTest, NoErrorAboutALaterFragment) {
  const auto [first, last] = fragments(to(of(kNobody), 64), 32, 8);

  EXPECT_EQ(from(kA, first).reasons, (Reasons{FL_DROP_NO_SUCH_ADDRESS, FL_FORWARD_ICMP_ERROR}));
  EXPECT_EQ(from(kA, last), dropped(FL_DROP_NO_SUCH_ADDRESS));
}

TEST_P(EndpointRefusalTest, TtlOfNeighboursAndHostIsNotAsked) {
  EXPECT_EQ(from(kA, to(b(), 20, 1)).reasons, Reasons{FL_FORWARD_LOCAL});
  EXPECT_EQ(from(kA, to(of(kGateway1), 20, 1)).reasons, Reasons{FL_FORWARD_HOST_IN});
}

class EndpointRefusalOptionsTest : public WorldTest {
 protected:
  EndpointRefusalOptionsTest() : WorldTest("tc_endpoint") {}
};

// The quote begins with the header as it came, options included.
TEST_F(EndpointRefusalOptionsTest, PacketWithOptionsIsQuotedWithThem) {
  const Packet in =
      packet(by_gateway(kA),
             Ipv4{.src = kA.addr4, .dst = kNobody.v4, .options = {7, 7, 4, 0, 0, 0, 0}}, Udp{});

  const Ran got = from(kA, in);

  ASSERT_EQ(got.reasons, (Reasons{FL_DROP_NO_SUCH_ADDRESS, FL_FORWARD_ICMP_ERROR}));
  Bytes quote{Buffer(in.bytes.begin() + 14, in.bytes.end())};
  EXPECT_EQ(got.packet,
            packet(gateway_to(kA), Ipv4{.src = kGateway1.v4, .dst = kA.addr4, .tos = kControl},
                   Icmp{.type = 3, .code = 1}, quote));
}

}  // namespace
}  // namespace fairlead::test
