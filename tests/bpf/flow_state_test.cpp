// The state of a flow as its packets change it: half-open, open, finished, reset; and what becomes
// of half a flow. Between two containers by a published port, so that tc_endpoint sees both
// directions.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kClientPort = kNatFirst + 7;
constexpr std::uint64_t kLongAgo = 1;  // ns after the machine's start

class FlowStateTest : public FamilyTest {
 protected:
  FlowStateTest() : FamilyTest("tc_endpoint") {}

  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    publish(of(kHost), 8080, IPPROTO_TCP, kB, 80, GetParam());
    publish(of(kHost), 8080, IPPROTO_UDP, kB, 80, GetParam());
  }

  // A, the client, to the published port; B answers.
  Ran client(std::uint8_t flags, std::uint16_t sport = kClientPort) {
    return from(kA, packet(by_gateway(kA), Ip{.src = a(), .dst = of(kHost)},
                           Tcp{.sport = sport, .dport = 8080, .flags = flags}));
  }
  Ran server(std::uint8_t flags) {
    return from(kB, packet(by_gateway(kB), Ip{.src = b(), .dst = of(kGateway1)},
                           Tcp{.sport = 80, .dport = port_, .flags = flags}));
  }
  fl_flow first_key() const { return flow(IPPROTO_TCP, a(), kClientPort, of(kHost), 8080); }
  fl_flow answer_key() const { return flow(IPPROTO_TCP, b(), 80, of(kGateway1), port_); }
  fl_nat entry(const fl_flow& key) { return nat(key).value_or(fl_nat{}); }
  int first() { return entry(first_key()).flags; }
  int answer() { return entry(answer_key()).flags & ~FL_NAT_REPLY; }
  fl_flow_count counted() {
    return program()
        .get<std::uint32_t, fl_flow_count>("fl_flow_counts", kA.ifindex())
        .value_or(fl_flow_count{});
  }
  void open() {
    client(kSyn);
    server(kSyn | kAck);
    client(kAck);
    ASSERT_EQ(first(), FL_NAT_SEEN);
    ASSERT_EQ(answer(), FL_NAT_SEEN);
  }
  void age(const fl_flow& key) {
    fl_nat old = entry(key);
    old.last_seen = kLongAgo;
    old.tick = 0;
    program().put("fl_nat", key, old);
  }

  std::uint16_t port_ = kClientPort;  // that the gateway has towards B
};
FAIRLEAD_BOTH_FAMILIES(FlowStateTest);

TEST_P(FlowStateTest, TcpIsOpenAfterItsHandshake) {
  client(kSyn);
  EXPECT_EQ(first(), 0);
  client(kSyn);
  EXPECT_EQ(first(), 0) << "once more is no answer";
  EXPECT_EQ(counted().flows, 1U);
  EXPECT_EQ(counted().half_open, 1U);
  server(kSyn | kAck);
  EXPECT_EQ(answer(), FL_NAT_SEEN);
  EXPECT_EQ(counted().half_open, 1U);
  client(kAck);
  EXPECT_EQ(first(), FL_NAT_SEEN);
  EXPECT_EQ(counted().half_open, 0U);
  client(kAck);
  EXPECT_EQ(counted().half_open, 0U);
  EXPECT_EQ(counted().flows, 1U);
}

TEST_P(FlowStateTest, DatagramsAreOpenWithTheAnswer) {
  const auto send = [&] {
    from(kA, packet(by_gateway(kA), Ip{.src = a(), .dst = of(kHost)},
                    Udp{.sport = kClientPort, .dport = 8080}));
  };
  send();
  send();
  EXPECT_EQ(counted().half_open, 1U);
  from(kB, packet(by_gateway(kB), Ip{.src = b(), .dst = of(kGateway1)},
                  Udp{.sport = 80, .dport = kClientPort}));
  EXPECT_EQ(counted().half_open, 0U);
  EXPECT_EQ(counted().flows, 1U);
}

