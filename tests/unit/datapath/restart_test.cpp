#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {
namespace {

class RestartTest : public DatapathTest {
 protected:
  PortBinding binding(std::uint16_t port, const Endpoint& to) const {
    return {.protocol = Protocol::tcp,
            .host_address = Address::any(Family::v4),
            .host_port = port,
            .container_address = to.v4->address(),
            .container_port = 80};
  }

  // Id of the program of a pinned TCX link; 0 if there is none.
  __u32 program_of(const std::string& link) const {
    const UniqueFd fd(bpf_obj_get((pin_dir_ + "/links/" + link).c_str()));
    bpf_link_info info{};
    std::uint32_t size = sizeof(info);
    return fd && bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 ? info.prog_id : 0;
  }

  __u32 members_of(NetworkId id) {
    auto value = open<__u32, fl_network>("fl_networks").get(id);
    return value && *value ? (*value)->members : 0;
  }

  Status mark(__u32 port) {
    return open<__u32, fl_port_bits>("fl_port_bits").put(port, {.flags = FL_PORT_TCP});
  }

  Network net_ = network();
  Endpoint a_ = endpoint(net_, 5);
  Endpoint b_ = endpoint(net_, 6);
};

TEST_F(RestartTest, everything_stays_while_no_daemon_runs_and_is_taken_over) {
  start(options());
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  put(net_, b_);
  settle();
  expect_ok(datapath_->put_ports(net_, a_, device.index, for_everyone({binding(8080, a_)})));
  datapath_.reset();

  auto forward = open<fl_forward_key, fl_forward>("fl_forward");
  const auto reachable = [&] {
    auto entry = forward.get({.network = 1, .addr = to_abi(a_.v4->address())});
    return entry && *entry;
  };
  EXPECT_TRUE(reachable());
  start(options());
  EXPECT_TRUE(reachable());
  const bool tcx = datapath_->facts().attach_mode == "tcx";
  const __u32 before = program_of("endpoint_" + a_.host_device);

  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_endpoint(net_, a_, device));
  EXPECT_EQ(members_of(1), 2u) << "the other member is not forgotten before it is put again";
  if (tcx) {
    EXPECT_NE(before, 0u);
    EXPECT_NE(program_of("endpoint_" + a_.host_device), before) << "the new daemon's program";
  }
  EXPECT_EQ(count("fl_endpoints"), 2u);
  EXPECT_EQ(count("fl_members"), 2u);
  EXPECT_EQ(count("fl_ports"), 1u);
}

TEST_F(RestartTest, a_program_settles_without_a_moment_that_has_none) {
  start(options());
  if (datapath_->facts().attach_mode != "tcx") GTEST_SKIP() << "a filter is all this kernel has";
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  EXPECT_NE(clsact_program(device.index, Direction::ingress), 0u) << "at once";
  EXPECT_FALSE(pinned("endpoint_" + a_.host_device));
  settle();
  EXPECT_EQ(clsact_program(device.index, Direction::ingress), 0u);
  EXPECT_NE(program_of("endpoint_" + a_.host_device), 0u);
  settle();
  expect_ok(datapath_->put_endpoint(net_, a_, device));
  EXPECT_EQ(clsact_program(device.index, Direction::ingress), 0u) << "put again";
}

TEST_F(RestartTest, what_had_not_settled_does_so_under_the_next_daemon) {
  start(options());
  if (datapath_->facts().attach_mode != "tcx") GTEST_SKIP() << "a filter is all this kernel has";
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice a = put(net_, a_);
  const EndpointDevice b = put(net_, b_);
  ASSERT_TRUE(datapath_->settle_next());  // a
  // As if the daemon had died between the link and the filter's end.
  const UniqueFd program(bpf_prog_get_fd_by_id(program_of("endpoint_" + a.name)));
  expect_ok(TcHooks(/*allow_tcx=*/false)
                .attach(program.get(), {.device = a.name, .index = a.index, .pin = ""}));
  const unsigned before = clsact_program(b.index, Direction::ingress);

  start(options());
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_endpoint(net_, a_, a));
  expect_ok(datapath_->put_endpoint(net_, b_, b));
  EXPECT_EQ(clsact_program(a.index, Direction::ingress), 0u) << "the link is enough";
  EXPECT_NE(clsact_program(b.index, Direction::ingress), before) << "the new daemon's program";
  settle();
  EXPECT_EQ(clsact_program(b.index, Direction::ingress), 0u);
  EXPECT_NE(program_of("endpoint_" + b_.host_device), 0u);
}

