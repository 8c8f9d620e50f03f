#include "netlink/events.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <optional>

#include "tests/unit/netlink/other_host.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

constexpr News kNothing{.host = false, .underlay = false};
constexpr News kUnderlay{.host = false, .underlay = true};
constexpr News kBoth{.host = true, .underlay = true};

class MonitorTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto monitor = Monitor::open();
    ASSERT_TRUE(monitor) << monitor.error().message();
    monitor_.emplace(std::move(*monitor));
    // Without link-local addresses, which would be news some time later.
    ASSERT_EQ(run("ip link add w0 type veth peer name w1 && ip link set w0 addrgenmode none && "
                  "ip link set w1 addrgenmode none && ip link set w0 up"),
              0);
    ASSERT_EQ(changed(), kBoth);
  }

  // Some news (a carrier's) come a little later, from a work queue.
  News changed(int wait_ms = 1000) {
    pollfd entry{.fd = monitor_->fd(), .events = POLLIN, .revents = 0};
    poll(&entry, 1, wait_ms);
    auto result = monitor_->drain();
    EXPECT_TRUE(result) << result.error().message();
    return result.value_or(News{});
  }

  // All that comes until nothing does for a while.
  News settle(int wait_ms = 300) {
    News all;
    for (News news = changed(wait_ms); news != kNothing; news = changed(wait_ms)) {
      all.host = all.host || news.host;
      all.underlay = all.underlay || news.underlay;
    }
    return all;
  }

  std::optional<Monitor> monitor_;
};

TEST_F(MonitorTest, nothing_new_is_nothing_changed) {
  settle();
  EXPECT_EQ(changed(0), kNothing);
}

TEST_F(MonitorTest, sees_links_addresses_and_routes_of_both_families) {
  for (const auto* command :
       {"ip link set w0 mtu 1400", "ip addr add 198.18.0.1/24 dev w0",
        "ip route add 198.18.9.0/24 via 198.18.0.2", "ip -6 addr add 2001:db8::1/64 dev w0 nodad",
        "ip -6 route add 2001:db8:9::/64 dev w0", "ip link del w0"}) {
    settle(50);
    ASSERT_EQ(run(command), 0) << command;
    EXPECT_EQ(changed(), kBoth) << command;
  }
}

TEST_F(MonitorTest, routes_of_other_tables_rules_and_nexthops_are_the_underlays_alone) {
  ASSERT_EQ(run("ip addr add 198.18.0.1/24 dev w0 && ip link set w1 up"), 0);
  for (const auto* command :
       {"ip route add 198.18.9.0/24 dev w0 table 7", "ip rule add to 198.19.0.0/16 lookup 7",
        "ip -6 rule add to 2001:db8:9::/48 lookup 7",
        "ip nexthop add id 1 via 198.18.0.2 dev w0 2>/dev/null || ip rule add prio 9 lookup 7"}) {
    settle();
    ASSERT_EQ(run(command), 0) << command;
    EXPECT_EQ(changed(), kUnderlay) << command;
  }
}

TEST_F(MonitorTest, fairleads_own_devices_are_no_underlay) {
  settle();
  ASSERT_EQ(run("ip link add flt0 type veth peer name flt1 && ip link set flt0 mtu 1400"), 0);
  const News news = settle();
  EXPECT_TRUE(news.host);
  EXPECT_FALSE(news.underlay);
}

TEST_F(MonitorTest, a_neighbours_mac_is_news_and_asking_for_it_again_is_none) {
  test::OtherHost other;
  ASSERT_TRUE(other.ok());
  ASSERT_EQ(run("ip link del w0"), 0);
  other.connect("w0", "02:00:00:00:00:02");
  settle();

  ASSERT_EQ(run("ping -c1 -W2 198.18.0.2 >/dev/null"), 0);
  EXPECT_EQ(settle(), kUnderlay) << "it answered";
  ASSERT_EQ(run("ip neigh change 198.18.0.2 dev w0 nud delay && ip neigh change 198.18.0.2 "
                "dev w0 nud probe && ip neigh change 198.18.0.2 dev w0 nud reachable"),
            0);
  EXPECT_EQ(settle(), kNothing) << "the same MAC";
  ASSERT_EQ(run("ip neigh change 198.18.0.2 dev w0 lladdr 02:00:00:00:00:03 nud reachable"), 0);
  EXPECT_EQ(settle(), kUnderlay) << "another MAC";
  ASSERT_EQ(run("ip neigh del 198.18.0.2 dev w0"), 0);
  EXPECT_EQ(settle(), kUnderlay) << "it is gone";
}

TEST_F(MonitorTest, another_mac_that_the_neighbour_tells_is_news) {
  test::OtherHost other;
  ASSERT_TRUE(other.ok());
  ASSERT_EQ(run("ip link del w0"), 0);
  other.connect("w0", "02:00:00:00:00:02");
  ASSERT_EQ(other.run("echo 1 >/proc/sys/net/ipv4/conf/far/arp_notify"), 0);
  ASSERT_EQ(run("ping -c1 -W2 198.18.0.2 >/dev/null"), 0);
  settle();
  ASSERT_EQ(other.run("ip link set far address 02:00:00:00:00:03"), 0);
  EXPECT_EQ(settle(), kUnderlay);
  EXPECT_EQ(run("ip neigh show 198.18.0.2 | grep -q 02:00:00:00:00:03"), 0);
}

TEST_F(MonitorTest, one_that_never_answers_is_no_news) {
  ASSERT_EQ(run("ip addr add 198.18.0.1/24 dev w0 && ip link set w1 up"), 0);
  settle();
  ASSERT_EQ(run("ping -c1 -W1 198.18.0.77 >/dev/null; true"), 0);
  EXPECT_EQ(settle(), kNothing);
}

TEST_F(MonitorTest, lost_notifications_count_as_a_change_of_everything) {
  settle();
  const int small = 1;
  ASSERT_EQ(setsockopt(monitor_->fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
  ASSERT_EQ(run("for i in $(seq 40); do ip link set w0 mtu $((1400+i)); done"), 0);
  EXPECT_EQ(changed(), kBoth);
  EXPECT_EQ(changed(0), kNothing);
}

}  // namespace
}  // namespace fairlead::netlink
