#include <atomic>
#include <chrono>
#include <thread>

#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {
namespace {

class PortsTest : public DatapathTest {
 protected:
  void SetUp() override {
    DatapathTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    start(options());
    expect_ok(datapath_->put_network(net_));
  }

  PortBinding binding(std::uint16_t port, Protocol protocol = Protocol::tcp,
                      const std::string& host = "0.0.0.0") const {
    return {.protocol = protocol,
            .host_address = *Address::parse(host),
            .host_port = port,
            .container_address = a_.v4->address(),
            .container_port = 80};
  }

  // Container ports as the host's.
  PortBinding range(std::uint16_t first, std::uint16_t count,
                    const std::string& host = "0.0.0.0") const {
    PortBinding range = binding(first, Protocol::tcp, host);
    range.container_port = first;
    range.count = count;
    return range;
  }

  static SourceRules only(const std::string& prefix) {
    return {.rules = {{.prefix = *Prefix::parse(prefix), .allow = true}}, .otherwise = false};
  }

  fl_port_bits all_bits(__u32 port) {
    return open<__u32, fl_port_bits>("fl_port_bits")
        .get(port)
        ->value_or(fl_port_bits{.flags = 4711});
  }
  __u32 bits(__u32 port) { return all_bits(port).flags; }

  Network net_ = network();
  Endpoint a_ = endpoint(net_, 5);
};

TEST_F(PortsTest, a_port_number_is_marked_until_its_last_port_of_that_protocol_is_gone) {
  const int index = put(net_, a_).index;
  const auto everywhere = binding(8080);
  const auto local = binding(8080, Protocol::tcp, "127.0.0.1");
  const auto udp = binding(8080, Protocol::udp);
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({everywhere, local, udp})));
  EXPECT_EQ(bits(8080), __u32{FL_PORT_TCP | FL_PORT_UDP});
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({local, udp})));
  EXPECT_EQ(bits(8080), __u32{FL_PORT_TCP | FL_PORT_UDP}) << "127.0.0.1 still has TCP";
  expect_ok(datapath_->erase_ports(a_, {local}));
  EXPECT_EQ(bits(8080), __u32{FL_PORT_UDP});
  for (int again = 0; again < 2; ++again) expect_ok(datapath_->erase_ports(a_, {local, udp}));
  EXPECT_EQ(bits(8080), 0u);
  EXPECT_EQ(count("fl_ports"), 0u);
}

TEST_F(PortsTest, a_port_that_leads_to_another_container_now_is_not_erased) {
  const Endpoint b = endpoint(net_, 6);
  const int index = put(net_, a_).index;
  const int other = put(net_, b).index;
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({binding(8080)})));
  PortBinding moved = binding(8080);
  moved.container_address = b.v4->address();
  expect_ok(datapath_->put_ports(net_, b, other, for_everyone({moved})));
  expect_ok(datapath_->erase_ports(a_, {binding(8080)}));
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({})));
  EXPECT_EQ(count("fl_ports"), 1u);
  EXPECT_EQ(bits(8080), __u32{FL_PORT_TCP});
}

TEST_F(PortsTest, ports_go_with_their_endpoint) {
  const int index = put(net_, a_).index;
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({binding(8080), binding(8081)})));
  expect_ok(datapath_->erase_endpoint(net_, a_));
  EXPECT_EQ(count("fl_ports"), 0u);
  EXPECT_EQ(bits(8081), 0u);
}

TEST_F(PortsTest, a_thousand_ports_are_put_replaced_and_erased) {
  const int index = put(net_, a_).index;
  std::vector<PortBinding> ports;
  for (std::uint16_t port = 0; port < 1000; ++port)
    ports.push_back(binding(static_cast<std::uint16_t>(20000 + port)));
  const auto before = std::chrono::steady_clock::now();
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone(ports)));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
  RecordProperty("milliseconds", std::to_string(took.count()));
  EXPECT_EQ(count("fl_ports"), 1000u);
  EXPECT_EQ(bits(20999), __u32{FL_PORT_TCP});
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({ports.front()})));
  EXPECT_EQ(count("fl_ports"), 1u);
  EXPECT_EQ(bits(20999), 0u);
  EXPECT_EQ(bits(20000), __u32{FL_PORT_TCP});
}

