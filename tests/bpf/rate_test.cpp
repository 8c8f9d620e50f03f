// tc_endpoint and tc_limit: what is faster than the limit waits, or is dropped.
#include "bpf/shared/rate.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;

// 1 ms a byte: a packet takes longer than any test run.
constexpr std::uint64_t kSlow = 8'000;

class RateTest : public FamilyTest {
 protected:
  RateTest() : FamilyTest("tc_endpoint") {}
  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    limit_ = &load_sharing("tc_limit", config());
  }

  void limit_out(const fl_limit& limit) {
    program().put("fl_rates", kA.ifindex(), fl_rate{.egress = limit, .ingress = {}});
    put_endpoint(kA, std::uint32_t{FL_NET_MASQUERADE} | FL_EP_LIMIT_OUT);
  }
  void limit_in(const fl_limit& limit) {
    program().put("fl_rates", kB.ifindex(), fl_rate{.egress = {}, .ingress = limit});
  }
  fl_rate rate_of(const Endpoint& endpoint) {
    return program().get<std::uint32_t, fl_rate>("fl_rates", endpoint.ifindex()).value();
  }

  Packet to_b() const {
    return packet(between(kA, kB), Ip{.src = a(), .dst = b()}, Udp{}, payload(100));
  }
  Ran into_b() { return limit_->run(to_b(), {.ifindex = kB.ifindex()}); }
  // What tc_limit says, and the departure time that the packet has then.
  int into_b(std::uint64_t departure, std::uint64_t* after) {
    const Packet packet = to_b();
    __sk_buff context{};
    context.ifindex = kB.ifindex();
    context.tstamp = departure;
    __sk_buff out{};
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet.bytes.data(),
                .data_size_in = static_cast<__u32>(packet.bytes.size()), .ctx_in = &context,
                .ctx_out = &out, .ctx_size_in = sizeof(context), .ctx_size_out = sizeof(out));
    EXPECT_EQ(bpf_prog_test_run_opts(limit_->fd(), &options), 0);
    *after = out.tstamp;
    return static_cast<int>(options.retval);
  }
  static std::uint64_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * kSecond +
           static_cast<std::uint64_t>(time.tv_nsec);
  }

  BpfProgram* limit_ = nullptr;
};
FAIRLEAD_BOTH_FAMILIES(RateTest);

TEST_P(RateTest, WhatAContainerSendsTooFastIsDroppedAndTakesNoTime) {
  limit_out({.rate = kSlow, .network = 1});

  EXPECT_EQ(from(kA, to_b()), redirected(FL_FORWARD_LOCAL, to_b()));
  const std::uint64_t paid = rate_of(kA).egress.paid_until;
  EXPECT_GT(paid, 0U);
  EXPECT_EQ(from(kA, to_b()), dropped(FL_DROP_RATE));
  EXPECT_EQ(rate_of(kA).egress.paid_until, paid);
  EXPECT_EQ(program().drops(kA.network, FL_DROP_RATE).packets, 1U);
}

TEST_P(RateTest, WithoutTheFlagNobodyLooksForALimit) {
  limit_out({.rate = kSlow, .network = 1});
  put_endpoint(kA, FL_NET_MASQUERADE);

  for (int n = 0; n < 3; ++n) EXPECT_EQ(from(kA, to_b()), redirected(FL_FORWARD_LOCAL, to_b()));
  EXPECT_EQ(rate_of(kA).egress.paid_until, 0U);
}

TEST_P(RateTest, ALimitThatIsNotThereStopsNobody) {
  put_endpoint(kA, std::uint32_t{FL_NET_MASQUERADE} | FL_EP_LIMIT_OUT);
  EXPECT_EQ(from(kA, to_b()), redirected(FL_FORWARD_LOCAL, to_b()));
  limit_in({});
  std::uint64_t departure = 0;
  EXPECT_EQ(into_b(0, &departure), kNext);
}

