// tc_endpoint: ICMP errors of containers about packets that came to them by translated flows.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "capture.h"
#include "icmp_error.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = kNatFirst + 7;

// A packet that A got, as the flow's other end had sent it, and what A's answers become.
struct Case {
  const char* name;
  std::uint8_t proto;
  Tuple at_a;
  Tuple sent;
  fl_nat_kind kind;
  const Endpoint* to = nullptr;  // whose packet it was; null: somebody's outside

  Way way() const {
    return {.proto = proto,
            .shows = at_a.back(),
            .becomes = sent.back(),
            .kind = kind,
            .flags = static_cast<std::uint8_t>(kind == FL_NAT_PUBLISHED ? FL_NAT_REPLY : 0),
            .to = to};
  }
};

class EndpointRelatedTest : public FamilyTest {
 protected:
  EndpointRelatedTest() : FamilyTest("tc_endpoint") {}

  Case published(std::uint8_t proto = IPPROTO_UDP, std::uint16_t port = 8080) const {
    return {"published",
            proto,
            {of(kOutside), 6000, a(), 80},
            {of(kOutside), 6000, of(kHost), port},
            FL_NAT_PUBLISHED};
  }
  Case masqueraded(std::uint8_t proto) const {
    const bool echo = proto == icmp_proto(GetParam());
    const auto answer = [&](const Addr& dst, std::uint16_t port) {
      return Tuple{of(kOutside), echo ? port : std::uint16_t{53}, dst, port};
    };
    return {"masqueraded", proto, answer(a(), 5353), answer(of(kHost), kPort), FL_NAT_MASQUERADE};
  }
  Case routed() const {
    const Tuple same{of(kOutside), 53, a(), 5353};
    return {"routed", IPPROTO_UDP, same, same, FL_NAT_ROUTED};
  }
  // C asked for A's published port, and A saw its own gateway ask.
  Case hairpin(std::uint8_t proto = IPPROTO_UDP) const {
    return {"hairpin",      proto, {of(kGateway1), kPort, a(), 80}, {c(), 5000, of(kHost), 8080},
            FL_NAT_HAIRPIN, &kC};
  }
  // A asked for C's published port, and got an answer.
  Case hairpin_answer() const {
    return {"answer to a hairpin",           IPPROTO_UDP,    {of(kHost), 8080, a(), 5000},
            {c(), 80, of(kGateway2), kPort}, FL_NAT_HAIRPIN, &kC};
  }
  std::vector<Case> cases() const {
    std::vector<Case> out{
        published(IPPROTO_TCP), published(),     published(IPPROTO_SCTP, 80), routed(), hairpin(),
        hairpin(IPPROTO_TCP),   hairpin_answer()};
    for (const std::uint8_t proto : translated_protocols(GetParam())) {
      out.push_back(masqueraded(proto));
    }
    return out;
  }
  void put(const Case& c) {
    const Way way = c.way();
    program().put("fl_nat", key(way), entry(way));
  }
  // By A to whoever sent the packet that the error is about.
  Packet by_a(const Case& c, const Told& told, const Bytes& quoted, std::uint8_t ttl = 64) const {
    return icmp_error(by_gateway(kA), Ip{.src = a(), .dst = c.at_a.src, .ttl = ttl}, told, quoted);
  }
  Packet delivered(const Case& c, const Told& told, const Bytes& quoted) const {
    const bool outside = c.to == nullptr;
    return icmp_error(
        outside ? to_router() : gateway_to(*c.to),
        Ip{.src = c.sent.dst, .dst = c.sent.src, .ttl = std::uint8_t(outside ? 63 : 64)}, told,
        quoted);
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointRelatedTest);

TEST_P(EndpointRelatedTest, EveryErrorAboutEveryFlowReachesTheSender) {
  for (const Case& c : cases()) {
    put(c);
    for (const Told& error : kErrors) {
      EXPECT_EQ(
          from(kA, by_a(c, error, quote(between(c.proto, c.at_a)))),
          redirected(FL_FORWARD_RELATED, delivered(c, error, quote(between(c.proto, c.sent)))))
          << error.name << ", " << c.name << ", protocol " << int{c.proto};
    }
  }
}

TEST_P(EndpointRelatedTest, QuoteOfEveryLengthIsTranslatedOrDropped) {
  for (const Case& c : cases()) {
    put(c);
    const Packet at_a = between(c.proto, c.at_a), sent = between(c.proto, c.sent);
    const bool to_host = c.at_a.src == of(kGateway1) || c.at_a.src == of(kHost);
    for (std::size_t n = 0; n <= at_a.size() - 14; ++n) {
      SCOPED_TRACE(std::string(c.name) + ", protocol " + std::to_string(c.proto) + ", " +
                   std::to_string(n) + " bytes");
      const Packet in = by_a(c, kPortUnreachable, quote(at_a, n));
      if (n >= (v4() ? 20U : 40U) + 8U) {
        EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_RELATED,
                                           delivered(c, kPortUnreachable,
                                                     translated_quote(c.proto, at_a, sent, n))));
      } else if (to_host) {
        EXPECT_EQ(from(kA, in).reasons, Reasons{FL_FORWARD_HOST_IN});
      } else {
        EXPECT_EQ(from(kA, in), dropped(FL_DROP_NAT_PROTOCOL));
      }
    }
  }
}

TEST_P(EndpointRelatedTest, EveryPrefixOfTheFrameIsDropped) {
  const Case c = published(IPPROTO_TCP);
  put(c);
  const Packet whole = by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a)));
  for (std::size_t n = v4() ? 34 : 54; n < whole.size(); ++n) {
    EXPECT_EQ(from(kA, whole.first(n)), dropped(FL_DROP_TRUNCATED)) << n;
  }
}

