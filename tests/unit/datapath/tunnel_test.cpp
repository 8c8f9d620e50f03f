#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <array>

#include "datapath/teardown.h"
#include "tests/unit/datapath/peers_test.h"

namespace fairlead::datapath {
namespace {

class TunnelTest : public PeersTest {
 protected:
  // Is tc_tunnel at the ingress of the device, by whichever way?
  bool is_attached(const std::string& device, int index) {
    if (datapath_->facts().attach_mode == "clsact")
      return run("tc filter show dev " + device + " ingress | grep -q tc_tunnel") == 0;
    const UniqueFd link(bpf_obj_get((pin_dir_ + "/links/tunnel").c_str()));
    bpf_link_info info{};
    std::uint32_t size = sizeof(info);
    return link && bpf_obj_get_info_by_fd(link.get(), &info, &size) == 0 &&
           info.xdp.ifindex == static_cast<__u32>(index);
  }

  Tunnel written() {
    const fl_tunnel value = open<__u32, fl_tunnel>("fl_tunnel").get(0)->value_or(fl_tunnel{});
    return {.device = static_cast<int>(value.ifindex), .port = ntohs(value.port)};
  }

  // Id of the XDP program of a device that runs in its driver; 0: none.
  static __u32 native_xdp(int index) {
    __u32 id = 0;
    return bpf_xdp_query_id(index, XDP_FLAGS_DRV_MODE, &id) == 0 ? id : 0;
  }
  static __u32 generic_xdp(int index) {
    __u32 id = 0;
    return bpf_xdp_query_id(index, XDP_FLAGS_SKB_MODE, &id) == 0 ? id : 0;
  }

  Uplink uplink(const std::string& name) {
    return {.name = name, .index = make_device(name), .mtu = 1500, .v4 = {}, .v6 = {}};
  }

  Options native() const {
    Options how = options();
    how.xdp = "native";
    return how;
  }
};

TEST_F(TunnelTest, the_program_goes_where_the_tunnel_goes) {
  for (const bool tcx : {true, false}) {
    Options how = options();
    how.allow_tcx = tcx;
    how.pin_dir = pin_dir_ = folder_ + (tcx ? "/tcx" : "/clsact");
    start(how);
    const std::string suffix = tcx ? "a" : "b";
    const int first = make_device("one" + suffix);
    const int second = make_device("two" + suffix);
    expect_ok(datapath_->set_tunnel({.device = first, .port = kPort}));
    EXPECT_EQ(written(), (Tunnel{.device = first, .port = kPort}));
    EXPECT_TRUE(is_attached("one" + suffix, first));
    start(how);
    EXPECT_TRUE(is_attached("one" + suffix, first)) << "while nobody says anything";
    expect_ok(datapath_->set_tunnel({.device = first, .port = kPort}));
    EXPECT_TRUE(is_attached("one" + suffix, first));
    expect_ok(datapath_->set_tunnel({.device = second, .port = kPort}));
    EXPECT_TRUE(is_attached("two" + suffix, second));
    EXPECT_FALSE(is_attached("one" + suffix, first));
    for (int again = 0; again < 2; ++again) expect_ok(datapath_->set_tunnel({}));
    EXPECT_FALSE(is_attached("two" + suffix, second));
    EXPECT_EQ(written(), Tunnel{});
    EXPECT_FALSE(pinned("tunnel"));
  }
}

TEST_F(TunnelTest, a_device_that_is_gone_is_said_and_forgotten) {
  EXPECT_FALSE(datapath_->set_tunnel({.device = 4711, .port = kPort}));
  EXPECT_EQ(written(), Tunnel{});
  set_tunnel();
  expect_ok(links_->remove_link("tun0"));
  expect_ok(datapath_->set_tunnel({}));
  EXPECT_FALSE(pinned("tunnel"));
}

TEST_F(TunnelTest, uplinks_take_tunnel_packets_at_tc_unless_xdp_is_asked_for) {
  for (const std::string mode : {"auto", "off"}) {
    Options how = options();
    how.xdp = mode;
    start(how);
    const Uplink up = uplink("up" + mode);
    expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up}}));
    EXPECT_TRUE(datapath_->facts().decap.empty()) << "no tunnel, nothing to take";
    device_ = make_device("tun" + mode);
    expect_ok(datapath_->set_tunnel({.device = device_, .port = kPort}));
    EXPECT_EQ(datapath_->facts().decap, (std::map<std::string, std::string>{{up.name, "tc"}}));
    EXPECT_EQ(native_xdp(up.index), 0u);
    EXPECT_EQ(datapath_->facts().problems, std::vector<std::string>());
    expect_ok(datapath_->set_tunnel({}));
  }
  Options how = options();
  how.xdp = "generic";
  const auto refused = KernelDatapath::create(how);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
}

