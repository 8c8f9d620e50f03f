#include <chrono>

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

}  // namespace
}  // namespace fairlead::datapath