TEST_F(PortsTest, more_ports_than_the_map_holds_are_an_error_and_change_nothing) {
  const int index = put(net_, a_).index;
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({binding(80)})));
  std::vector<PortBinding> ports;
  for (std::uint16_t port = 0; port < 5000; ++port)
    ports.push_back(binding(static_cast<std::uint16_t>(20000 + port)));
  const auto done = datapath_->put_ports(net_, a_, index, for_everyone(ports));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::exhausted);
  EXPECT_NE(done.error().message().find("fl_ports"), std::string::npos);
  EXPECT_NE(done.error().message().find("4096"), std::string::npos);
  EXPECT_EQ(count("fl_ports"), 1u);
  EXPECT_EQ(bits(20000), 0u);
}

TEST_F(PortsTest, a_range_is_one_entry_and_each_of_its_ports_names_the_first) {
  const int index = put(net_, a_).index;
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({range(20000, 5000)})));
  EXPECT_EQ(count("fl_ports"), 1u);
  EXPECT_EQ(ntohs(all_bits(24999).first[0]), 20000);
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({range(21000, 10)})));
  EXPECT_EQ(count("fl_ports"), 1u);
  EXPECT_EQ(ntohs(all_bits(21009).first[0]), 21000);
  EXPECT_EQ(bits(20000), 0u);
  EXPECT_EQ(bits(24999), 0u);
  expect_ok(datapath_->erase_ports(a_, {range(21000, 10)}));
  EXPECT_EQ(count("fl_ports"), 0u);
}

TEST_F(PortsTest,
       ranges_that_overlap_on_other_addresses_survive_a_restart_and_grow_together_again) {
  const Endpoint b = endpoint(net_, 6);
  const int index = put(net_, a_).index;
  const int other = put(net_, b).index;
  PortBinding of_b = range(20005, 10, "127.0.0.2");
  of_b.container_address = b.v4->address();
  const PortBinding of_a = range(20000, 10, "127.0.0.1");
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({of_a})));
  expect_ok(datapath_->put_ports(net_, b, other, for_everyone({of_b})));
  EXPECT_EQ(count("fl_ports"), 3u);
  EXPECT_EQ(ntohs(all_bits(20007).first[0]), 20005);

  start(options());
  Endpoint kept = a_;
  kept.ports = {of_a};
  Endpoint kept_b = b;
  kept_b.ports = {of_b};
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_ports(net_, kept, index, for_everyone({of_a})));
  expect_ok(datapath_->put_ports(net_, kept_b, other, for_everyone({of_b})));
  expect_ok(datapath_->retain_only({net_}, {kept, kept_b}));
  EXPECT_EQ(count("fl_ports"), 3u);
  expect_ok(datapath_->erase_ports(kept_b, {of_b}));
  EXPECT_EQ(count("fl_ports"), 1u);
  EXPECT_EQ(ntohs(all_bits(20007).first[0]), 20000);
  EXPECT_EQ(bits(20012), 0u);
}

// The entry that a crash left too long, and the one that it was about to be cut for.
TEST_F(PortsTest, what_a_crash_left_half_cut_is_put_right) {
  const int index = put(net_, a_).index;
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({range(20000, 10)})));
  auto entries = open<fl_port_key, fl_port>("fl_ports");
  fl_port_key key = port_key(range(20000, 10));
  fl_port value = entries.get(key)->value_or(fl_port{});
  key.port = htons(20005);
  value.port = htons(20005);
  value.count = 5;
  expect_ok(entries.put(key, value));

  start(options());
  Endpoint kept = a_;
  kept.ports = {range(20000, 10)};
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_ports(net_, kept, index, for_everyone(kept.ports)));
  expect_ok(datapath_->retain_only({net_}, {kept}));
  EXPECT_EQ(count("fl_ports"), 1u);
  EXPECT_EQ(entries.get(port_key(range(20000, 10)))->value_or(fl_port{}).count, 10);
  EXPECT_EQ(ntohs(all_bits(20007).first[0]), 20000);
}