TEST_F(TunnelTest, native_xdp_comes_with_the_tunnel_and_goes_with_it_or_the_uplink) {
  start(native());
  const Uplink up = uplink("up0");
  const Uplink other = uplink("up1");
  expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up, other}}));
  EXPECT_EQ(native_xdp(up.index), 0u) << "no tunnel yet";
  set_tunnel();
  const __u32 program = native_xdp(up.index);
  EXPECT_NE(program, 0u) << ::testing::PrintToString(datapath_->facts().problems);
  EXPECT_EQ(generic_xdp(up.index), 0u);
  EXPECT_EQ(datapath_->facts().decap.at("up0"), "xdp");

  start(native());
  EXPECT_EQ(native_xdp(up.index), program) << "a restart interrupts nothing";
  expect_ok(datapath_->set_tunnel({.device = device_, .port = kPort}));
  EXPECT_EQ(native_xdp(up.index), program) << "before the uplinks are known none is given up";
  expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up, other}}));
  EXPECT_NE(native_xdp(up.index), program) << "the new daemon's program";
  EXPECT_NE(native_xdp(up.index), 0u);

  expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up}}));
  EXPECT_EQ(native_xdp(other.index), 0u);
  expect_ok(datapath_->set_tunnel({}));
  EXPECT_EQ(native_xdp(up.index), 0u);
  EXPECT_FALSE(pinned("xdp_up0"));
}

TEST_F(TunnelTest, xdp_that_is_switched_off_is_detached_by_the_next_daemon) {
  start(native());
  const Uplink up = uplink("up0");
  expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up}}));
  set_tunnel();
  ASSERT_NE(native_xdp(up.index), 0u);
  start(options());
  expect_ok(datapath_->set_tunnel({.device = device_, .port = kPort}));
  EXPECT_EQ(native_xdp(up.index), 0u);
}

TEST_F(TunnelTest, somebody_elses_xdp_program_stays_and_it_is_said) {
  start(native());
  const Uplink up = uplink("up0");
  const std::array<bpf_insn, 2> pass = {
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 2},  // XDP_PASS
      bpf_insn{.code = BPF_JMP | BPF_EXIT},
  };
  const UniqueFd theirs(
      bpf_prog_load(BPF_PROG_TYPE_XDP, "others", "GPL", pass.data(), pass.size(), nullptr));
  ASSERT_TRUE(theirs);
  ASSERT_EQ(bpf_xdp_attach(up.index, theirs.get(), XDP_FLAGS_DRV_MODE, nullptr), 0);
  const __u32 before = native_xdp(up.index);
  set_tunnel();
  expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up}}));
  EXPECT_EQ(native_xdp(up.index), before);
  EXPECT_EQ(datapath_->facts().decap.at("up0"), "tc");
  const auto problems = datapath_->facts().problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("another XDP program"), std::string::npos) << problems[0];

  ASSERT_EQ(bpf_xdp_detach(up.index, XDP_FLAGS_DRV_MODE, nullptr), 0);
  expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up}}));
  EXPECT_EQ(datapath_->facts().decap.at("up0"), "xdp") << "the place is free";
  EXPECT_TRUE(datapath_->facts().problems.empty());
}

TEST_F(TunnelTest, a_driver_without_xdp_is_said_and_gets_no_generic_one) {
  start(native());
  ASSERT_EQ(run("ip link add br0 type bridge"), 0);
  const Uplink up{.name = "br0",
                  .index = static_cast<int>(if_nametoindex("br0")),
                  .mtu = 1500,
                  .v4 = {},
                  .v6 = {}};
  set_tunnel();
  for (int again = 0; again < 2; ++again) {
    expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up}}));
    EXPECT_EQ(generic_xdp(up.index), 0u);
    EXPECT_EQ(datapath_->facts().decap.at("br0"), "tc");
    const auto problems = datapath_->facts().problems;
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].find("br0"), std::string::npos) << problems[0];
    EXPECT_NE(problems[0].find("takes no XDP program"), std::string::npos) << problems[0];
  }
}

TEST_F(TunnelTest, teardown_leaves_no_xdp_and_no_program_at_the_tunnel) {
  for (const bool tcx : {true, false}) {
    Options how = native();
    how.allow_tcx = tcx;
    how.pin_dir = pin_dir_ = folder_ + (tcx ? "/tcx" : "/clsact");
    start(how);
    const std::string suffix = tcx ? "a" : "b";
    const Uplink up = uplink("up" + suffix);
    device_ = make_device("tun" + suffix);
    expect_ok(datapath_->set_tunnel({.device = device_, .port = kPort}));
    expect_ok(datapath_->sync_host({.local = {}, .uplinks = {up}}));
    ASSERT_NE(native_xdp(up.index), 0u);
    datapath_.reset();
    const auto removed = tear_down(pin_dir_);
    ASSERT_TRUE(removed) << removed.error().message();
    EXPECT_EQ(native_xdp(up.index), 0u);
    EXPECT_NE(run("tc filter show dev tun" + suffix + " ingress | grep -q tc_tunnel"), 0);
    EXPECT_FALSE(std::filesystem::exists(pin_dir_));
  }
}

}  // namespace
}  // namespace fairlead::datapath
