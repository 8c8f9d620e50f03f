#include <netinet/in.h>

#include "datapath/flows.h"
#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {
namespace {

class FlowEndTest : public DatapathTest {
 protected:
  void SetUp() override {
    DatapathTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    start(options());
    sync_host({"198.18.100.1"});
    expect_ok(datapath_->put_network(net_));
    a_index_ = put(net_, a_).index;
    b_index_ = put(net_, b_).index;
    expect_ok(datapath_->sync_host(
        {.local = {{.address = *Address::parse("198.18.100.1"), .link = host_.index}},
         .uplinks = {}}));
    flows_ = open<fl_flow, fl_nat>("fl_nat");
  }

  void sync_host(const std::vector<std::string>& addresses) {
    HostView view;
    for (const auto& text : addresses)
      view.local.push_back({.address = *Address::parse(text), .link = host_.index});
    expect_ok(datapath_->sync_host(view));
  }
  static fl_addr address(const std::string& text) { return to_abi(*Address::parse(text)); }

  // Client 198.18.200.1 came to host port `port` and reached a container; both entries. The
  // client's port is the flow's number.
  void published(std::uint16_t number, std::uint16_t port, const Endpoint& to, int index,
                 std::uint64_t last_seen, __u8 flags = 0) {
    fl_flow flow{.src = address("198.18.200.1"),
                 .dst = address("198.18.100.1"),
                 .sport = htons(number),
                 .dport = htons(port),
                 .proto = IPPROTO_TCP,
                 .pad = {}};
    fl_nat entry{};
    entry.src = flow.src;
    entry.dst = to_abi(to.v4->address());
    entry.sport = flow.sport;
    entry.dport = htons(80);
    entry.kind = FL_NAT_PUBLISHED;
    entry.flags = flags;
    entry.network = net_.id;
    entry.ifindex = entry.endpoint = static_cast<__u32>(index);
    entry.last_seen = last_seen;
    fl_nat reply = entry;
    reply.src = flow.dst;
    reply.dst = flow.src;
    reply.sport = flow.dport;
    reply.dport = flow.sport;
    reply.flags = static_cast<__u8>(FL_NAT_REPLY | FL_NAT_SEEN | flags);
    reply.ifindex = 0;
    put_both(flow, entry, reply);
  }

  // `reply` under the key that an answer to what `entry` makes of a packet has.
  void put_both(const fl_flow& flow, const fl_nat& entry, const fl_nat& reply) {
    expect_ok(flows_.put(flow, entry));
    const fl_flow answer{.src = entry.dst,
                         .dst = entry.src,
                         .sport = entry.dport,
                         .dport = entry.sport,
                         .proto = flow.proto,
                         .pad = {}};
    expect_ok(flows_.put(answer, reply));
  }

  // The container asked 198.18.200.1, from the host's address; both entries.
  void masqueraded(std::uint16_t number, const Endpoint& from, int index) {
    fl_flow flow{.src = to_abi(from.v4->address()),
                 .dst = address("198.18.200.1"),
                 .sport = htons(number),
                 .dport = htons(443),
                 .proto = IPPROTO_TCP,
                 .pad = {}};
    fl_nat entry{};
    entry.src = address("198.18.100.1");
    entry.dst = flow.dst;
    entry.sport = flow.sport;
    entry.dport = flow.dport;
    entry.kind = FL_NAT_MASQUERADE;
    entry.network = net_.id;
    entry.endpoint = static_cast<__u32>(index);
    entry.last_seen = coarse_now();
    fl_nat reply = entry;
    reply.src = flow.dst;
    reply.dst = flow.src;
    std::swap(reply.sport, reply.dport);
    reply.flags = FL_NAT_REPLY;
    reply.ifindex = entry.endpoint;
    put_both(flow, entry, reply);
  }

  PublishedPort port(std::uint16_t host_port, const Endpoint& to) const {
    return {.binding = binding(host_port, to), .sources = {}};
  }
  PortBinding binding(std::uint16_t port, const Endpoint& to) const {
    return {.protocol = Protocol::tcp,
            .host_address = Address::any(Family::v4),
            .host_port = port,
            .container_address = to.v4->address(),
            .container_port = 80};
  }

  std::uint64_t expired() {
    auto report = datapath_->collect_flows();
    EXPECT_TRUE(report) << report.error().message();
    return report ? report->expired : 0;
  }

  Network net_ = network();
  Endpoint a_ = endpoint(net_, 5);
  Endpoint b_ = endpoint(net_, 6);
  int a_index_ = 0;
  int b_index_ = 0;
  Map<fl_flow, fl_nat> flows_;
};

TEST_F(FlowEndTest, idle_flows_expire_with_their_twins_and_others_stay) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const std::uint64_t now = coarse_now();
  ASSERT_GT(now, 40 * kSecond) << "the machine has just started: its clock cannot be 40 s back";
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_)}));
  published(1001, 8080, a_, a_index_, now);
  published(1002, 8080, a_, a_index_, now - 11 * kSecond);
  published(1003, 8080, a_, a_index_, now - 12 * kSecond, FL_NAT_RST);
  published(1004, 8080, a_, a_index_, now - 35 * kSecond, FL_NAT_SEEN | FL_NAT_FIN);
  ASSERT_EQ(count("fl_nat"), 8u);
  EXPECT_EQ(expired(), 2u);
  EXPECT_EQ(count("fl_nat"), 4u);
  EXPECT_EQ(expired(), 0u);
}