TEST_P(FlowStateTest, FinishedIsRememberedForEachDirection) {
  open();
  client(kFin | kAck);
  EXPECT_EQ(first(), FL_NAT_SEEN | FL_NAT_FIN);
  EXPECT_EQ(answer(), FL_NAT_SEEN);
  server(kFin | kAck);
  EXPECT_EQ(answer(), FL_NAT_SEEN | FL_NAT_FIN);
  client(kAck);
  EXPECT_EQ(first(), FL_NAT_SEEN | FL_NAT_FIN);
}

TEST_P(FlowStateTest, ResetCountsUntilItsDirectionGoesOn) {
  open();
  server(kRst);
  EXPECT_EQ(answer(), FL_NAT_SEEN | FL_NAT_RST);
  client(kAck);
  EXPECT_EQ(answer(), FL_NAT_SEEN | FL_NAT_RST) << "of the other direction";
  server(kAck);
  EXPECT_EQ(answer(), FL_NAT_SEEN);
}

TEST_P(FlowStateTest, NextConnectionOpensAFinishedFlowAnew) {
  open();
  client(kFin | kAck);
  server(kFin | kAck);
  client(kSyn);
  EXPECT_EQ(first(), 0);
  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(counted().flows, 1U);
  EXPECT_EQ(counted().half_open, 1U);
  server(kSyn | kAck);
  client(kAck);
  EXPECT_EQ(counted().half_open, 0U);
}

TEST_P(FlowStateTest, NextConnectionOpensAResetFlowAnew) {
  client(kSyn);
  server(kRst | kAck);
  client(kSyn);
  EXPECT_EQ(first(), 0);
  EXPECT_EQ(answer(), 0);
  EXPECT_EQ(counted().half_open, 1U);
}

TEST_P(FlowStateTest, SynOfAnyoneDoesNotEndALiveFlow) {
  open();
  client(kSyn);
  EXPECT_EQ(first(), FL_NAT_SEEN);
  EXPECT_EQ(answer(), FL_NAT_SEEN);
  server(kFin | kAck);
  client(kFin | kAck);
  server(kSyn);
  EXPECT_EQ(answer(), FL_NAT_SEEN | FL_NAT_FIN) << "only the client opens";
}

// But for the time, and what each packet that arrives notes of its receiver.
bool is_as_before(fl_nat after, const fl_nat& before) {
  after.last_seen = before.last_seen;
  after.tick = before.tick;
  after.receiver_flags = before.receiver_flags;
  return std::memcmp(&before, &after, sizeof(before)) == 0;
}

TEST_P(FlowStateTest, LostAnswerIsMadeAgain) {
  open();
  const fl_nat before = entry(answer_key());
  program().erase("fl_nat", answer_key());
  age(first_key());
  client(kAck);

  EXPECT_TRUE(is_as_before(entry(answer_key()), before));
  EXPECT_GT(entry(first_key()).last_seen, kLongAgo);
}

TEST_P(FlowStateTest, LostFirstDirectionIsMadeAgain) {
  open();
  const fl_nat before = entry(first_key());
  program().erase("fl_nat", first_key());
  age(answer_key());
  EXPECT_EQ(server(kAck).reasons, Reasons{FL_FORWARD_HAIRPIN});

  EXPECT_TRUE(is_as_before(entry(first_key()), before));
}

TEST_P(FlowStateTest, FlowIsCheckedOnceASecondOnly) {
  open();
  program().erase("fl_nat", answer_key());
  client(kAck);

  EXPECT_FALSE(nat(answer_key()));
}

TEST_P(FlowStateTest, FlowWhoseTwinsPlaceWasTakenIsMadeAnew) {
  open();
  fl_nat other = entry(answer_key());
  other.dport = htons(4711);  // another client's
  program().put("fl_nat", answer_key(), other);
  age(first_key());

  EXPECT_EQ(client(kAck).reasons, Reasons{FL_FORWARD_HAIRPIN});
  const fl_nat made = entry(first_key());
  EXPECT_NE(ntohs(made.sport), kClientPort);
  EXPECT_EQ(entry(answer_key()).dport, htons(4711));
  port_ = ntohs(made.sport);
  EXPECT_EQ(entry(answer_key()).dport, htons(kClientPort));
}

}  // namespace
}  // namespace fairlead::test