TEST_F(RestartTest, clsact_programs_are_replaced_not_added) {
  Options how = options();
  how.allow_tcx = false;
  start(how);
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  start(how);
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_endpoint(net_, a_, device));
  const auto filters = [&](const std::string& where) {
    return run("test $(tc filter show dev " + where + " | grep -c 'tc_[a-z]*.*direct-action') = 1");
  };
  EXPECT_EQ(filters(a_.host_device + " ingress"), 0);
  EXPECT_EQ(filters("fl_host egress"), 0);
}

TEST_F(RestartTest, what_nobody_claims_is_removed_and_the_rest_stays) {
  start(options());
  const Network other = network(2);
  const Endpoint c = endpoint(other, 7);
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_network(other));
  const EndpointDevice a_device = put(net_, a_);
  const EndpointDevice b_device = put(net_, b_);
  put(other, c);
  ASSERT_TRUE(datapath_->settle_next());  // a; the others' programs are filters yet
  expect_ok(datapath_->put_ports(net_, a_, a_device.index,
                                 for_everyone({binding(8080, a_), binding(8081, a_)})));
  expect_ok(datapath_->put_ports(net_, b_, b_device.index, for_everyone({binding(9090, b_)})));
  // A mark without a port, as a crash between two writes leaves it.
  expect_ok(mark(4000));

  start(options());
  Endpoint kept = a_;
  kept.ports = {binding(8080, a_)};
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_endpoint(net_, kept, a_device));
  expect_ok(datapath_->put_ports(net_, kept, a_device.index, for_everyone(kept.ports)));
  for (int again = 0; again < 2; ++again) expect_ok(datapath_->retain_only({net_}, {kept}));

  EXPECT_EQ(count("fl_networks"), 1u);
  EXPECT_EQ(count("fl_subnets"), 2u);
  EXPECT_EQ(count("fl_endpoints"), 1u);
  EXPECT_EQ(count("fl_forward"), 6u);
  EXPECT_EQ(count("fl_members"), 1u);
  EXPECT_EQ(count("fl_ports"), 1u);
  auto bits = open<__u32, fl_port_bits>("fl_port_bits");
  const auto flags = [&](__u32 port) {
    return bits.get(port)->value_or(fl_port_bits{.flags = 9}).flags;
  };
  EXPECT_EQ(flags(8080), __u32{FL_PORT_TCP});
  EXPECT_EQ(flags(8081), 0u);
  EXPECT_EQ(flags(9090), 0u);
  EXPECT_EQ(flags(4000), 0u);
  if (datapath_->facts().attach_mode == "tcx") {
    EXPECT_TRUE(pinned("endpoint_" + a_.host_device));
    EXPECT_FALSE(pinned("endpoint_" + b_.host_device));
    EXPECT_FALSE(pinned("endpoint_" + c.host_device));
  }
  EXPECT_NE(b_device.index, 0);
  EXPECT_EQ(clsact_program(b_device.index, Direction::ingress), 0u);
}

TEST_F(RestartTest, a_map_keeps_its_size_and_the_daemon_says_so) {
  start(options());
  expect_ok(datapath_->put_network(net_));
  Options larger = options();
  larger.sizes.ports = 8192;
  start(larger);
  EXPECT_EQ(count("fl_networks"), 1u);
  ASSERT_EQ(datapath_->facts().problems.size(), 1u);
  EXPECT_NE(datapath_->facts().problems[0].find("fl_ports"), std::string::npos);
  EXPECT_NE(datapath_->facts().problems[0].find("8192"), std::string::npos);
}

TEST_F(RestartTest, a_map_of_another_layout_is_named_with_what_to_do) {
  ASSERT_TRUE(std::filesystem::create_directories(pin_dir_ + "/maps"));
  const UniqueFd other(bpf_map_create(BPF_MAP_TYPE_HASH, "fl_endpoints", 4, 12, 64, nullptr));
  ASSERT_TRUE(other);
  ASSERT_EQ(bpf_obj_pin(other.get(), (pin_dir_ + "/maps/fl_endpoints").c_str()), 0);
  auto created = KernelDatapath::create(options());
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code(), Errc::unsupported);
  const std::string& text = created.error().message();
  EXPECT_NE(text.find("fl_endpoints"), std::string::npos) << text;
  EXPECT_NE(text.find("teardown --all"), std::string::npos) << text;
}

}  // namespace
}  // namespace fairlead::datapath
