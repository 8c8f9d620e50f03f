#include <optional>

#include "netlink/kernel_links.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

class HeadroomTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (run("ip link add probe type bridge 2>/dev/null && ip link del probe") != 0)
      FAIRLEAD_CANNOT_RUN("this kernel has no bridge");
    auto created = KernelLinks::create();
    ASSERT_TRUE(created) << created.error().message();
    links_.emplace(std::move(*created));
  }

  int ensure() {
    auto made = links_->ensure_headroom("fl_room");
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or(0);
  }

  void make_pair(int headroom) {
    auto made = links_->create_veth(
        {.host_name = "flh1", .container_name = "flc1", .container_mac = {}, .headroom = headroom});
    ASSERT_TRUE(made) << made.error().message();
  }

  std::optional<KernelLinks> links_;
};

TEST_F(HeadroomTest, is_made_once_and_never_up) {
  const int index = ensure();
  EXPECT_GT(index, 0);
  EXPECT_EQ(ensure(), index);
  EXPECT_EQ(run("ip -o link show fl_room | grep -q 'state DOWN'"), 0);
  EXPECT_EQ(run("ip -o link show fl_roomv | grep -q 'master fl_room state DOWN'"), 0);
  EXPECT_NE(run("ip addr show fl_room | grep -q inet"), 0);
}

TEST_F(HeadroomTest, a_pair_is_its_port_and_it_hands_nothing_on) {
  make_pair(ensure());
  ASSERT_EQ(run("ip link set flc1 up"), 0);
  EXPECT_EQ(run("ip -o link show flh1 | grep -q 'master fl_room'"), 0);
  EXPECT_EQ(run("bridge link show dev flh1 | grep -q 'state disabled'"), 0);
}

TEST_F(HeadroomTest, a_pair_that_finds_no_place_is_made_all_the_same) {
  make_pair(9999);
  EXPECT_EQ(run("ip -o link show flh1 | grep -q ',UP'"), 0);
  EXPECT_NE(run("ip -o link show flh1 | grep -q master"), 0);
}

TEST_F(HeadroomTest, goes_and_leaves_its_ports) {
  make_pair(ensure());
  ASSERT_TRUE(links_->remove_headroom("fl_room"));
  ASSERT_TRUE(links_->remove_headroom("fl_room")) << "once more";
  EXPECT_NE(run("ip link show fl_room 2>/dev/null"), 0);
  EXPECT_NE(run("ip link show fl_roomv 2>/dev/null"), 0);
  EXPECT_EQ(run("ip link show flh1 >/dev/null"), 0);
}

}  // namespace
}  // namespace fairlead::netlink
