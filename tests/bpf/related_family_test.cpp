// ICMP errors about flows between a client of one family and a container of the other: the error,
// and the packet that it quotes, change family too. The test's parameter is the client's family.
#include <gtest/gtest.h>

#include "icmp_error.h"
#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = kNatFirst + 100;  // the client's, as the container knows it
constexpr std::size_t kLongest = 512;             // bytes of a quote behind its IP header

struct Code {
  std::uint8_t type, code;
  std::uint32_t rest = 0;
};
struct Mapped {
  const char* name;
  Code from;
  std::optional<Code> to;  // none: the other family has no such error
};
const std::vector<Mapped> kFromV6{
    {"no route", {1, 0}, Code{3, 1}},
    {"forbidden", {1, 1}, Code{3, 10}},
    {"address unreachable", {1, 3}, Code{3, 1}},
    {"port unreachable", {1, 4}, Code{3, 3}},
    {"too big", {2, 0, 1400}, Code{3, 4, 1380}},
    {"too big for what IPv6 allows", {2, 0, 1279}, {}},
    {"hop limit", {3, 0}, Code{11, 0}},
    {"reassembly", {3, 1}, Code{11, 1}},
    {"unknown next header", {4, 1, 6}, Code{3, 2}},
    {"erroneous field", {4, 0, 4}, {}},
};
const std::vector<Mapped> kFromV4{
    {"network unreachable", {3, 0}, Code{1, 0}},
    {"host unreachable", {3, 1}, Code{1, 0}},
    {"protocol unreachable", {3, 2}, Code{4, 1, 6}},
    {"port unreachable", {3, 3}, Code{1, 4}},
    {"fragmentation needed", {3, 4, 1400}, Code{2, 0, 1420}},
    {"fragmentation needed, small", {3, 4, 600}, Code{2, 0, 1280}},
    {"fragmentation needed, size not said", {3, 4, 0}, Code{2, 0, 1280}},
    {"forbidden", {3, 13}, Code{1, 1}},
    {"precedence", {3, 14}, {}},
    {"TTL", {11, 0}, Code{3, 0}},
    {"erroneous field", {12, 0}, {}},
};

// Both programs get the same flow; the fixture's own is the one that the error comes to.
class RelatedFamilyTest : public FamilyTest {
 protected:
  using FamilyTest::FamilyTest;

  Family other() const { return v4() ? Family::v6 : Family::v4; }
  Addr in(const Pair& pair) const { return pair(other()); }
  Tuple client() const { return {of(kOutside), 6000, of(kHost), 8080}; }
  Tuple at_a() const { return {in(kGateway1), kPort, kA.addr(other()), 80}; }
  void put_flow(std::uint8_t proto) {
    const Way there{
        .proto = proto, .shows = client(), .becomes = at_a(), .kind = FL_NAT_PUBLISHED, .to = &kA};
    const Way back{.proto = proto,
                   .shows = at_a().back(),
                   .becomes = client().back(),
                   .kind = FL_NAT_PUBLISHED,
                   .flags = FL_NAT_REPLY};
    for (const Way& way : {there, back}) program().put("fl_nat", key(way), entry(way));
  }
  static Packet error(const Eth& eth, const Layer& ip, const Code& code, const Bytes& quoted) {
    return build({eth, ip, Icmp{.type = code.type, .code = code.code, .rest = code.rest}, quoted});
  }
  // As this host writes it.
  static Layer header(const Addr& src, const Addr& dst) {
    if (dst.is_v4()) return Ipv4{.src = src, .dst = dst, .ttl = 63, .tos = 0xc0};
    return Ipv6{.src = src, .dst = dst, .ttl = 63};
  }
};

class UplinkRelatedFamilyTest : public RelatedFamilyTest {
 protected:
  UplinkRelatedFamilyTest() : RelatedFamilyTest("tc_uplink") {}

  const std::vector<Mapped>& errors() const { return v4() ? kFromV4 : kFromV6; }
  Packet told(const Code& code, const Bytes& quoted) const {
    return error(from_router(),
                 Ip{.src = Addr(v4() ? "198.18.44.1" : "2001:db8:44::1"), .dst = of(kHost)}, code,
                 quoted);
  }
  Packet told_a(const Code& code, const Bytes& quoted) const {
    return error(gateway_to(kA), header(in(kGateway1), kA.addr(other())), code, quoted);
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkRelatedFamilyTest);

TEST_P(UplinkRelatedFamilyTest, ErrorsReachTheContainerInItsFamily) {
  for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP}) {
    put_flow(proto);
    const Bytes sent = quote(between(proto, client().back()));
    const Bytes as_a_sent_it = quote(between(proto, at_a().back()));
    for (const Mapped& e : errors()) {
      EXPECT_EQ(from_uplink(told(e.from, sent)),
                e.to ? redirected(FL_FORWARD_RELATED, told_a(*e.to, as_a_sent_it))
                     : dropped(FL_DROP_NAT_PROTOCOL))
          << e.name;
    }
  }
}

