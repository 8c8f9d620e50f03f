// tc_uplink: ICMP errors from outside about packets of translated flows.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "icmp_error.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = kNatFirst + 7;          // of A's masqueraded flow, outside
constexpr std::uint16_t kOwn = 5353;                    // and inside
const Pair kRouter{"198.18.44.1", "2001:db8:f4:4::1"};  // somewhere on the way

// The ways of one flow: what A sent, and what its answers become.
struct Case {
  const char* name;
  std::uint8_t proto;
  Tuple outside;  // the packet that the error is about, as the wire saw it
  Tuple inside;   // as A sent it
  fl_nat_kind kind;

  Way way() const {
    return {.proto = proto,
            .shows = outside.back(),
            .becomes = inside.back(),
            .kind = kind,
            .flags = static_cast<std::uint8_t>(kind == FL_NAT_PUBLISHED ? 0 : FL_NAT_REPLY),
            .to = &kA};
  }
};

class UplinkRelatedTest : public FamilyTest {
 protected:
  UplinkRelatedTest() : FamilyTest("tc_uplink") {}

  Case masqueraded(std::uint8_t proto = IPPROTO_UDP) const {
    const bool echo = proto == icmp_proto(GetParam());
    const auto there = [&](const Addr& src, std::uint16_t port) {
      return Tuple{src, port, of(kOutside), echo ? port : std::uint16_t{53}};
    };
    return {"masqueraded", proto, there(of(kHost), kPort), there(a(), kOwn), FL_NAT_MASQUERADE};
  }
  Case published(std::uint8_t proto = IPPROTO_UDP, std::uint16_t port = 8080) const {
    return {"published",
            proto,
            {of(kHost), port, of(kOutside), 6000},
            {a(), 80, of(kOutside), 6000},
            FL_NAT_PUBLISHED};
  }
  Case routed(std::uint8_t proto = IPPROTO_UDP) const {
    const std::uint16_t dport = proto == icmp_proto(GetParam()) ? kOwn : std::uint16_t{53};
    const Tuple same{a(), kOwn, of(kOutside), dport};
    return {"routed", proto, same, same, FL_NAT_ROUTED};
  }
  std::vector<Case> cases() const {
    std::vector<Case> out;
    for (const std::uint8_t proto : translated_protocols(GetParam())) {
      out.push_back(masqueraded(proto));
      out.push_back(routed(proto));
    }
    out.push_back(published(IPPROTO_TCP));
    out.push_back(published(IPPROTO_UDP));
    out.push_back(published(IPPROTO_SCTP, 80));
    return out;
  }
  void put(const Case& c) {
    const Way way = c.way();
    program().put("fl_nat", key(way), entry(way));
  }
  Packet told(const Case& c, const Told& told, const Bytes& quoted, const Addr& by) const {
    return icmp_error(from_router(), Ip{.src = by, .dst = c.outside.src}, told, quoted);
  }
  Packet told_a(const Told& told, const Bytes& quoted, const Addr& by) const {
    return icmp_error(gateway_to(kA), Ip{.src = by, .dst = a(), .ttl = 63}, told, quoted);
  }
  Packet told(const Case& c, const Packet& about) const {
    return told(c, kTimeExceeded, quote(about), of(kRouter));
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkRelatedTest);

TEST_P(UplinkRelatedTest, EveryErrorAboutEveryFlowReachesTheContainer) {
  for (const Case& c : cases()) {
    put(c);
    for (const Told& error : kErrors) {
      SCOPED_TRACE(std::string(error.name) + ", " + c.name + ", protocol " +
                   std::to_string(c.proto));
      for (const Addr& by : {of(kRouter), of(kOutside)}) {
        EXPECT_EQ(
            from_uplink(told(c, error, quote(between(c.proto, c.outside)), by)),
            redirected(FL_FORWARD_RELATED, told_a(error, quote(between(c.proto, c.inside)), by)));
      }
    }
  }
}

// Routers quote as little as 8 bytes of the L4 header: TCP's checksum is then not in it.
TEST_P(UplinkRelatedTest, QuoteOfEveryLengthIsTranslatedOrLeftAlone) {
  for (const Case& c : cases()) {
    put(c);
    const Packet outside = between(c.proto, c.outside), inside = between(c.proto, c.inside);
    for (std::size_t n = 0; n <= outside.size() - 14; ++n) {
      SCOPED_TRACE(std::string(c.name) + ", protocol " + std::to_string(c.proto) + ", " +
                   std::to_string(n) + " bytes");
      const Packet in = told(c, kTimeExceeded, quote(outside, n), of(kRouter));
      const Ran got = from_uplink(in);
      if (n < (v4() ? 20U : 40U) + 8U) {
        EXPECT_EQ(got, left_alone(in));
      } else {
        EXPECT_EQ(got,
                  redirected(FL_FORWARD_RELATED,
                             told_a(kTimeExceeded, translated_quote(c.proto, outside, inside, n),
                                    of(kRouter))));
      }
    }
  }
}

TEST_P(UplinkRelatedTest, EveryPrefixOfTheFrameIsLeftAlone) {
  const Case c = masqueraded(IPPROTO_TCP);
  put(c);
  const Packet whole = told(c, between(c.proto, c.outside));
  for (std::size_t n = v4() ? 34 : 54; n < whole.size(); ++n) {
    EXPECT_EQ(from_uplink(whole.first(n)), left_alone(whole.first(n))) << n;
  }
}

// Ethernet's padding is no quote, whatever it looks like.
TEST_P(UplinkRelatedTest, PaddingIsNotReadAsAQuote) {
  const Case c = masqueraded(IPPROTO_TCP);
  put(c);
  const Bytes all = quote(between(c.proto, c.outside));
  const std::size_t ports = (v4() ? 20 : 40) + 8;
  const auto padded = [&](std::size_t quoted) {
    Packet p = told(c, kTimeExceeded, quote(between(c.proto, c.outside), quoted), of(kRouter));
    p.bytes.insert(p.bytes.end(), all.bytes.begin() + static_cast<std::ptrdiff_t>(quoted),
                   all.bytes.end());
    return p;
  };
  Packet out = told_a(kTimeExceeded, quote(between(c.proto, c.inside), ports), of(kRouter));
  out.bytes.insert(out.bytes.end(), all.bytes.begin() + static_cast<std::ptrdiff_t>(ports),
                   all.bytes.end());

  EXPECT_EQ(from_uplink(padded(ports - 4)), left_alone(padded(ports - 4)));
  EXPECT_EQ(from_uplink(padded(ports)), redirected(FL_FORWARD_RELATED, out));
}

TEST_P(UplinkRelatedTest, OptionsOfTheQuotedPacketAreSkipped) {
  for (const Case& c : cases()) {
    put(c);
    const auto with_options = [&](const Tuple& t) {
      if (!v4()) {
        return between(c.proto, t,
                       {Extension{.type = 0}, Extension{.type = 60, .body = payload(12).bytes},
                        Extension{.type = 43}, Fragment6{.more = true, .id = 9}});
      }
      Packet p = between(c.proto, t);
      const Buffer l4(p.bytes.begin() + 34, p.bytes.end());
      return packet(Eth{},
                    Ipv4{.src = t.src,
                         .dst = t.dst,
                         .ttl = 3,
                         .proto = c.proto,
                         .df = true,
                         .options = {7, 7, 4, 0, 0, 0, 0}},
                    Bytes{l4});
    };

    EXPECT_EQ(from_uplink(told(c, with_options(c.outside))),
              redirected(FL_FORWARD_RELATED,
                         told_a(kTimeExceeded, quote(with_options(c.inside)), of(kRouter))))
        << c.name << ", protocol " << int{c.proto};
  }
}

TEST_P(UplinkRelatedTest, ErrorWithHeadersOfItsOwnIsTranslated) {
  const Case c = masqueraded();
  put(c);
  const auto error = [&](const Eth& eth, const Addr& dst, std::uint8_t ttl, const Tuple& about) {
    const Bytes quoted = quote(between(c.proto, about));
    if (v4()) {
      const Ipv4 ip{.src = of(kRouter), .dst = dst, .ttl = ttl, .options = {7, 7, 4, 0, 0, 0, 0}};
      return packet(eth, ip, Icmp{.type = 11}, quoted);
    }
    return packet(eth, Ipv6{.src = of(kRouter), .dst = dst, .ttl = ttl},
                  Extension{.type = 60, .body = payload(4).bytes}, Icmp{.type = 3}, quoted);
  };

  EXPECT_EQ(from_uplink(error(from_router(), of(kHost), 64, c.outside)),
            redirected(FL_FORWARD_RELATED, error(gateway_to(kA), a(), 63, c.inside)));
}

TEST_P(UplinkRelatedTest, ChecksumsAreRightWithoutTheIpv6Flag) {
  fl_config old_kernel = config();
  old_kernel.csum_ipv6 = 0;
  reload(old_kernel);
  const Case c = masqueraded(IPPROTO_TCP);
  put(c);

  EXPECT_EQ(from_uplink(told(c, between(c.proto, c.outside))),
            redirected(FL_FORWARD_RELATED,
                       told_a(kTimeExceeded, quote(between(c.proto, c.inside)), of(kRouter))));
}

TEST_P(UplinkRelatedTest, QuotedUdpChecksumOfZeroStaysZero) {
  if (!v4()) return;  // IPv6 has no UDP without one (RFC 8200 8.1)
  const Case c = masqueraded();
  put(c);
  const auto bare = [](const Tuple& t) {
    return packet(Eth{}, Ip{.src = t.src, .dst = t.dst},
                  Udp{.sport = t.sport, .dport = t.dport, .checksum = false}, payload(9));
  };

  EXPECT_EQ(
      from_uplink(told(c, bare(c.outside))),
      redirected(FL_FORWARD_RELATED, told_a(kTimeExceeded, quote(bare(c.inside)), of(kRouter))));
}

// Flows of networks that do not masquerade may be of any protocol.
TEST_P(UplinkRelatedTest, RoutedFlowWithoutPortsIsFound) {
  Case c = routed();
  c.proto = IPPROTO_GRE;
  c.outside.sport = c.outside.dport = c.inside.sport = c.inside.dport = 0;
  put(c);
  const Layer ip = v4() ? Layer(Ipv4{.src = a(), .dst = of(kOutside), .proto = c.proto})
                        : Layer(Ipv6{.src = a(), .dst = of(kOutside), .next = c.proto});
  const Bytes quoted = quote(build({Eth{}, ip, payload(30)}));

  EXPECT_EQ(from_uplink(told(c, kTooBig, quoted, of(kRouter))),
            redirected(FL_FORWARD_RELATED, told_a(kTooBig, quoted, of(kRouter))));
}

TEST_P(UplinkRelatedTest, BrokenChecksumStaysBroken) {
  for (const Case& c : cases()) {
    put(c);
    const std::size_t check = 14 + (v4() ? 20 : 40) + 2;
    const auto broken = [&](Packet p) {  // by one, as such sums are added (RFC 1071)
      const unsigned was = p.bytes[check] << 8 | p.bytes[check + 1];
      const unsigned now = was == 0xffff ? 1 : was + 1;
      p.bytes[check] = static_cast<std::uint8_t>(now >> 8);
      p.bytes[check + 1] = static_cast<std::uint8_t>(now);
      return p;
    };
    EXPECT_EQ(
        from_uplink(broken(told(c, between(c.proto, c.outside)))),
        redirected(FL_FORWARD_RELATED,
                   broken(told_a(kTimeExceeded, quote(between(c.proto, c.inside)), of(kRouter)))));
  }
}

TEST_P(UplinkRelatedTest, ErrorNeitherMakesNorRefreshesAFlow) {
  for (const Case& c : cases()) {
    program().clear<fl_flow>("fl_nat");
    put(c);
    from_uplink(told(c, between(c.proto, c.outside)));

    EXPECT_EQ(program().keys<fl_flow>("fl_nat").size(), 1U);
    const auto after = nat(key(c.way()));
    ASSERT_TRUE(after);
    EXPECT_EQ(after->flags, c.way().flags);
    EXPECT_EQ(after->last_seen, 0U);
  }
}

TEST_P(UplinkRelatedTest, ErrorAboutNoFlowIsLeftToTheHost) {
  const Case c = masqueraded();
  put(c);
  Tuple other_port = c.outside, other_peer = c.outside;
  other_port.sport++;
  other_peer.dst = of(kLan);

  for (const Packet& about : {between(c.proto, other_port), between(c.proto, other_peer),
                              between(IPPROTO_TCP, c.outside), between(c.proto, c.outside.back()),
                              between(c.proto, c.inside), between(c.proto, c.inside.back())}) {
    EXPECT_EQ(from_uplink(told(c, about)), left_alone(told(c, about)));
  }
}

TEST_P(UplinkRelatedTest, ErrorToSomebodyElseThanTheSenderIsLeftAlone) {
  const Case c = masqueraded();
  put(c);
  for (const Addr& dst : {of(kGateway1), of(kLan), a()}) {
    const Packet in = icmp_error(from_router(), Ip{.src = of(kRouter), .dst = dst}, kTimeExceeded,
                                 quote(between(c.proto, c.outside)));
    EXPECT_EQ(from_uplink(in), left_alone(in)) << dst;
  }
}

// What a container sends out must not be found by what comes in.
TEST_P(UplinkRelatedTest, EntryOfTheOtherDirectionIsNotUsed) {
  const Case c = masqueraded();
  Way first = c.way();
  first.shows = c.inside;
  first.becomes = c.outside;
  first.flags = 0;
  program().put("fl_nat", key(first), entry(first));
  const Packet in = icmp_error(from_router(), Ip{.src = of(kRouter), .dst = of(kOutside)},
                               kTimeExceeded, quote(between(c.proto, c.inside.back())));

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

TEST_P(UplinkRelatedTest, FlowThatWaitsForTheHostsRulesIsLeftToTheHost) {
  const Case c = published();
  Way way = c.way();
  way.flags = FL_NAT_WAITS;
  program().put("fl_nat", key(way), entry(way));
  const Packet in = told(c, between(c.proto, c.outside));

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

TEST_P(UplinkRelatedTest, HostileQuotesAreLeftToTheHost) {
  const Case c = masqueraded();
  put(c);
  put(masqueraded(icmp_proto(GetParam())));
  const Packet good = between(c.proto, c.outside);
  const auto with = [&](std::size_t at, std::uint8_t byte) {
    Packet p = good;
    p.bytes[14 + at] = byte;
    return p;
  };
  const Pair other_family{kHost(Family::v6), kHost(Family::v4)};
  std::vector<Packet> quoted{
      told(c, good),  // a quote of a quote
      with(0, v4() ? 0x55 : 0x50),
      with(0, v4() ? 0x65 : 0x40),
      packet(Eth{}, Ip{.src = of(other_family), .dst = of(other_family)}, Udp{}, payload(40)),
  };
  if (v4()) {
    for (const int words : {0, 1, 4, 15}) {
      quoted.push_back(with(0, static_cast<std::uint8_t>(0x40 | words)));  // ihl
    }
    quoted.push_back(with(7, 1));  // a later fragment
  } else {
    quoted.push_back(with(6, 0));  // the UDP header as extension headers
    quoted.push_back(with(6, 43));
    quoted.push_back(with(6, 51));
    quoted.push_back(with(6, 44));
    quoted.push_back(between(c.proto, c.outside, {Fragment6{.offset = 8}}));
    quoted.push_back(between(c.proto, c.outside, std::vector<Layer>(7, Extension{.type = 60})));
  }
  for (const Packet& about : quoted) {
    EXPECT_EQ(from_uplink(told(c, about)), left_alone(told(c, about)));
  }
}

// The lengths in the quote are not believed: what is there counts.
TEST_P(UplinkRelatedTest, LengthsInTheQuoteDoNotMatter) {
  const Case c = masqueraded(IPPROTO_TCP);
  put(c);
  for (const std::uint16_t length :
       std::initializer_list<std::uint16_t>{0, 1, 19, 20, 28, 1500, 65535}) {
    const auto lying = [&](const Tuple& t) {
      const Packet p = between(c.proto, t);
      const std::size_t l3 = v4() ? 34 : 54;
      const Bytes l4{Buffer(p.bytes.begin() + static_cast<std::ptrdiff_t>(l3), p.bytes.end())};
      const Layer ip =
          v4()
              ? Layer(Ipv4{
                    .src = t.src, .dst = t.dst, .ttl = 3, .proto = c.proto, .total_length = length})
              : Layer(Ipv6{.src = t.src,
                           .dst = t.dst,
                           .ttl = 3,
                           .next = c.proto,
                           .payload_length = length});
      return build({Eth{}, ip, l4});
    };
    EXPECT_EQ(
        from_uplink(told(c, lying(c.outside))),
        redirected(FL_FORWARD_RELATED, told_a(kTimeExceeded, quote(lying(c.inside)), of(kRouter))))
        << length;
  }
}

// Redirects and source quench (RFC 6633) are not for containers, and a fragment of an error is not
// read.
TEST_P(UplinkRelatedTest, OtherMessagesAreLeftToTheHost) {
  const Case c = masqueraded();
  put(c);
  const Bytes quoted = quote(between(c.proto, c.outside));
  for (const std::uint8_t type :
       v4() ? std::vector<std::uint8_t>{4, 5, 13} : std::vector<std::uint8_t>{0, 5, 137}) {
    const Packet in =
        packet(from_router(), Ip{.src = of(kRouter), .dst = of(kHost)}, Icmp{.type = type}, quoted);
    EXPECT_EQ(from_uplink(in), left_alone(in)) << int{type};
  }
  const auto cut = fragments(told(c, between(c.proto, c.outside)), 48, 7);
  EXPECT_EQ(from_uplink(cut.first), left_alone(cut.first));
  EXPECT_EQ(from_uplink(cut.second), left_alone(cut.second));
}

TEST_P(UplinkRelatedTest, ForgedSourceIsDropped) {
  const Case c = masqueraded();
  put(c);
  const Bytes quoted = quote(between(c.proto, c.outside));

  for (const Addr& by : {of(kHost), of(kGateway1), b(), of(kLoopback)}) {
    EXPECT_EQ(from_uplink(told(c, kPortUnreachable, quoted, by)), dropped(FL_DROP_MARTIAN)) << by;
  }
}

TEST_P(UplinkRelatedTest, LastHopIsDroppedInSilence) {
  const Case c = masqueraded();
  put(c);

  EXPECT_EQ(
      from_uplink(icmp_error(from_router(), Ip{.src = of(kRouter), .dst = of(kHost), .ttl = 1},
                             kTimeExceeded, quote(between(c.proto, c.outside)))),
      dropped(FL_DROP_TTL));
}

TEST_P(UplinkRelatedTest, ContainerThatIsGoneGetsNothing) {
  const Case c = masqueraded();
  put(c);
  program().erase("fl_endpoints", kA.ifindex());

  EXPECT_EQ(from_uplink(told(c, between(c.proto, c.outside))), dropped(FL_DROP_NO_ENDPOINT));
}

}  // namespace
}  // namespace fairlead::test
