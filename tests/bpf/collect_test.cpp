// collect: which flows end, and how those that are left are counted. The clock is the test's.
#include "bpf/shared/collect.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 100'000 * kSecond;
constexpr fl_timeouts kTimeouts{.tcp_half_open = 20,
                                .tcp_established = 7200,
                                .tcp_closing = 31,
                                .tcp_reset = 10,
                                .udp = 30,
                                .udp_answered = 180,
                                .icmp = 11};

// Both entries of a flow.
struct Flow {
  fl_flow key{};
  fl_nat first{};
  fl_flow answer_key{};
  fl_nat answer{};

  Flow& flags(int of_first, int of_answer) {
    first.flags = static_cast<std::uint8_t>(of_first);
    answer.flags = static_cast<std::uint8_t>(FL_NAT_REPLY | of_answer);
    return *this;
  }
  Flow& open() { return flags(FL_NAT_SEEN, FL_NAT_SEEN); }
  Flow& idle(std::uint64_t first_seconds, std::uint64_t answer_seconds) {
    first.last_seen = kNow - first_seconds * kSecond;
    answer.last_seen = kNow - answer_seconds * kSecond;
    return *this;
  }
  Flow& idle(std::uint64_t seconds) { return idle(seconds, seconds); }
};

class CollectTest : public FamilyTest {
 protected:
  explicit CollectTest(const char* program = "collect") : FamilyTest(program) {}

  fl_collect collect() {
    fl_collect context{};
    context.now = kNow;
    context.timeouts = kTimeouts;
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    run.ctx_in = &context;
    run.ctx_size_in = sizeof(context);
    EXPECT_EQ(bpf_prog_test_run_opts(program().fd(), &run), 0) << strerror(errno);
    return context;
  }

  Flow make(fl_nat_kind kind, std::uint8_t proto, const fl_flow& before, const fl_flow& after,
            const Endpoint& whose) const {
    Flow flow;
    flow.key = before;
    flow.key.proto = proto;
    flow.first.src = after.src;
    flow.first.dst = after.dst;
    flow.first.sport = after.sport;
    flow.first.dport = after.dport;
    flow.first.kind = static_cast<std::uint8_t>(kind);
    flow.first.network = whose.network;
    flow.first.endpoint = whose.ifindex();
    flow.answer = flow.first;
    flow.answer.src = before.dst;
    flow.answer.dst = before.src;
    flow.answer.sport = before.dport;
    flow.answer.dport = before.sport;
    flow.answer_key = {.src = after.dst,
                       .dst = after.src,
                       .sport = after.dport,
                       .dport = after.sport,
                       .proto = proto,
                       .pad = {}};
    return flow.flags(0, 0).idle(0);
  }

  Flow masquerade(std::uint8_t proto = IPPROTO_TCP, std::uint16_t sport = 5000) const {
    Flow out = make(FL_NAT_MASQUERADE, proto, flow(proto, a(), sport, of(kOutside), 80),
                    flow(proto, of(kHost), sport, of(kOutside), 80), kA);
    out.answer.ifindex = kA.ifindex();
    return out;
  }
  // kOutside to kHost, whose port leads to port 80 of A.
  Flow published(std::uint16_t host_port, std::uint8_t proto = IPPROTO_TCP) const {
    Flow out = make(FL_NAT_PUBLISHED, proto, flow(proto, of(kOutside), 5000, of(kHost), host_port),
                    flow(proto, of(kOutside), 5000, a(), 80), kA);
    out.first.ifindex = kA.ifindex();
    return out;
  }
  // B to kHost, whose port leads to port 80 of A.
  Flow hairpin(std::uint16_t host_port) const {
    Flow out = make(FL_NAT_HAIRPIN, IPPROTO_TCP, flow(0, b(), 5000, of(kHost), host_port),
                    flow(0, of(kGateway1), 5000, a(), 80), kA);
    out.first.ifindex = out.answer.endpoint = kA.ifindex();
    out.first.endpoint = out.answer.ifindex = kB.ifindex();
    return out;
  }

