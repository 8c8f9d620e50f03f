// tc_uplink: what routers say of tunnel packets that were too big.
#include <gtest/gtest.h>

#include "tunnel_world.h"

namespace fairlead::test {
namespace {

// The inner family does not matter: nobody quotes that far.
class UplinkPathMtuTest : public TunnelTest {
 protected:
  UplinkPathMtuTest() : TunnelTest("tc_uplink") {}

  struct Error {
    std::uint32_t mtu = 1400;
    Pair from = kHost;  // of the packet that it is about
    Pair to = kPeer;
    std::uint16_t port = kTunnelPort;
    std::size_t length = 1500;        // of that packet
    std::uint8_t type = 0, code = 0;  // 0: those of "too big"
    std::size_t quoted = 28;          // bytes; IPv6: 20 more
    std::uint8_t proto = IPPROTO_UDP;
  };
  Packet about(const Error& e) const {
    const bool v4 = outer_v4();
    const auto length = static_cast<std::uint16_t>(v4 ? e.length : e.length - 40);
    const Layer ip =
        v4 ? Layer(Ipv4{.src = out(e.from),
                        .dst = out(e.to),
                        .proto = e.proto,
                        .df = true,
                        .total_length = length})
           : Layer(Ipv6{
                 .src = out(e.from), .dst = out(e.to), .next = e.proto, .payload_length = length});
    Packet quote = build({Eth{}, ip, Udp{.sport = 50000, .dport = e.port}, payload(100)});
    quote = quote.first(14 + e.quoted + (v4 ? 0 : 20));
    const Bytes quoted{Buffer(quote.bytes.begin() + 14, quote.bytes.end())};
    const auto type = static_cast<std::uint8_t>(e.type ? e.type : v4 ? 3 : 2);
    const auto code = static_cast<std::uint8_t>(e.type ? e.code : v4 ? 4 : 0);
    return packet(from_router(), Ip{.src = out(kOutside), .dst = out(kHost)},
                  Icmp{.type = type, .code = code, .rest = e.mtu}, quoted);
  }
  fl_path_mtu path(std::uint32_t peer = kPeerNumber) {
    return program().get<std::uint32_t, fl_path_mtu>("fl_path_mtu", peer).value();
  }
  void expect_learnt(const Error& error) {
    const Packet in = about(error);
    EXPECT_EQ(from_uplink(in), left_alone(in, FL_PUNT_TUNNEL));
    EXPECT_EQ(path().mtu, error.mtu);
    EXPECT_NE(path().since, 0U);
  }
  void expect_ignored(const char* what, const Error& error) {
    SCOPED_TRACE(what);
    const Packet in = about(error);
    EXPECT_EQ(from_uplink(in), left_alone(in));
    for (const std::uint32_t peer : {kPeerNumber, kOtherNumber, kStrangerNumber}) {
      EXPECT_EQ(path(peer).mtu, 0U);
    }
  }
  std::uint32_t least() const { return outer_v4() ? 552 : 1280; }
};
INSTANTIATE_TEST_SUITE_P(, UplinkPathMtuTest,
                         ::testing::Values(Families{Family::v4, Family::v4},
                                           Families{Family::v6, Family::v4}),
                         [](const auto& value) {
                           return value.param.outer == Family::v4 ? "V4" : "V6";
                         });

TEST_P(UplinkPathMtuTest, TooBigAboutATunnelLowersThePeersPath) {
  expect_learnt({.mtu = 1400});
  EXPECT_EQ(path(kOtherNumber).mtu, 0U);
}

TEST_P(UplinkPathMtuTest, ItOnlyGoesDown) {
  expect_learnt({.mtu = 1400});
  expect_learnt({.mtu = 1350});
  const std::uint64_t since = path().since;
  const Packet more = about({.mtu = 1450});

  EXPECT_EQ(from_uplink(more), left_alone(more, FL_PUNT_TUNNEL));
  EXPECT_EQ(path().mtu, 1350U);
  EXPECT_EQ(path().since, since);
}

TEST_P(UplinkPathMtuTest, TheLeastThatIsBelieved) {
  expect_ignored("less than any link carries", {.mtu = least() - 1});
  expect_learnt({.mtu = least()});
}

TEST_P(UplinkPathMtuTest, WhatIsNotAboutATunnelOfOursIsIgnored) {
  expect_ignored("no MTU", {.mtu = 0});
  expect_ignored("another port", {.port = 4789});
  expect_ignored("to no host of the cluster", {.to = kNoVtep});
  expect_ignored("not from this host", {.from = kOutside});
  expect_ignored("not UDP", {.proto = IPPROTO_TCP});
  expect_ignored("the packet would have fit", {.mtu = 1400, .length = 1400});
  expect_ignored("port not quoted", {.quoted = 22});
  if (outer_v4()) {
    expect_ignored("port unreachable", {.type = 3, .code = 3});
  } else {
    expect_ignored("no route", {.type = 1, .code = 0});
  }
}

TEST_P(UplinkPathMtuTest, EveryPrefixIsLeftAlone) {
  const Packet whole = about({});
  for (std::size_t n = 14 + (outer_v4() ? 20 : 40); n < whole.size(); ++n) {
    const Packet in = whole.first(n);
    EXPECT_EQ(program().run(in, {.ifindex = uplink()}), left_alone(in)) << n;
  }
  EXPECT_EQ(path().mtu, 0U);
}

TEST_P(UplinkPathMtuTest, WithoutATunnelNothingIsLearnt) {
  const std::uint32_t zero = 0;
  program().put("fl_tunnel", zero, fl_tunnel{});

  expect_ignored("no tunnel", {});
}

}  // namespace
}  // namespace fairlead::test