TEST_P(EndpointRelatedTest, OptionsOfTheQuotedPacketAreSkipped) {
  const Case c = published(IPPROTO_TCP);
  put(c);
  const auto with_options = [&](const Tuple& t) {
    if (!v4()) return between(c.proto, t, {Extension{.type = 60, .body = payload(12).bytes}});
    const Packet p = between(c.proto, t);
    return packet(Eth{},
                  Ipv4{.src = t.src,
                       .dst = t.dst,
                       .ttl = 3,
                       .proto = c.proto,
                       .options = {7, 7, 4, 0, 0, 0, 0}},
                  Bytes{Buffer(p.bytes.begin() + 34, p.bytes.end())});
  };

  EXPECT_EQ(
      from(kA, by_a(c, kPortUnreachable, quote(with_options(c.at_a)))),
      redirected(FL_FORWARD_RELATED, delivered(c, kPortUnreachable, quote(with_options(c.sent)))));
}

// It is about a packet of the host's own, and the host shall have it as it is.
TEST_P(EndpointRelatedTest, ErrorToTheGatewayAboutNoFlowIsTheHosts) {
  const Case c = hairpin();
  const Packet in = by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a)));

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_HOST_IN, in));
}

TEST_P(EndpointRelatedTest, ErrorAboutNoFlowIsDroppedAndMakesNone) {
  const Case c = published();
  for (const std::uint32_t flags : std::initializer_list<std::uint32_t>{FL_NET_MASQUERADE, 0}) {
    set_flags(1, flags);

    EXPECT_EQ(from(kA, by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a)))),
              dropped(FL_DROP_NAT_PROTOCOL));
    EXPECT_TRUE(program().keys<fl_flow>("fl_nat").empty());
  }
}

// Or it could end its neighbour's connections.
TEST_P(EndpointRelatedTest, ErrorAboutANeighboursFlowIsDropped) {
  const Case c = published();
  put(c);
  const Bytes quoted = quote(between(c.proto, c.at_a));

  EXPECT_EQ(from(kB, icmp_error(by_gateway(kB), Ip{.src = b(), .dst = of(kOutside)},
                                kPortUnreachable, quoted)),
            dropped(FL_DROP_NAT_PROTOCOL));
  EXPECT_EQ(from(kB, icmp_error(by_gateway(kB), Ip{.src = a(), .dst = of(kOutside)},
                                kPortUnreachable, quoted)),
            dropped(FL_DROP_SPOOFED_SOURCE));
}

TEST_P(EndpointRelatedTest, ErrorToSomebodyElseThanTheSenderIsDropped) {
  const Case c = published();
  put(c);

  EXPECT_EQ(from(kA, icmp_error(by_gateway(kA), Ip{.src = a(), .dst = of(kSmallMtu)},
                                kPortUnreachable, quote(between(c.proto, c.at_a)))),
            dropped(FL_DROP_NAT_PROTOCOL));
}

TEST_P(EndpointRelatedTest, ErrorNeitherMakesNorRefreshesAFlow) {
  for (const Case& c : cases()) {
    program().clear<fl_flow>("fl_nat");
    put(c);
    from(kA, by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a))));

    EXPECT_EQ(program().keys<fl_flow>("fl_nat").size(), 1U);
    const auto after = nat(key(c.way()));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->flags, c.way().flags);
    EXPECT_EQ(after->last_seen, 0U);
  }
}

TEST_P(EndpointRelatedTest, LastHopIsDroppedInSilence) {
  const Case c = published();
  put(c);

  EXPECT_EQ(from(kA, by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a)), 1)),
            dropped(FL_DROP_TTL));
}

TEST_P(EndpointRelatedTest, InternalNetworkSaysNothingOutside) {
  const Case c = published();
  put(c);
  set_flags(1, FL_NET_INTERNAL);

  EXPECT_EQ(from(kA, by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a)))),
            dropped(FL_DROP_INTERNAL));
}

// A process of the host that still asks for the address of a container that A took the port over
// from; see FL_NAT_MOVED.
TEST_P(EndpointRelatedTest, ErrorAboutAMovedPortReachesTheHost) {
  const Case c{"moved",
               IPPROTO_UDP,
               {of(kGateway1), 5000, a(), 80},
               {of(kGateway1), 5000, of(kNobody), 80},
               FL_NAT_MOVED};
  put(c);

  EXPECT_EQ(from(kA, by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a)))),
            redirected(FL_FORWARD_RELATED,
                       icmp_error(by_gateway(kA), Ip{.src = of(kNobody), .dst = of(kGateway1)},
                                  kPortUnreachable, quote(between(c.proto, c.sent)))));
}

// Frames whose headers are not in the linear part: test runs have none, so through a real device.
TEST_P(EndpointRelatedTest, ErrorInPagesReachesTheSender) {
  const Case c = published(IPPROTO_TCP);
  put(c);
  Capture wire("up0_p", Reports::ignore);

  EXPECT_EQ(program().run_on_wire(kA.device, BpfProgram::Hook::ingress,
                                  by_a(c, kPortUnreachable, quote(between(c.proto, c.at_a))), 14),
            Reasons{FL_FORWARD_RELATED});
  EXPECT_EQ(wire.received(),
            (std::vector<Packet>{delivered(c, kPortUnreachable, quote(between(c.proto, c.sent)))}));
}

}  // namespace
}  // namespace fairlead::test