  void put(const Flow& flow) {
    program().put("fl_nat", flow.key, flow.first);
    program().put("fl_nat", flow.answer_key, flow.answer);
  }
  std::size_t entries() { return program().keys<fl_flow>("fl_nat").size(); }
  void expect_kept(const Flow& flow, const char* what) {
    program().clear<fl_flow>("fl_nat");
    put(flow);
    const fl_collect run = collect();
    EXPECT_EQ(entries(), 2U) << what;
    EXPECT_EQ(run.flows, 1U) << what;
    EXPECT_EQ(run.expired + run.stale, 0U) << what;
  }
  void expect_expired(const Flow& flow, const char* what) {
    program().clear<fl_flow>("fl_nat");
    put(flow);
    const fl_collect run = collect();
    EXPECT_EQ(entries(), 0U) << what;
    EXPECT_EQ(run.expired, 1U) << what;
    EXPECT_EQ(run.stale, 0U) << what;
  }
  void expect_timeout(Flow flow, std::uint64_t seconds, const char* what) {
    expect_kept(flow.idle(seconds), what);
    expect_expired(flow.idle(seconds + 1), what);
    expect_kept(flow.idle(seconds + 1, seconds), what);
    expect_kept(flow.idle(seconds, seconds + 1), what);
  }
  void expect_stale(const char* what) {
    const fl_collect run = collect();
    EXPECT_EQ(entries(), 0U) << what;
    EXPECT_EQ(run.stale, 1U) << what;
    EXPECT_EQ(run.flows, 0U) << what;
  }
  fl_flow_count counted(const Endpoint& of) {
    return program()
        .get<std::uint32_t, fl_flow_count>("fl_flow_counts", of.ifindex())
        .value_or(fl_flow_count{});
  }
};
FAIRLEAD_BOTH_FAMILIES(CollectTest);

TEST_P(CollectTest, TcpIsKeptByItsState) {
  const int seen = FL_NAT_SEEN, fin = FL_NAT_SEEN | FL_NAT_FIN, reset = FL_NAT_SEEN | FL_NAT_RST;
  expect_timeout(masquerade().flags(0, 0), 20, "SYN");
  expect_timeout(masquerade().flags(0, seen), 20, "SYN, SYN and ACK");
  expect_timeout(masquerade().flags(seen, 0), 20, "no answer");
  expect_timeout(masquerade().flags(seen, seen), 7200, "established");
  expect_timeout(masquerade().flags(fin, seen), 4 * 31, "the client has finished");
  expect_timeout(masquerade().flags(seen, fin), 4 * 31, "the server has finished");
  expect_timeout(masquerade().flags(fin, fin), 31, "both have finished");
  expect_timeout(masquerade().flags(reset, seen), 10, "reset by the client");
  expect_timeout(masquerade().flags(fin, reset), 10, "reset by the server");
  expect_timeout(masquerade().flags(0, reset), 10, "refused");
}

TEST_P(CollectTest, DatagramsAreKeptLongerIfTheyAreAnswered) {
  expect_timeout(masquerade(IPPROTO_UDP).flags(FL_NAT_SEEN, 0), 30, "one way");
  expect_timeout(masquerade(IPPROTO_UDP).flags(FL_NAT_SEEN, FL_NAT_SEEN), 180, "both ways");
}

TEST_P(CollectTest, PingIsKeptShortly) {
  expect_timeout(masquerade(icmp_proto(GetParam())).open(), 11, "answered");
  expect_timeout(masquerade(icmp_proto(GetParam())), 11, "not answered");
}

TEST_P(CollectTest, WhatTheHostsRulesHaveNotLetPassIsHalfOpen) {
  publish(of(kHost), 8080, IPPROTO_TCP, kA, 80, GetParam());
  expect_timeout(published(8080).flags(FL_NAT_SEEN | FL_NAT_WAITS, FL_NAT_SEEN | FL_NAT_WAITS), 20,
                 "waits");
}

TEST_P(CollectTest, HalfAFlowIsKeptAsTheHalfThatIsLeftTells) {
  Flow half = masquerade().open().idle(7200);
  program().put("fl_nat", half.key, half.first);
  EXPECT_EQ(collect().flows, 1U);
  half = masquerade(IPPROTO_TCP, 5001).open().idle(21);
  program().put("fl_nat", half.answer_key, half.answer);
  EXPECT_EQ(collect().flows, 2U);
  half.answer.flags = FL_NAT_REPLY;
  program().put("fl_nat", half.answer_key, half.answer);
  EXPECT_EQ(collect().expired, 1U);
  EXPECT_EQ(entries(), 1U);
}

