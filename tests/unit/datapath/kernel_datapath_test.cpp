#include <net/if.h>

#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {
namespace {

class KernelDatapathTest : public DatapathTest {
 protected:
  // What answers a ping of the gateway, from the container's end of the pair.
  bool gateway_answers(const Endpoint& endpoint, const Network& network) {
    const std::string netns = "flt-dp-" + std::to_string(getpid());
    const std::string device = endpoint.container_device;
    const int status =
        run("ip netns add " + netns + " && ip link set " + device + " netns " + netns +
            " && ip -n " + netns + " addr add " + endpoint.v4->to_string() + " dev " + device +
            " && ip -n " + netns + " link set " + device + " up && ip netns exec " + netns +
            " ping -c1 -W2 " + network.v4->gateway->to_string() + " >/dev/null");
    run("ip netns del " + netns);
    return status == 0;
  }
};

TEST_F(KernelDatapathTest, says_how_it_is_attached) {
  start(options());
  EXPECT_TRUE(datapath_->facts().attach_mode == "tcx" ||
              datapath_->facts().attach_mode == "clsact");
  EXPECT_TRUE(datapath_->facts().problems.empty());
  EXPECT_NE(datapath_->facts().socket_hooks, "on");
}

TEST_F(KernelDatapathTest, a_container_gets_an_answer_from_its_gateway) {
  for (const bool tcx : {true, false}) {
    Options how = options();
    how.allow_tcx = tcx;
    how.pin_dir = pin_dir_ + (tcx ? "-tcx" : "-clsact");
    start(how);
    if (!tcx) {
      EXPECT_EQ(datapath_->facts().attach_mode, "clsact");
    }
    const Network net = network(tcx ? 1 : 2);
    const Endpoint container = endpoint(net, 5);
    expect_ok(datapath_->put_network(net));
    put(net, container);
    EXPECT_TRUE(gateway_answers(container, net)) << datapath_->facts().attach_mode;
    auto counters = datapath_->counters();
    ASSERT_TRUE(counters) << counters.error().message();
    std::uint64_t answered = 0;
    for (const auto& counter : *counters) {
      if (counter.reason == FL_FORWARD_ECHO || counter.reason == FL_FORWARD_ARP)
        answered += counter.packets;
    }
    EXPECT_GE(answered, 2u) << "the ARP request and the ping";
    expect_ok(datapath_->erase_endpoint(net, container));
    expect_ok(links_->remove_link(container.host_device));
  }
}

TEST_F(KernelDatapathTest, addresses_of_endpoint_and_gateways_are_found_and_gone_again) {
  start(options());
  const Network net = network();
  const Endpoint container = endpoint(net, 5);
  expect_ok(datapath_->put_network(net));
  EXPECT_EQ(count("fl_forward"), 3u) << "gateway of each family and its link-local address";
  EXPECT_EQ(count("fl_subnets"), 2u);
  const EndpointDevice device = put(net, container);
  EXPECT_EQ(count("fl_forward"), 6u);

  auto forward = open<fl_forward_key, fl_forward>("fl_forward");
  auto entry = forward.get({.network = 1, .addr = to_abi(container.mac.link_local())});
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->kind, FL_TARGET_LOCAL);
  EXPECT_EQ((*entry)->ifindex, static_cast<__u32>(device.index));
  auto gateway = forward.get({.network = 1, .addr = to_abi(host_.mac.link_local())});
  ASSERT_TRUE(gateway && *gateway);
  EXPECT_EQ((*gateway)->kind, FL_TARGET_GATEWAY);

  for (int again = 0; again < 2; ++again) expect_ok(datapath_->erase_endpoint(net, container));
  EXPECT_EQ(count("fl_forward"), 3u);
  EXPECT_EQ(count("fl_endpoints"), 0u);
  EXPECT_FALSE(pinned("endpoint_" + container.host_device));
  for (int again = 0; again < 2; ++again) expect_ok(datapath_->erase_network(net.id));
  EXPECT_EQ(count("fl_forward"), 0u);
  EXPECT_EQ(count("fl_subnets"), 0u);
  EXPECT_EQ(count("fl_networks"), 0u);
}

TEST_F(KernelDatapathTest, an_address_that_another_endpoint_has_now_stays) {
  start(options());
  const Network net = network();
  expect_ok(datapath_->put_network(net));
  const Endpoint old = endpoint(net, 5);
  Endpoint heir = old;
  heir.key = "heir";
  heir.mac = Mac({2, 0, 0, 0, 0, 9});
  heir.host_device = "fltheir";
  heir.container_device = "fltheirc";
  put(net, old);
  put(net, heir);
  expect_ok(datapath_->erase_endpoint(net, old));
  auto entry = open<fl_forward_key, fl_forward>("fl_forward")
                   .get({.network = 1, .addr = to_abi(heir.v4->address())});
  ASSERT_TRUE(entry);
  EXPECT_TRUE(*entry) << "the old endpoint's removal took the new one's address";
}

TEST_F(KernelDatapathTest, member_slots_stay_compact_when_one_leaves) {
  start(options());
  const Network net = network();
  expect_ok(datapath_->put_network(net));
  std::vector<int> index;
  for (int number = 5; number < 9; ++number) index.push_back(put(net, endpoint(net, number)).index);
  expect_ok(datapath_->erase_endpoint(net, endpoint(net, 6)));

  auto value = open<__u32, fl_network>("fl_networks").get(1);
  ASSERT_TRUE(value && *value);
  EXPECT_EQ((*value)->members, 3u);
  auto members = open<fl_member_key, __u32>("fl_members");
  std::set<int> seen;
  for (__u32 slot = 0; slot < 3; ++slot) {
    auto member = members.get({.network = 1, .slot = slot});
    ASSERT_TRUE(member && *member) << slot;
    seen.insert(static_cast<int>(**member));
  }
  EXPECT_EQ(seen, (std::set<int>{index[0], index[2], index[3]}));
  EXPECT_EQ(count("fl_members"), 3u);
}

