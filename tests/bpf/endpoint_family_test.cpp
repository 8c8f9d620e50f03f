// tc_endpoint: flows between a client of one family and a container that has only the other. The
// test's parameter is the client's family.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "capture.h"
#include "icmp_error.h"
#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = kNatFirst + 100;  // the client's, as the container knows it

class EndpointFamilyTest : public FamilyTest {
 protected:
  EndpointFamilyTest() : FamilyTest("tc_endpoint") {}

  Family other() const { return v4() ? Family::v6 : Family::v4; }
  Addr in(const Pair& pair) const { return pair(other()); }
  // The flow of a client, as tc_uplink makes it.
  void put_flow(std::uint8_t proto, const Pair& client = kOutside, std::uint16_t port = 8080) {
    const Way answer{.proto = proto,
                     .shows = {kA.addr(other()), 80, in(kGateway1), kPort},
                     .becomes = {of(kHost), port, of(client), 6000},
                     .kind = FL_NAT_PUBLISHED,
                     .flags = FL_NAT_REPLY};
    program().put("fl_nat", key(answer), entry(answer));
  }
  Ip from_a() const { return {.src = kA.addr(other()), .dst = in(kGateway1)}; }
  Ip to_client(const Pair& client = kOutside) const {
    return {.src = of(kHost), .dst = of(client), .ttl = 63};
  }
  static Tcp tcp(std::uint16_t sport, std::uint16_t dport) {
    return {.sport = sport, .dport = dport, .flags = kSyn | kAck, .options = {2, 4, 5, 0xa0}};
  }
  Packet answer(const Layer& l4, const Bytes& body = {}) const {
    return packet(by_gateway(kA), from_a(), l4, body);
  }
  Packet answer_outside(const Layer& l4, const Bytes& body = {}) const {
    return packet(to_router(), to_client(), l4, body);
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointFamilyTest);

TEST_P(EndpointFamilyTest, TcpAnswerLeavesWithTheHostsAddress) {
  put_flow(IPPROTO_TCP);

  for (const std::size_t size : {0, 1, 1000, 1420}) {
    EXPECT_EQ(
        from(kA, answer(tcp(80, kPort), payload(size))),
        redirected(FL_FORWARD_PUBLISHED_REPLY, answer_outside(tcp(8080, 6000), payload(size))))
        << size;
  }
}

TEST_P(EndpointFamilyTest, DatagramsOfEverySizeLeave) {
  put_flow(IPPROTO_UDP);

  for (const std::size_t size : {0, 1, 2, 3, 31, 512, 1399, 1400, 1452}) {
    EXPECT_EQ(from(kA, answer(Udp{.sport = 80, .dport = kPort}, payload(size))),
              redirected(FL_FORWARD_PUBLISHED_REPLY,
                         answer_outside(Udp{.sport = 8080, .dport = 6000}, payload(size))))
        << size;
  }
}

TEST_P(EndpointFamilyTest, ChecksumIsMadeForADatagramWithoutOne) {
  if (v4()) return;
  put_flow(IPPROTO_UDP);

  for (const std::size_t size : {0, 1, 63, 64, 65, 1452}) {
    EXPECT_EQ(from(kA, answer(Udp{.sport = 80, .dport = kPort, .checksum = false}, payload(size))),
              redirected(FL_FORWARD_PUBLISHED_REPLY,
                         answer_outside(Udp{.sport = 8080, .dport = 6000}, payload(size))))
        << size;
  }
}

// A sum of zero is written as its complement (RFC 768).
TEST_P(EndpointFamilyTest, MadeChecksumIsNeverZero) {
  if (v4()) return;
  put_flow(IPPROTO_UDP);
  const Packet zero_but = answer_outside(Udp{.sport = 8080, .dport = 6000}, Bytes{{0, 0}});
  const std::size_t check = 14 + 40 + 6;
  const Bytes body{{zero_but.bytes[check], zero_but.bytes[check + 1]}};
  const Packet want = answer_outside(Udp{.sport = 8080, .dport = 6000}, body);
  ASSERT_EQ(want.bytes[check], 0xff);
  ASSERT_EQ(want.bytes[check + 1], 0xff);

  EXPECT_EQ(from(kA, answer(Udp{.sport = 80, .dport = kPort, .checksum = false}, body)),
            redirected(FL_FORWARD_PUBLISHED_REPLY, want));
}

TEST_P(EndpointFamilyTest, FragmentsLeave) {
  put_flow(IPPROTO_UDP);
  const auto cut = [](const Packet& whole) { return fragments(whole, 32, 7); };
  const auto before = cut(answer(Udp{.sport = 80, .dport = kPort}, payload(65)));
  const auto after = cut(answer_outside(Udp{.sport = 8080, .dport = 6000}, payload(65)));

  EXPECT_EQ(from(kA, before.first), redirected(FL_FORWARD_PUBLISHED_REPLY, after.first));
  EXPECT_EQ(from(kA, before.second), redirected(FL_FORWARD_PUBLISHED_REPLY, after.second));
}

TEST_P(EndpointFamilyTest, OptionsAreLeftOut) {
  if (v4()) return;
  put_flow(IPPROTO_TCP);

  EXPECT_EQ(from(kA, packet(by_gateway(kA),
                            Ipv4{.src = kA.addr4, .dst = kGateway1.v4, .options = {1, 1, 1, 1}},
                            tcp(80, kPort), payload(5))),
            redirected(FL_FORWARD_PUBLISHED_REPLY, answer_outside(tcp(8080, 6000), payload(5))));
}

// The container is told by how much less it must send: the headers of IPv6 are 20 bytes longer.
TEST_P(EndpointFamilyTest, TooBigForTheRouteIsToldInTheContainersFamily) {
  put_flow(IPPROTO_UDP, kSmallMtu);
  const int growth = v4() ? -20 : 20;
  const std::size_t headers = (v4() ? 20 : 40) + 8;
  const auto sized = [&](std::size_t on_the_wire) {
    return answer(Udp{.sport = 80, .dport = kPort}, payload(on_the_wire - headers));
  };
  const Packet big = sized(kSmallMtuBytes + 1);
  const Told too_big{"too big", 3, 4, 2, 0, kSmallMtuBytes - static_cast<std::uint32_t>(growth)};
  const Layer ip = v4() ? Layer(Ipv6{.src = in(kGateway1), .dst = kA.addr6})
                        : Layer(Ipv4{.src = in(kGateway1), .dst = kA.addr4, .tos = 0xc0});

  EXPECT_EQ(from(kA, sized(kSmallMtuBytes)),
            redirected(FL_FORWARD_PUBLISHED_REPLY,
                       packet(to_router(), to_client(kSmallMtu), Udp{.sport = 8080, .dport = 6000},
                              payload(kSmallMtuBytes - headers))));
  EXPECT_EQ(from(kA, big),
            refused(FL_DROP_TOO_BIG, icmp_error(gateway_to(kA), ip, too_big, quote(big, 548))));
}

TEST_P(EndpointFamilyTest, LastHopIsToldToTheContainer) {
  put_flow(IPPROTO_TCP);
  Ip last = from_a();
  last.ttl = 1;

  EXPECT_TRUE(from(kA, packet(by_gateway(kA), last, tcp(80, kPort))).reasons.contains(FL_DROP_TTL));
}

TEST_P(EndpointFamilyTest, SctpKeepsItsPorts) {
  const Way way{.proto = IPPROTO_SCTP,
                .shows = {kA.addr(other()), 80, in(kGateway1), 6000},
                .becomes = {of(kHost), 80, of(kOutside), 6000},
                .kind = FL_NAT_PUBLISHED,
                .flags = FL_NAT_REPLY};
  program().put("fl_nat", key(way), entry(way));
  const Sctp both{.sport = 80, .dport = 6000};

  EXPECT_EQ(from(kA, answer(both, payload(20))),
            redirected(FL_FORWARD_PUBLISHED_REPLY, answer_outside(both, payload(20))));
}

// Hairpin: B has both families, and asks by the one that the container behind the port has not.
TEST_P(EndpointFamilyTest, NeighbourIsReachedThroughTheHostsAddress) {
  for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP}) {
    publish(of(kAny), 8080, proto, kC, 80, other());
    const auto l4 = [&](std::uint16_t sport, std::uint16_t dport) -> Layer {
      if (proto == IPPROTO_UDP) return Udp{.sport = sport, .dport = dport};
      return Tcp{.sport = sport, .dport = dport};
    };
    const Ip ask{.src = b(), .dst = of(kHost)},
        asked{.src = in(kGateway2), .dst = kC.addr(other())};
    const Ip tell{.src = kC.addr(other()), .dst = in(kGateway2)},
        told{.src = of(kHost), .dst = b()};

    EXPECT_EQ(
        from(kB, packet(by_gateway(kB), ask, l4(kPort, 8080), payload(99))),
        redirected(FL_FORWARD_HAIRPIN, packet(gateway_to(kC), asked, l4(kPort, 80), payload(99))));
    EXPECT_EQ(
        from(kC, packet(by_gateway(kC), tell, l4(80, kPort), payload(98))),
        redirected(FL_FORWARD_HAIRPIN, packet(gateway_to(kB), told, l4(8080, kPort), payload(98))));
  }
}