TEST_P(CollectTest, FlowWhoseTwinsPlaceWasTakenEndsAtOnceAndTheOtherStays) {
  publish(of(kHost), 8080, IPPROTO_TCP, kA, 80, GetParam());
  publish(of(kHost), 9090, IPPROTO_TCP, kA, 80, GetParam());
  put(published(8080).open());
  put(published(9090).open());
  ASSERT_EQ(entries(), 3U);
  EXPECT_EQ(collect().stale, 1U);
  EXPECT_EQ(entries(), 2U);
  EXPECT_TRUE(nat(published(9090).key));
}

TEST_P(CollectTest, FlowEndsWithTheContainer) {
  put(masquerade().open());
  program().erase("fl_endpoints", kA.ifindex());
  expect_stale("no such device");
}

TEST_P(CollectTest, FlowEndsWithTheContainersAddress) {
  put(masquerade().open());
  Endpoint moved = kA;
  moved.addr4 = "10.77.1.9";
  moved.addr6 = "2001:db8:77:1::9";
  put_endpoint(moved, 0);
  expect_stale("the device is another container's");
}

TEST_P(CollectTest, FlowEndsWithTheNetwork) {
  put(masquerade().open());
  program().erase("fl_networks", std::uint32_t{1});
  expect_stale("no such network");
}

TEST_P(CollectTest, MasqueradedFlowEndsWithTheHostsAddress) {
  put(masquerade().open());
  program().erase("fl_local", of(kHost).raw());
  expect_stale("not ours");
}

TEST_P(CollectTest, RoutedFlowNeedsNoAddressOfTheHost) {
  Flow routed = masquerade().open();
  routed.first.kind = routed.answer.kind = FL_NAT_ROUTED;
  program().erase("fl_local", of(kHost).raw());
  expect_kept(routed, "routed");
}

TEST_P(CollectTest, PublishedFlowEndsWithThePort) {
  publish(of(kHost), 8080, IPPROTO_TCP, kA, 80, GetParam());
  put(published(8080).open());
  EXPECT_EQ(collect().flows, 1U);
  program().erase(
      "fl_ports",
      fl_port_key{.addr = of(kHost).raw(), .port = htons(8080), .proto = IPPROTO_TCP, .pad = 0});
  expect_stale("not published");
}

TEST_P(CollectTest, PublishedFlowEndsWhenThePortLeadsElsewhere) {
  publish(of(kHost), 8080, IPPROTO_TCP, kB, 80, GetParam());
  put(published(8080).open());
  expect_stale("to another container");
  publish(of(kHost), 8080, IPPROTO_TCP, kA, 81, GetParam());
  put(published(8080).open());
  expect_stale("to another port");
}

TEST_P(CollectTest, PortOnEveryAddressKeepsFlowsToAddressesOfTheHost) {
  publish(of(kAny), 8080, IPPROTO_TCP, kA, 80, GetParam());
  expect_kept(published(8080).open(), "on every address");
  program().erase("fl_local", of(kHost).raw());
  expect_stale("the address is gone");
}

TEST_P(CollectTest, AnswerThatIsLeftAloneEndsWithThePortToo) {
  const Flow flow = published(8080).open();
  program().put("fl_nat", flow.answer_key, flow.answer);
  expect_stale("not published");
}

TEST_P(CollectTest, HairpinNeedsBothContainersAndThePort) {
  publish(of(kHost), 8080, IPPROTO_TCP, kA, 80, GetParam());
  expect_kept(hairpin(8080).open(), "all there");
  program().erase("fl_endpoints", kB.ifindex());
  expect_stale("the client is gone");
  put_endpoint(kB, 0);
  put(hairpin(8080).open());
  program().erase("fl_endpoints", kA.ifindex());
  expect_stale("the server is gone");
  put_endpoint(kA, 0);
  put(hairpin(8081).open());
  expect_stale("not published");
}