TEST_P(RateTest, PacketsThatMayWaitPassAndTheirTimeAddsUp) {
  limit_out({.rate = kSlow, .queue = 3'600 * kSecond, .packets = 1'000, .network = 1});

  from(kA, to_b());
  const std::uint64_t paid = rate_of(kA).egress.paid_until;
  for (int n = 0; n < 3; ++n) EXPECT_EQ(from(kA, to_b()), redirected(FL_FORWARD_LOCAL, to_b()));
  EXPECT_EQ(rate_of(kA).egress.paid_until - paid, 3 * to_b().bytes.size() * kMillisecond);
}

TEST_P(RateTest, NoMorePacketsWaitThanTheLimitSays) {
  limit_out({.rate = kSlow, .queue = 3'600 * kSecond, .packets = 10, .network = 1});

  int passed = 0;
  for (int n = 0; n < 1'000; ++n) passed += from(kA, to_b()).action == kRedirect ? 1 : 0;
  EXPECT_GE(passed, 9);
  EXPECT_LE(passed, 20) << "some have gone meanwhile";
}

TEST_P(RateTest, AnAggregateTakesTheTimeOfItsSegments) {
  limit_out({.rate = kSlow, .burst = 3'600 * kSecond, .network = 1});
  const Packet aggregate =
      packet(between(kA, kB), Ip{.src = a(), .dst = b()}, Tcp{}, payload(3'500));
  const std::size_t headers = aggregate.bytes.size() - 3'500;
  const RunOptions cut{.ifindex = kA.ifindex(), .gso_size = 1'000};
  from(kA, to_b());
  const std::uint64_t paid = rate_of(kA).egress.paid_until;

  int action = 0;
  Packet out;
  ASSERT_EQ(program().run_only(aggregate, cut, &action, &out), 0);
  EXPECT_EQ(action, kRedirect);
  EXPECT_EQ(rate_of(kA).egress.paid_until - paid, (3'500 + 4 * headers) * kMillisecond);
}

TEST_P(RateTest, WhatAContainerReceivesTooFastIsDropped) {
  limit_in({.rate = kSlow, .network = 1});
  std::uint64_t departure = 0;

  EXPECT_EQ(into_b(0, &departure), kNext);
  EXPECT_EQ(into_b(), dropped(FL_DROP_RATE));
  EXPECT_EQ(limit_->drops(kB.network, FL_DROP_RATE).packets, 1U);
}

TEST_P(RateTest, WhatWaitsHasItsDepartureTime) {
  const std::uint64_t takes = to_b().bytes.size() * kMillisecond;
  limit_in({.rate = kSlow, .queue = 3'600 * kSecond, .packets = 1'000, .network = 1});
  std::uint64_t departure = 0;

  EXPECT_EQ(into_b(0, &departure), kNext);
  EXPECT_EQ(departure, 0U) << "the first leaves at once";
  EXPECT_EQ(into_b(0, &departure), kNext);
  EXPECT_GT(departure, now());
  EXPECT_LE(departure, now() + takes);
  const std::uint64_t late = now() + 10 * takes;
  EXPECT_EQ(into_b(late, &departure), kNext);
  EXPECT_EQ(departure, late) << "whoever wanted to leave later does";
}

TEST_P(RateTest, ABurstLeavesAtOnce) {
  limit_in({.rate = kSlow,
            .burst = 2 * to_b().bytes.size() * kMillisecond,
            .queue = 3'600 * kSecond,
            .packets = 1'000,
            .network = 1});
  std::uint64_t departure = 0;

  for (int n = 0; n < 3; ++n) {
    EXPECT_EQ(into_b(0, &departure), kNext);
    EXPECT_EQ(departure, 0U) << n;
  }
  EXPECT_EQ(into_b(0, &departure), kNext);
  EXPECT_GT(departure, now());
}

}  // namespace
}  // namespace fairlead::test
