#include "netlink/events.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

class MonitorTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto monitor = Monitor::open();
    ASSERT_TRUE(monitor) << monitor.error().message();
    monitor_.emplace(std::move(*monitor));
    ASSERT_EQ(run("ip link add flt0 type veth peer name flt1 && ip link set flt0 up"), 0);
    ASSERT_TRUE(changed());
  }

  // Some news (a carrier's) come a little later, from a work queue.
  bool changed(int wait_ms = 1000) {
    pollfd entry{.fd = monitor_->fd(), .events = POLLIN, .revents = 0};
    poll(&entry, 1, wait_ms);
    auto result = monitor_->drain();
    EXPECT_TRUE(result) << result.error().message();
    return result.value_or(false);
  }

  std::optional<Monitor> monitor_;
};

TEST_F(MonitorTest, nothing_new_is_nothing_changed) { EXPECT_FALSE(changed(0)); }

TEST_F(MonitorTest, sees_links_addresses_and_routes_of_both_families) {
  for (const auto* command :
       {"ip link set flt0 mtu 1400", "ip addr add 198.18.0.1/24 dev flt0",
        "ip route add 198.18.9.0/24 via 198.18.0.2", "ip -6 addr add 2001:db8::1/64 dev flt0 nodad",
        "ip -6 route add 2001:db8:9::/64 dev flt0", "ip link del flt0"}) {
    while (changed(0)) continue;
    ASSERT_EQ(run(command), 0) << command;
    EXPECT_TRUE(changed()) << command;
  }
}

TEST_F(MonitorTest, routes_of_other_tables_do_not_count) {
  ASSERT_EQ(run("ip link set flt1 up"), 0);
  while (changed(300)) continue;
  ASSERT_EQ(run("ip route add 198.18.9.0/24 dev flt0 table 7"), 0);
  EXPECT_FALSE(changed(300));
}

TEST_F(MonitorTest, lost_notifications_count_as_a_change) {
  while (changed(0)) continue;
  const int small = 1;
  ASSERT_EQ(setsockopt(monitor_->fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
  ASSERT_EQ(run("for i in $(seq 40); do ip link set flt0 mtu $((1400+i)); done"), 0);
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed(0));
}

}  // namespace
}  // namespace fairlead::netlink