TEST_P(UplinkRelatedFamilyTest, QuoteCutShortOrLongIsUnderstood) {
  const std::size_t here = v4() ? 20 : 40, there = v4() ? 40 : 20;
  const Mapped& e = errors().front();
  for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP}) {
    put_flow(proto);
    for (const std::size_t length : {8, 9, 16, 18, 21}) {
      const Bytes sent = quote(between(proto, client().back()), here + length);
      const Bytes as_a_sent_it = quote(between(proto, at_a().back()), there + length);

      EXPECT_EQ(from_uplink(told(e.from, sent)),
                redirected(FL_FORWARD_RELATED, told_a(*e.to, as_a_sent_it)))
          << length;
    }
  }
  const auto large = [&](const Tuple& t) {
    return packet(Eth{}, Ip{.src = t.src, .dst = t.dst}, Udp{.sport = t.sport, .dport = t.dport},
                  payload(1200));
  };
  // Without the card's sum, which ends with the first cut.
  EXPECT_EQ(
      program().run(told(e.from, quote(large(client().back()))),
                    {.ifindex = uplink(), .ingress_ifindex = uplink()}),
      redirected(FL_FORWARD_RELATED, told_a(*e.to, quote(large(at_a().back()), there + kLongest))));
}

// What the receiver could not trust stays so: the checksum is made anew only if it was right.
TEST_P(UplinkRelatedFamilyTest, BrokenErrorIsNotMadeGood) {
  put_flow(IPPROTO_UDP);
  Packet broken = told(errors().front().from, quote(between(IPPROTO_UDP, client().back())));
  broken.bytes.back() ^= 1;

  EXPECT_EQ(from_uplink(broken), dropped(FL_DROP_TRUNCATED));
}

class EndpointRelatedFamilyTest : public RelatedFamilyTest {
 protected:
  EndpointRelatedFamilyTest() : RelatedFamilyTest("tc_endpoint") {}

  const std::vector<Mapped>& errors() const { return v4() ? kFromV6 : kFromV4; }
};
FAIRLEAD_BOTH_FAMILIES(EndpointRelatedFamilyTest);

TEST_P(EndpointRelatedFamilyTest, ErrorsOfTheContainerReachTheClientInItsFamily) {
  for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP}) {
    put_flow(proto);
    const Bytes as_a_got_it = quote(between(proto, at_a()));
    const Bytes sent = quote(between(proto, client()));
    for (const Mapped& e : errors()) {
      const Packet told = error(by_gateway(kA), Ip{.src = kA.addr(other()), .dst = in(kGateway1)},
                                e.from, as_a_got_it);

      EXPECT_EQ(from(kA, told),
                e.to ? redirected(FL_FORWARD_RELATED,
                                  error(to_router(), header(of(kHost), of(kOutside)), *e.to, sent))
                     : dropped(FL_DROP_NAT_PROTOCOL))
          << e.name;
    }
  }
}

// Options and extension headers of both headers are left out, as of every packet.
TEST_P(EndpointRelatedFamilyTest, OptionsAreLeftOut) {
  if (v4()) return;
  put_flow(IPPROTO_UDP);
  const auto quoted =
      packet(Eth{}, Ipv4{.src = kGateway1.v4, .dst = kA.addr4, .options = {1, 1, 1, 1}},
             Udp{.sport = kPort, .dport = 80}, payload(24));
  const auto as_sent = packet(Eth{}, Ipv6{.src = of(kOutside), .dst = of(kHost)},
                              Udp{.sport = 6000, .dport = 8080}, payload(24));

  EXPECT_EQ(from(kA, error(by_gateway(kA),
                           Ipv4{.src = kA.addr4, .dst = kGateway1.v4, .options = {1, 1, 1, 1}},
                           {3, 3}, quote(quoted))),
            redirected(FL_FORWARD_RELATED, error(to_router(), header(of(kHost), of(kOutside)),
                                                 {1, 4}, quote(as_sent))));
}

}  // namespace
}  // namespace fairlead::test
