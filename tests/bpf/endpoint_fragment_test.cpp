// tc_endpoint: fragments of datagrams that are translated. Only the first carries the ports.
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class EndpointFragmentTest : public FamilyTest {
 protected:
  EndpointFragmentTest() : FamilyTest("tc_endpoint") {}

  Packet whole(std::uint16_t sport = kNatFirst) const {
    return packet(by_gateway(kA), Ip{.src = a(), .dst = of(kOutside)},
                  Udp{.sport = sport, .dport = 53}, payload(64));
  }
  Packet whole_outside(std::uint16_t sport = kNatFirst) const {
    return packet(to_router(), Ip{.src = of(kHost), .dst = of(kOutside), .ttl = 63},
                  Udp{.sport = sport, .dport = 53}, payload(64));
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointFragmentTest);

TEST_P(EndpointFragmentTest, BothFragmentsLeaveWithTheUplinksAddress) {
  const auto [first, last] = fragments(whole(), 32, 99);
  const auto [first_out, last_out] = fragments(whole_outside(), 32, 99);

  EXPECT_EQ(from(kA, first), redirected(FL_FORWARD_MASQUERADE, first_out));
  EXPECT_EQ(from(kA, last), redirected(FL_FORWARD_MASQUERADE, last_out));
}

TEST_P(EndpointFragmentTest, PortIsReplacedInTheFirstFragmentOnly) {
  fl_config one_port = config();
  one_port.nat_port_first = one_port.nat_port_last = 40500;
  reload(one_port);
  const auto [first, last] = fragments(whole(5353), 32, 99);
  const auto [first_out, last_out] = fragments(whole_outside(40500), 32, 99);

  EXPECT_EQ(from(kA, first), redirected(FL_FORWARD_MASQUERADE, first_out));
  EXPECT_EQ(from(kA, last), redirected(FL_FORWARD_MASQUERADE, last_out));
}

TEST_P(EndpointFragmentTest, FragmentWithoutItsFirstPartIsDropped) {
  const auto [first, last] = fragments(whole(), 32, 99);

  EXPECT_EQ(from(kA, last), dropped(FL_DROP_FRAGMENT));
}

TEST_P(EndpointFragmentTest, FragmentOfAnotherDatagramIsDropped) {
  from(kA, fragments(whole(), 32, 99).first);

  EXPECT_EQ(from(kA, fragments(whole(), 32, 100).second), dropped(FL_DROP_FRAGMENT));
}

TEST_P(EndpointFragmentTest, FirstFragmentOfAFlowThatExistsIsRememberedToo) {
  from(kA, whole());
  const auto [first, last] = fragments(whole(), 32, 99);
  const auto [first_out, last_out] = fragments(whole_outside(), 32, 99);

  EXPECT_EQ(from(kA, first), redirected(FL_FORWARD_MASQUERADE, first_out));
  EXPECT_EQ(from(kA, last), redirected(FL_FORWARD_MASQUERADE, last_out));
}

TEST_P(EndpointFragmentTest, PingInFragmentsLeaves) {
  const auto ping = [&](const Eth& eth, const Ip& ip) {
    return fragments(packet(eth, ip, Echo{.id = kNatFirst}, payload(64)), 32, 99);
  };
  const auto in = ping(by_gateway(kA), {.src = a(), .dst = of(kOutside)});
  const auto out = ping(to_router(), {.src = of(kHost), .dst = of(kOutside), .ttl = 63});

  EXPECT_EQ(from(kA, in.first), redirected(FL_FORWARD_MASQUERADE, out.first));
  EXPECT_EQ(from(kA, in.second), redirected(FL_FORWARD_MASQUERADE, out.second));
}

// RFC 8200 4.5: one fragment that is the whole datagram is no fragment to wait for.
TEST_P(EndpointFragmentTest, AtomicFragmentIsTranslatedAsAWhole) {
  if (v4()) return;  // IPv4 has no such thing
  const auto atomic = [&](const Eth& eth, const Ipv6& ip) {
    Packet p = packet(eth, ip, Udp{.sport = kNatFirst, .dport = 53}, payload(8));
    const Packet f = packet(Fragment6{.more = false, .id = 5, .next = std::uint8_t{17}});
    p.bytes[14 + 6] = 44;
    p.bytes[14 + 5] = static_cast<std::uint8_t>(p.bytes[14 + 5] + 8);
    p.bytes.insert(p.bytes.begin() + 54, f.bytes.begin(), f.bytes.end());
    return p;
  };

  EXPECT_EQ(from(kA, atomic(by_gateway(kA), {.src = a(), .dst = of(kOutside)})),
            redirected(FL_FORWARD_MASQUERADE,
                       atomic(to_router(), {.src = of(kHost), .dst = of(kOutside), .ttl = 63})));
}

class EndpointHeadersTest : public WorldTest {
 protected:
  EndpointHeadersTest() : WorldTest("tc_endpoint") {}
};

TEST_F(EndpointHeadersTest, Ipv4OptionsAreKeptByMasquerade) {
  const Buffer options{7, 7, 4, 0, 0, 0, 0};
  const Udp udp{.sport = kNatFirst, .dport = 53};

  EXPECT_EQ(
      from(kA, packet(by_gateway(kA), Ipv4{.src = kA.addr4, .dst = kOutside.v4, .options = options},
                      udp)),
      redirected(
          FL_FORWARD_MASQUERADE,
          packet(to_router(),
                 Ipv4{.src = kHost.v4, .dst = kOutside.v4, .ttl = 63, .options = options}, udp)));
}

TEST_F(EndpointHeadersTest, ExtensionHeadersAreKeptByMasquerade) {
  const Extension options{.body = payload(12).bytes};
  const Tcp tcp{.sport = kNatFirst, .dport = 80};

  EXPECT_EQ(
      from(kA, packet(by_gateway(kA), Ipv6{.src = kA.addr6, .dst = kOutside.v6}, options, tcp)),
      redirected(
          FL_FORWARD_MASQUERADE,
          packet(to_router(), Ipv6{.src = kHost.v6, .dst = kOutside.v6, .ttl = 63}, options, tcp)));
}

TEST_F(EndpointHeadersTest, MoreExtensionHeadersThanAreReadAreNoWayOut) {
  std::vector<Layer> layers{by_gateway(kA), Ipv6{.src = kA.addr6, .dst = kOutside.v6}};
  for (int i = 0; i < 12; ++i) layers.emplace_back(Extension{});
  layers.emplace_back(Udp{});

  EXPECT_EQ(from(kA, build(layers)).action, kDrop);
}

TEST_F(EndpointHeadersTest, TypeOfServiceAndIdentificationAreKept) {
  const Udp udp{.sport = kNatFirst, .dport = 53};

  EXPECT_EQ(
      from(kA, packet(by_gateway(kA),
                      Ipv4{.src = kA.addr4, .dst = kOutside.v4, .id = 7, .tos = 0xb8}, udp)),
      redirected(
          FL_FORWARD_MASQUERADE,
          packet(to_router(),
                 Ipv4{.src = kHost.v4, .dst = kOutside.v4, .ttl = 63, .id = 7, .tos = 0xb8}, udp)));
}

}  // namespace
}  // namespace fairlead::test
