#include "datapath/teardown.h"

#include <bpf/libbpf.h>

#include <array>

#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {
namespace {

// A sub-cgroup of the test's own, removed with it. Cgroup v2 is at one of two places.
class TeardownTest : public DatapathTest {
 protected:
  void TearDown() override {
    DatapathTest::TearDown();
    if (!cgroup_.empty()) std::filesystem::remove(cgroup_);
  }

  void make_cgroup() {
    for (const std::string root : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
      if (!std::filesystem::exists(root + "/cgroup.procs")) continue;
      const std::string path = root + "/fairlead-datapath-test-" + std::to_string(getpid());
      std::error_code error;
      if (std::filesystem::create_directory(path, error)) cgroup_ = path;
      return;
    }
  }

  std::string cgroup_;
};

TEST_F(TeardownTest, leaves_nothing_pinned_or_attached) {
  for (const bool tcx : {true, false}) {
    Options how = options();
    how.allow_tcx = tcx;
    start(how);
    const Network net = network();
    const Endpoint container = endpoint(net, 5);
    expect_ok(datapath_->put_network(net));
    put(net, container);
    datapath_.reset();

    auto removed = tear_down(pin_dir_);
    ASSERT_TRUE(removed) << removed.error().message();
    EXPECT_GE(removed->size(), 15u);
    EXPECT_FALSE(std::filesystem::exists(pin_dir_));
    EXPECT_NE(run("tc filter show dev " + container.host_device + " ingress | grep -q tc_"), 0);
    EXPECT_NE(run("tc filter show dev fl_host egress | grep -q tc_"), 0);
    EXPECT_NE(run("tc qdisc | grep -q clsact"), 0) << "an empty qdisc is left";
    EXPECT_TRUE(tear_down(pin_dir_)) << "again";
    expect_ok(links_->remove_link(container.host_device));
  }
}

TEST_F(TeardownTest, another_instances_filters_stay) {
  Options mine = options();
  mine.allow_tcx = false;
  start(mine);
  Options theirs = mine;
  theirs.pin_dir = folder_ + "/other";
  start(theirs);  // takes the place at fl_host
  ASSERT_TRUE(tear_down(pin_dir_));
  EXPECT_EQ(run("tc filter show dev fl_host egress | grep -q tc_host"), 0);
}

TEST_F(TeardownTest, a_qdisc_with_somebody_elses_filter_stays) {
  Options how = options();
  how.allow_tcx = false;
  start(how);
  // Somebody else's program: return TC_ACT_UNSPEC.
  const std::array<bpf_insn, 2> instructions = {
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1},
      bpf_insn{.code = BPF_JMP | BPF_EXIT},
  };
  const UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "others", "GPL",
                                       instructions.data(), instructions.size(), nullptr));
  ASSERT_TRUE(program);
  bpf_tc_hook hook{.sz = sizeof(hook), .ifindex = host_.index, .attach_point = BPF_TC_INGRESS};
  bpf_tc_opts filter{.sz = sizeof(filter), .prog_fd = program.get(), .handle = 1, .priority = 1};
  ASSERT_EQ(bpf_tc_attach(&hook, &filter), 0);
  ASSERT_TRUE(tear_down(pin_dir_));
  EXPECT_EQ(run("tc filter show dev fl_host ingress | grep -q others"), 0);
}

TEST_F(TeardownTest, socket_hooks_are_pinned_taken_over_and_removed) {
  make_cgroup();
  if (cgroup_.empty()) FAIRLEAD_CANNOT_RUN("no cgroup v2 to make a sub-cgroup in");
  Options how = options();
  how.cgroup = cgroup_;
  for (int again = 0; again < 2; ++again) {
    start(how);
    EXPECT_EQ(datapath_->facts().socket_hooks, "on");
    EXPECT_TRUE(pinned("socket_connect4"));
  }
  start(options());
  EXPECT_FALSE(pinned("socket_connect4")) << "switched off";
  start(how);
  ASSERT_TRUE(tear_down(pin_dir_));
  EXPECT_FALSE(std::filesystem::exists(pin_dir_));
}

TEST_F(TeardownTest, the_shortcut_is_on_while_a_network_asks_for_it) {
  make_cgroup();
  if (cgroup_.empty()) FAIRLEAD_CANNOT_RUN("no cgroup v2 to make a sub-cgroup in");
  ASSERT_EQ(run("ip link set lo up"), 0);
  Options how = options();
  how.cgroup = cgroup_;
  start(how);
  expect_ok(datapath_->put_network(network(1)));
  EXPECT_EQ(datapath_->facts().shortcut, "");
  EXPECT_FALSE(pinned("shortcut_shortcut_open"));

  Network wants = network(2);
  wants.shortcut = true;
  expect_ok(datapath_->put_network(wants));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(datapath_->facts().shortcut, "on");
    EXPECT_TRUE(pinned("shortcut_shortcut_open"));
    EXPECT_TRUE(pinned("shortcut_shortcut_option"));
    start(how);
  }
  expect_ok(datapath_->retain_only({network(1)}, {}));
  EXPECT_EQ(datapath_->facts().shortcut, "");
  EXPECT_FALSE(pinned("shortcut_shortcut_open"));

  how.cgroup.clear();
  start(how);
  expect_ok(datapath_->put_network(wants));
  EXPECT_NE(datapath_->facts().shortcut.find("no cgroup v2"), std::string::npos);
  ASSERT_TRUE(tear_down(pin_dir_));
}

TEST_F(TeardownTest, a_folder_that_is_no_cgroup_is_said_and_does_no_harm) {
  Options how = options();
  how.cgroup = "/tmp";
  start(how);
  EXPECT_NE(datapath_->facts().socket_hooks.find("no folder of a cgroup v2"), std::string::npos)
      << datapath_->facts().socket_hooks;
}

}  // namespace
}  // namespace fairlead::datapath