TEST_P(CollectTest, PingOfARoutedContainerNeedsNoPort) {
  Flow ping = published(5000, icmp_proto(GetParam())).open();
  set_flags(1, FL_NET_ROUTED);
  expect_kept(ping, "routed");
  set_flags(1, 0);
  expect_stale("no more");
}

TEST_P(CollectTest, FlowsAreCountedForWhoOpenedThem) {
  publish(of(kHost), 8080, IPPROTO_TCP, kA, 80, GetParam());
  put(masquerade(IPPROTO_TCP, 1).open());
  put(masquerade(IPPROTO_TCP, 2));
  put(masquerade(IPPROTO_UDP, 3));
  put(masquerade(IPPROTO_UDP, 4).idle(31));
  put(published(8080).open());
  put(hairpin(8080));
  program().put(
      "fl_flow_counts", kA.ifindex(),
      fl_flow_count{.flows = 77, .half_open = 77, .counting_flows = 77, .counting_half_open = 77});

  const fl_collect run = collect();

  EXPECT_GE(run.entries, 11U);  // of the flow that ended, one or both
  EXPECT_EQ(run.flows, 5U);
  EXPECT_EQ(run.expired, 1U);
  EXPECT_EQ(counted(kA).flows, 4U);
  EXPECT_EQ(counted(kA).half_open, 2U);
  EXPECT_EQ(counted(kB).flows, 1U);
  EXPECT_EQ(counted(kB).half_open, 1U);
}

TEST_P(CollectTest, CountsOfContainersThatAreGoneGo) {
  program().put("fl_flow_counts", kC.ifindex(), fl_flow_count{.flows = 1});
  program().put("fl_flow_counts", std::uint32_t{4711}, fl_flow_count{.flows = 1});
  collect();
  EXPECT_EQ(program().keys<std::uint32_t>("fl_flow_counts"), std::vector{kC.ifindex()});
  EXPECT_EQ(counted(kC).flows, 0U);
}

class CollectRefusedTest : public CollectTest {
 protected:
  CollectRefusedTest() : CollectTest("collect_refused") {}

  std::uint32_t collect_refused() {
    std::uint8_t packet[64] = {};
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    run.data_in = packet;
    run.data_size_in = sizeof(packet);
    run.repeat = 1;
    EXPECT_EQ(bpf_prog_test_run_opts(program().fd(), &run), 0) << strerror(errno);
    return run.retval;
  }
  // Port 8080 may be reached by list 7 only.
  void publish_with_list() {
    publish(of(kHost), 8080, IPPROTO_TCP, kA, 80, GetParam());
    const fl_port_key key{
        .addr = of(kHost).raw(), .port = htons(8080), .proto = IPPROTO_TCP, .pad = 0};
    auto port = *program().get<fl_port_key, fl_port>("fl_ports", key);
    port.list = 7;
    program().put("fl_ports", key, port);
  }
  void allow(const Addr& source) {
    program().put("fl_sources", fl_source_key{.prefix = 32 + 128, .list = 7, .addr = source.raw()},
                  static_cast<std::uint32_t>(FL_SOURCE_ALLOW));
  }
};
FAIRLEAD_BOTH_FAMILIES(CollectRefusedTest);

TEST_P(CollectRefusedTest, FlowsOfClientsThatMayNoLongerReachThePortEnd) {
  publish_with_list();
  allow(b());
  put(published(8080).open());
  put(hairpin(8080).open());
  put(masquerade().open());

  EXPECT_EQ(collect_refused(), 2U);
  EXPECT_FALSE(nat(published(8080).key) || nat(published(8080).answer_key));
  EXPECT_TRUE(nat(hairpin(8080).key) && nat(hairpin(8080).answer_key));
  EXPECT_TRUE(nat(masquerade().key) && nat(masquerade().answer_key));
}

TEST_P(CollectRefusedTest, ClientThatIsAllowedKeepsItsFlow) {
  publish_with_list();
  allow(of(kOutside));
  put(published(8080).open());

  EXPECT_EQ(collect_refused(), 0U);
  EXPECT_EQ(entries(), 2U);
}

}  // namespace
}  // namespace fairlead::test