TEST_F(FlowEndTest, timeouts_are_what_the_options_say) {
  Options patient = options();
  patient.timeouts.tcp_half_open = std::chrono::seconds(40);
  start(patient);
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_)}));
  published(1001, 8080, a_, a_index_, coarse_now() - 35'000'000'000);
  EXPECT_EQ(expired(), 0u);
  start(options());
  EXPECT_EQ(expired(), 1u);
}

TEST_F(FlowEndTest, a_table_that_is_nearly_full_hurries) {
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_)}));
  const std::uint64_t old = coarse_now() - 6'000'000'000;
  const auto enough = static_cast<std::uint16_t>(flows_.raw().capacity() / 2 * 8 / 10);
  for (std::uint16_t number = 1; number <= enough; ++number)
    published(number, 8080, a_, a_index_, old);
  EXPECT_GT(expired(), 0u) << enough << " half-open flows";
}

TEST_F(FlowEndTest, flows_are_counted) {
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_)}));
  published(1001, 8080, a_, a_index_, coarse_now());
  published(1002, 8080, a_, a_index_, coarse_now(), FL_NAT_SEEN);
  EXPECT_EQ(expired(), 0u);
  auto counts = datapath_->flow_counts();
  ASSERT_TRUE(counts) << counts.error().message();
  EXPECT_EQ((*counts)[a_index_].flows, 2u);
  EXPECT_EQ((*counts)[a_index_].half_open, 1u);
}

TEST_F(FlowEndTest, flows_of_a_port_that_is_no_longer_published_end_at_once) {
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_), port(8081, a_)}));
  expect_ok(datapath_->put_ports(net_, b_, b_index_, {port(9090, b_)}));
  const std::uint64_t now = coarse_now();
  published(1001, 8080, a_, a_index_, now);
  published(1002, 8081, a_, a_index_, now);
  published(1003, 9090, b_, b_index_, now);
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8081, a_)}));
  EXPECT_EQ(count("fl_nat"), 4u);
  expect_ok(datapath_->erase_ports(b_, {binding(9090, b_)}));
  EXPECT_EQ(count("fl_nat"), 2u);
}

TEST_F(FlowEndTest, flows_whose_source_may_no_longer_reach_the_port_end_at_once) {
  const auto only = [&](const std::string& source) {
    PublishedPort allowed = port(8080, a_);
    allowed.sources = {.rules = {{.prefix = *Prefix::parse(source), .allow = true}},
                       .otherwise = false};
    return allowed;
  };
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_), port(8081, a_)}));
  published(1001, 8080, a_, a_index_, coarse_now());
  published(1002, 8081, a_, a_index_, coarse_now());
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {only("198.18.200.0/24"), port(8081, a_)}));
  EXPECT_EQ(count("fl_nat"), 4u) << "198.18.200.1 still may";
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {only("10.0.0.0/8"), port(8081, a_)}));
  EXPECT_EQ(count("fl_nat"), 2u);
}

TEST_F(FlowEndTest, flows_of_clients_that_may_no_longer_reach_the_port_end_at_once) {
  PublishedPort limited = port(8080, a_);
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {limited}));
  published(1001, 8080, a_, a_index_, coarse_now());
  const auto allow = [&](const char* prefix) {
    limited.sources = {.rules = {{.prefix = *Prefix::parse(prefix), .allow = true}},
                       .otherwise = false};
    expect_ok(datapath_->put_ports(net_, a_, a_index_, {limited}));
  };
  allow("198.18.200.0/24");
  EXPECT_EQ(count("fl_nat"), 2u);
  allow("198.18.201.0/24");
  EXPECT_EQ(count("fl_nat"), 0u);
}

TEST_F(FlowEndTest, flows_to_an_address_of_the_host_end_with_it) {
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_)}));
  published(1001, 8080, a_, a_index_, coarse_now());
  sync_host({"198.18.100.1", "198.18.100.2"});
  EXPECT_EQ(count("fl_nat"), 2u);
  sync_host({"198.18.100.2"});
  EXPECT_EQ(count("fl_nat"), 0u);
}

TEST_F(FlowEndTest, flows_of_an_endpoint_end_with_it) {
  const std::uint64_t now = coarse_now();
  expect_ok(datapath_->put_ports(net_, a_, a_index_, {port(8080, a_)}));
  expect_ok(datapath_->put_ports(net_, b_, b_index_, {port(9090, b_)}));
  published(1001, 8080, a_, a_index_, now);
  published(1002, 9090, b_, b_index_, now);
  expect_ok(datapath_->erase_endpoint(net_, a_));
  EXPECT_EQ(count("fl_nat"), 2u);
  expect_ok(datapath_->erase_network(net_.id));
  EXPECT_EQ(count("fl_nat"), 0u);
}

TEST_F(FlowEndTest, flows_of_an_endpoint_without_ports_end_with_it) {
  masqueraded(1001, a_, a_index_);
  masqueraded(1002, b_, b_index_);
  EXPECT_EQ(expired(), 0u);  // counts them, as the programs do
  expect_ok(datapath_->erase_endpoint(net_, a_));
  EXPECT_EQ(count("fl_nat"), 2u);
}

TEST_F(FlowEndTest, a_flow_that_was_not_counted_ends_with_the_next_collection) {
  masqueraded(1001, a_, a_index_);
  expect_ok(datapath_->erase_endpoint(net_, a_));
  auto report = datapath_->collect_flows();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->stale, 1u);
  EXPECT_EQ(count("fl_nat"), 0u);
}

}  // namespace
}  // namespace fairlead::datapath