TEST_F(KernelDatapathTest, a_device_made_anew_replaces_the_one_before) {
  start(options());
  const Network net = network();
  const Endpoint container = endpoint(net, 5);
  expect_ok(datapath_->put_network(net));
  const int first = put(net, container).index;
  const int second = put(net, container).index;
  ASSERT_NE(first, second);
  EXPECT_EQ(count("fl_endpoints"), 1u);
  EXPECT_EQ(count("fl_members"), 1u);
  auto entry = open<fl_forward_key, fl_forward>("fl_forward")
                   .get({.network = 1, .addr = to_abi(container.v4->address())});
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->ifindex, static_cast<__u32>(second));
}

TEST_F(KernelDatapathTest, slot_0_of_the_port_bits_says_whether_a_network_is_routed) {
  start(options());
  Network routed = network(2);
  routed.masquerade = false;
  auto bits = open<__u32, fl_port_bits>("fl_port_bits");
  const auto marked = [&] { return bits.get(0)->value_or(fl_port_bits{}).flags == FL_PORT_ROUTED; };
  expect_ok(datapath_->put_network(network(1)));
  EXPECT_FALSE(marked());
  expect_ok(datapath_->put_network(routed));
  EXPECT_TRUE(marked());
  expect_ok(datapath_->erase_network(2));
  EXPECT_FALSE(marked());
}

TEST_F(KernelDatapathTest, uplinks_and_addresses_follow_the_host) {
  for (const bool tcx : {true, false}) {
    Options how = options();
    how.allow_tcx = tcx;
    how.pin_dir = pin_dir_ = folder_ + (tcx ? "/tcx" : "/clsact");
    start(how);
    ASSERT_EQ(run("ip link add up.1 type veth peer name up.2"), 0);
    auto links = links_->links();
    ASSERT_TRUE(links);
    HostView view;
    for (const auto& link : *links) {
      if (link.name.starts_with("up."))
        view.uplinks.push_back({.name = link.name, .index = link.index, .mtu = link.mtu});
    }
    view.local = {{.address = *Address::parse("198.18.9.1"), .link = view.uplinks[0].index},
                  {.address = *Address::parse("2001:db8::9"), .link = view.uplinks[0].index}};
    for (int again = 0; again < 2; ++again) expect_ok(datapath_->sync_host(view));
    EXPECT_EQ(count("fl_uplinks"), 2u);
    EXPECT_EQ(count("fl_local"), 2u);
    EXPECT_EQ(datapath_->facts().uplinks.size(), 2u);
    if (datapath_->facts().attach_mode == "tcx") {
      EXPECT_TRUE(pinned("uplink_up:1"));
    }
    if (!tcx) {
      EXPECT_EQ(run("tc filter show dev up.1 ingress | grep -q tc_uplink"), 0);
    }

    const std::string gone = view.uplinks.back().name;
    view.uplinks.pop_back();
    view.local.pop_back();
    view.uplinks.push_back({.name = "nowhere", .index = 4711});
    expect_ok(datapath_->sync_host(view));
    EXPECT_EQ(count("fl_local"), 1u);
    EXPECT_EQ(datapath_->facts().uplinks.size(), 1u);
    ASSERT_EQ(datapath_->facts().problems.size(), 1u);
    EXPECT_NE(datapath_->facts().problems[0].find("nowhere"), std::string::npos);
    EXPECT_FALSE(pinned(gone == "up.1" ? "uplink_up:1" : "uplink_up:2"));
    if (!tcx) {
      EXPECT_NE(run("tc filter show dev " + gone + " ingress | grep -q tc_uplink"), 0);
    }
    ASSERT_EQ(run("ip link del up.1"), 0);
  }
}

TEST_F(KernelDatapathTest, an_uplink_that_comes_back_is_attached_again) {
  for (const bool tcx : {true, false}) {
    Options how = options();
    how.allow_tcx = tcx;
    how.pin_dir = pin_dir_ = folder_ + (tcx ? "/tcx" : "/clsact");
    start(how);
    ASSERT_EQ(run("ip link add up.1 type veth peer name up.2"), 0);
    const int index = static_cast<int>(if_nametoindex("up.1"));
    HostView view;
    view.uplinks = {{.name = "up.1", .index = index, .mtu = 1500}};
    const auto attached = [&] {
      if (datapath_->facts().attach_mode == "tcx") return pinned("uplink_up:1");
      return clsact_program(index, Direction::ingress) != 0;
    };
    expect_ok(datapath_->sync_host(view));
    EXPECT_TRUE(attached());
    expect_ok(datapath_->sync_host({}));  // it lost its address
    EXPECT_FALSE(attached());
    expect_ok(datapath_->sync_host(view));
    EXPECT_TRUE(attached()) << datapath_->facts().attach_mode;
    EXPECT_TRUE(datapath_->facts().problems.empty()) << datapath_->facts().problems[0];
    ASSERT_EQ(run("ip link del up.1"), 0);
  }
}

TEST_F(KernelDatapathTest, outside_a_bpf_file_system_it_says_how_to_mount_one) {
  Options where = options();
  where.pin_dir = "/tmp/fairlead-no-bpffs";
  auto created = KernelDatapath::create(where);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code(), Errc::unsupported);
  EXPECT_NE(created.error().message().find("mount -t bpf"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(where.pin_dir));
}

}  // namespace
}  // namespace fairlead::datapath
