// tc_uplink: every prefix of every kind of packet passes by untouched, unless all of its headers
// are there and it is a container's.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "truncation.h"

namespace fairlead::test {
namespace {

class UplinkTruncationTest : public WorldTest {
 protected:
  UplinkTruncationTest() : WorldTest("tc_uplink") {}

  void put_answer(Family family, std::uint8_t proto, std::uint16_t port, std::uint16_t to_port) {
    fl_nat back{};
    back.src = kOutside(family).raw();
    back.dst = kA.addr(family).raw();
    back.sport = htons(port);
    back.dport = htons(to_port);
    back.kind = FL_NAT_MASQUERADE;
    back.flags = FL_NAT_REPLY;
    back.network = kA.network;
    back.ifindex = back.endpoint = kA.ifindex();
    program().put("fl_nat", flow(proto, kOutside(family), port, kHost(family), kNatFirst), back);
  }
  void prepare() {
    program().clear<fl_flow>("fl_nat");
    program().clear<fl_frag_key>("fl_frags");
    for (const Family family : {Family::v4, Family::v6}) {
      for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP}) {
        publish(kAny(family), 8080, proto, kA, 80, family);
        put_answer(family, proto, 53, 5353);
      }
      put_answer(family, icmp_proto(family), kNatFirst, 5353);
    }
  }
};

TEST_F(UplinkTruncationTest, EveryPrefixOfAFirstPacketIsHarmless) {
  for (const Kind& kind : kinds_from_outside()) {
    expect_prefixes_harmless(
        kind, /*may_leave_alone=*/true, [&] { prepare(); },
        [&](const Packet& p) { return from_uplink(p); });
  }
}

TEST_F(UplinkTruncationTest, EveryPrefixOfALaterPacketIsHarmless) {
  prepare();
  for (const Kind& kind : kinds_from_outside()) {
    from_uplink(kind.packet);
    expect_prefixes_harmless(
        kind, true, [] {}, [&](const Packet& p) { return from_uplink(p); });
  }
}

TEST_F(UplinkTruncationTest, NetworksWithoutMasqueradeChangeNothingAboutIt) {
  program().put("fl_port_bits", std::uint32_t{0},
                fl_port_bits{.flags = FL_PORT_ROUTED, .first = {}, .pad = 0});
  for (const Kind& kind : kinds_from_outside()) {
    expect_prefixes_harmless(
        kind, true, [&] { prepare(); }, [&](const Packet& p) { return from_uplink(p); });
  }
}

TEST_F(UplinkTruncationTest, PacketShorterThanItSaysIsLeftToTheHost) {
  prepare();
  for (const Family family : {Family::v4, Family::v6}) {
    const Packet whole = packet(from_router(), Ip{.src = kOutside(family), .dst = kHost(family)},
                                Udp{.sport = 6000, .dport = 8080}, payload(20));
    const Packet in = whole.first(whole.size() - 1);

    EXPECT_EQ(from_uplink(whole).reasons, Reasons{FL_FORWARD_PUBLISHED});
    EXPECT_EQ(from_uplink(in), left_alone(in));
  }
}

TEST_F(UplinkTruncationTest, CutIpHeadersAreLeftToTheHost) {
  expect_cut_ip_headers(program(), "up0", BpfProgram::Hook::ingress, from_router(),
                        FL_PUNT_NOT_OURS);
}

}  // namespace
}  // namespace fairlead::test