TEST_P(EndpointFamilyTest, NetworkWithoutAGatewayOfTheFamilyIsNotReached) {
  publish(of(kAny), 8080, IPPROTO_TCP, kC, 80, other());
  auto network = *program().get<std::uint32_t, fl_network>("fl_networks", 2U);
  network.gateway4 = network.gateway6 = {};
  program().put("fl_networks", 2U, network);

  EXPECT_TRUE(from(kB, packet(by_gateway(kB), Ip{.src = b(), .dst = of(kHost)},
                              Tcp{.sport = kPort, .dport = 8080}))
                  .reasons.contains(FL_DROP_NOT_PUBLISHED));
}

// Frames whose headers are not in the linear part of the skb.
TEST_P(EndpointFamilyTest, NonlinearPacketLeavesWhole) {
  for (const bool tcp_too : {false, true}) {
    put_flow(tcp_too ? IPPROTO_TCP : IPPROTO_UDP);
    const auto l4 = [&](std::uint16_t sport, std::uint16_t dport) -> Layer {
      if (tcp_too) return tcp(sport, dport);
      return Udp{.sport = sport, .dport = dport};
    };
    Capture wire("up0_p", Reports::ignore);

    EXPECT_EQ(program().run_on_wire(kA.device, BpfProgram::Hook::ingress,
                                    answer(l4(80, kPort), payload(5000)), 14),
              Reasons{FL_FORWARD_PUBLISHED_REPLY});
    EXPECT_EQ(wire.received(),
              (std::vector<Packet>{answer_outside(l4(8080, 6000), payload(5000))}));
  }
}

}  // namespace
}  // namespace fairlead::test