TEST_F(PortsTest, equal_rules_share_a_list_and_the_last_port_takes_it_along) {
  const int index = put(net_, a_).index;
  const auto list_of = [&](std::uint16_t port) {
    return open<fl_port_key, fl_port>("fl_ports")
        .get(port_key(binding(port)))
        ->value_or(fl_port{})
        .list;
  };
  const SourceRules one = only("10.0.0.0/8"), two = only("2001:db8::/32");
  expect_ok(datapath_->put_ports(
      net_, a_, index,
      {{binding(80), one}, {binding(81), one}, {binding(82), two}, {binding(83), {}}}));
  EXPECT_EQ(list_of(80), list_of(81));
  EXPECT_NE(list_of(80), list_of(82));
  EXPECT_NE(list_of(80), 0u);
  EXPECT_EQ(list_of(83), 0u);
  EXPECT_EQ(count("fl_sources"), 5u) << "each list has everyone, and that of IPv6 every IPv4";

  start(options());
  expect_ok(datapath_->put_network(net_));
  const __u32 before = list_of(82);
  expect_ok(datapath_->put_ports(net_, a_, index,
                                 {{binding(82), two}, {binding(84), only("10.1.0.0/16")}}));
  EXPECT_EQ(list_of(82), before) << "found again in the map";
  EXPECT_NE(list_of(84), before);
  EXPECT_EQ(count("fl_sources"), 5u);
  expect_ok(datapath_->erase_ports(a_, {binding(82), binding(84)}));
  EXPECT_EQ(count("fl_sources"), 0u);
}

TEST_F(PortsTest, lists_that_do_not_fit_are_an_error_and_change_nothing) {
  const int index = put(net_, a_).index;
  expect_ok(datapath_->put_ports(net_, a_, index, {{binding(80), only("10.0.0.0/8")}}));
  SourceRules many{.rules = {}, .otherwise = false};
  for (std::uint64_t n = 0; n < 70000; ++n)
    many.rules.push_back(
        {.prefix = Prefix(Address::parse("10.0.0.0")->plus(n), 32), .allow = true});
  const auto done = datapath_->put_ports(net_, a_, index,
                                         {{binding(81), only("10.2.0.0/16")}, {binding(80), many}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::exhausted);
  EXPECT_NE(done.error().message().find("shorter lists"), std::string::npos)
      << done.error().message();
  EXPECT_EQ(count("fl_sources"), 2u);
  EXPECT_EQ(count("fl_ports"), 1u);
}

// A packet that reads the bits and then the entry, while ranges around its own come and go.
TEST_F(PortsTest, a_port_that_stays_is_found_at_any_moment) {
  const Endpoint b = endpoint(net_, 6);
  const int index = put(net_, a_).index;
  const int other = put(net_, b).index;
  expect_ok(datapath_->put_ports(net_, a_, index, for_everyone({range(20000, 100, "127.0.0.1")})));
  auto bits_map = open<__u32, fl_port_bits>("fl_port_bits");
  auto entries = open<fl_port_key, fl_port>("fl_ports");
  std::atomic<bool> done = false;
  std::atomic<int> lost = 0, looked = 0;
  std::thread reader([&] {
    fl_port_key key = port_key(range(20000, 1, "127.0.0.1"));
    for (__u32 port = 20000; !done; port = port == 20099 ? 20000 : port + 1) {
      bool found = false;
      // A program is done with both reads before the daemon gets any further; we may be not.
      for (int again = 0; again < 4 && !found; ++again) {
        key.port = bits_map.get(port)->value_or(fl_port_bits{}).first[0];
        const auto entry = entries.get(key);
        found = entry && *entry && port - ntohs(key.port) < (*entry)->count;
      }
      lost += !found;
      ++looked;
    }
  });
  for (int round = 0; round < 500; ++round) {
    PortBinding of_b = range(static_cast<std::uint16_t>(20001 + round % 98), 50, "127.0.0.2");
    of_b.container_address = b.v4->address();
    expect_ok(datapath_->put_ports(net_, b, other, for_everyone({of_b})));
    if (round % 2) expect_ok(datapath_->put_ports(net_, b, other, {}));
  }
  done = true;
  reader.join();
  EXPECT_EQ(lost, 0);
  EXPECT_GT(looked, 1000);
}

}  // namespace
}  // namespace fairlead::datapath
