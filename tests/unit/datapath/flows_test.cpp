#include "datapath/flows.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "datapath/abi.h"

namespace fairlead::datapath {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 100'000 * kSecond;

// A flow and its answer, both last seen `idle` seconds ago.
struct Pair {
  fl_flow flow{};
  fl_nat entry{};
  fl_nat twin{};

  Pair(std::uint8_t proto, std::uint64_t idle) {
    flow.proto = proto;
    entry.kind = twin.kind = FL_NAT_MASQUERADE;
    twin.flags = FL_NAT_REPLY;
    entry.last_seen = twin.last_seen = kNow - idle * kSecond;
  }
  Pair& answered() {
    twin.flags |= FL_NAT_SEEN;
    return *this;
  }
  bool is_expired() const {
    const bool both = expired(flow, entry, twin, kNow);
    EXPECT_EQ(both, expired(flow, twin, entry, kNow)) << "either entry says the same";
    return both;
  }
};

void expect_timeout(const std::function<Pair(std::uint64_t idle)>& make, std::uint64_t seconds) {
  EXPECT_FALSE(make(seconds).is_expired()) << seconds;
  EXPECT_TRUE(make(seconds + 1).is_expired()) << seconds;
}

TEST(flows, half_open_tcp_ends_soon_and_established_tcp_late) {
  expect_timeout([](auto idle) { return Pair(IPPROTO_TCP, idle); }, 20);
  expect_timeout([](auto idle) { return Pair(IPPROTO_TCP, idle).answered(); }, 7200);
}

TEST(flows, fin_and_rst_of_either_direction_shorten_the_time) {
  expect_timeout(
      [](auto idle) {
        Pair pair = Pair(IPPROTO_TCP, idle).answered();
        pair.entry.flags |= FL_NAT_FIN;
        return pair;
      },
      30);
  expect_timeout(
      [](auto idle) {
        Pair pair = Pair(IPPROTO_TCP, idle).answered();
        pair.twin.flags |= FL_NAT_RST | FL_NAT_FIN;
        return pair;
      },
      10);
}

TEST(flows, udp_that_was_answered_lives_longer_and_icmp_shortly) {
  expect_timeout([](auto idle) { return Pair(IPPROTO_UDP, idle); }, 30);
  expect_timeout([](auto idle) { return Pair(IPPROTO_UDP, idle).answered(); }, 180);
  expect_timeout([](auto idle) { return Pair(IPPROTO_ICMP, idle).answered(); }, 10);
  expect_timeout([](auto idle) { return Pair(IPPROTO_ICMPV6, idle).answered(); }, 10);
}

TEST(flows, traffic_in_one_direction_keeps_both_entries) {
  Pair pair = Pair(IPPROTO_UDP, 1000).answered();
  pair.twin.last_seen = kNow;
  EXPECT_FALSE(pair.is_expired());
}

TEST(flows, a_flow_without_its_twin_counts_as_half_open) {
  const Pair pair = Pair(IPPROTO_TCP, 21).answered();
  EXPECT_TRUE(expired(pair.flow, pair.twin, std::nullopt, kNow));
}

TEST(flows, a_clock_that_is_ahead_is_not_ages_ago) {
  Pair pair(IPPROTO_TCP, 0);
  pair.entry.last_seen = kNow + kSecond;
  EXPECT_FALSE(pair.is_expired());
}

TEST(flows, the_twin_of_the_twin_is_the_flow) {
  fl_flow flow{};
  flow.src.b[15] = 1;
  flow.dst.b[15] = 2;
  flow.sport = 3;
  flow.dport = 4;
  flow.proto = IPPROTO_TCP;
  fl_nat entry{};  // masquerade: another source
  entry.src.b[15] = 9;
  entry.dst = flow.dst;
  entry.sport = 7;
  entry.dport = flow.dport;
  const fl_flow answer = twin_of(flow, entry);
  EXPECT_EQ(answer.src.b[15], 2);
  EXPECT_EQ(answer.dst.b[15], 9);
  fl_nat twin{};
  twin.src = flow.dst;
  twin.dst = flow.src;
  twin.sport = flow.dport;
  twin.dport = flow.sport;
  EXPECT_TRUE(same(twin_of(answer, twin), flow));
}

}  // namespace
}  // namespace fairlead::datapath
