#include <net/if.h>

#include <algorithm>
#include <fstream>

#include "netlink/kernel_links.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

// Two wires with both families; only this end matters to a route.
class WaysTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto created = KernelLinks::create();
    ASSERT_TRUE(created) << created.error().message();
    links_.emplace(std::move(*created));
    ASSERT_EQ(run("ip link set lo up;"
                  "for i in 0 1; do ip link add w$i type veth peer name x$i && "
                  "ip link set w$i up && ip link set x$i up && "
                  "ip addr add 198.18.$i.1/24 dev w$i && "
                  "ip addr add 2001:db8:$i::1/64 dev w$i nodad || exit 1; done"),
              0);
  }

  static Address addr(const std::string& text) { return Address::parse(text).value(); }

  static int index(const std::string& name) {
    return static_cast<int>(if_nametoindex(name.c_str()));
  }

  Way way(const std::string& to) {
    auto found = links_->way_to(addr(to));
    EXPECT_TRUE(found) << found.error().message();
    return found.value_or(Way{});
  }

  static WayHop hop(const std::string& link, const std::string& gateway, unsigned weight = 1) {
    return {.link = index(link), .gateway = addr(gateway), .weight = weight};
  }

  // The kernel may list siblings in another order than they were given.
  static std::vector<WayHop> sorted(std::vector<WayHop> hops) {
    std::ranges::sort(hops, {}, [](const WayHop& hop) { return hop.link; });
    return hops;
  }

  static bool set_sysctl(const std::string& path, const std::string& value) {
    std::ofstream file("/proc/sys/net/" + path);
    file << value << std::flush;
    return file.good();
  }

  std::optional<KernelLinks> links_;
};

TEST_F(WaysTest, an_address_on_the_link_needs_no_gateway) {
  EXPECT_EQ(way("198.18.0.9").hops, std::vector{hop("w0", "0.0.0.0")});
  EXPECT_EQ(way("2001:db8:1::9").hops, std::vector{hop("w1", "::")});
  EXPECT_EQ(way("198.18.0.9").source, addr("198.18.0.1"));
}

TEST_F(WaysTest, one_gateway_with_the_routes_mtu_and_source) {
  ASSERT_EQ(run("ip addr add 198.18.0.7/24 dev w0 && "
                "ip route add 198.19.0.0/16 via 198.18.0.2 mtu 1400 src 198.18.0.7 && "
                "ip -6 route add 2001:db8:9::/48 via 2001:db8:0::2 mtu 1300"),
            0);
  const Way v4 = way("198.19.3.4");
  EXPECT_EQ(v4.hops, std::vector{hop("w0", "198.18.0.2")});
  EXPECT_EQ(v4.mtu, 1400U);
  EXPECT_EQ(v4.source, addr("198.18.0.7"));
  const Way v6 = way("2001:db8:9::4");
  EXPECT_EQ(v6.hops, std::vector{hop("w0", "2001:db8::2")});
  EXPECT_EQ(v6.mtu, 1300U);
  EXPECT_EQ(way("198.18.0.9").mtu, 0U);
}

TEST_F(WaysTest, every_hop_of_several_with_its_weight) {
  ASSERT_EQ(run("ip route add 198.19.0.0/16 nexthop via 198.18.0.2 weight 3 "
                "nexthop via 198.18.1.2 && "
                "ip -6 route add 2001:db8:9::/48 nexthop via 2001:db8:0::2 weight 3 "
                "nexthop via 2001:db8:1::2"),
            0);
  // Whatever a single flow's hash would choose.
  for (const auto* to : {"198.19.0.1", "198.19.0.2", "198.19.200.3"})
    EXPECT_EQ(sorted(way(to).hops),
              (std::vector{hop("w0", "198.18.0.2", 3), hop("w1", "198.18.1.2")}));
  EXPECT_EQ(sorted(way("2001:db8:9::1").hops),
            (std::vector{hop("w0", "2001:db8::2", 3), hop("w1", "2001:db8:1::2")}));
}

TEST_F(WaysTest, nexthop_objects_however_the_kernel_lists_them) {
  if (run("ip nexthop add id 1 via 198.18.0.2 dev w0 2>/dev/null") != 0)
    FAIRLEAD_CANNOT_RUN("this kernel has no nexthop objects");
  ASSERT_EQ(run("ip nexthop add id 2 via 198.18.1.2 dev w1 && "
                "ip nexthop add id 3 group 1,3/2 && ip route add 198.19.0.0/16 nhid 3 && "
                "ip route add 198.19.9.0/24 nhid 1 && "
                "ip nexthop add id 11 via 2001:db8:0::2 dev w0 && "
                "ip nexthop add id 14 via 2001:db8:1::2 dev w1 && "
                "ip nexthop add id 15 group 11/14 && ip -6 route add 2001:db8:9::/48 nhid 15"),
            0);
  for (const auto* compatible : {"1", "0"}) {
    ASSERT_TRUE(set_sysctl("ipv4/nexthop_compat_mode", compatible));
    EXPECT_EQ(sorted(way("198.19.0.1").hops),
              (std::vector{hop("w0", "198.18.0.2", 3), hop("w1", "198.18.1.2")}))
        << "compat mode " << compatible;
    EXPECT_EQ(way("198.19.9.1").hops, std::vector{hop("w0", "198.18.0.2")})
        << "compat mode " << compatible;
    EXPECT_EQ(sorted(way("2001:db8:9::1").hops),
              (std::vector{hop("w0", "2001:db8::2"), hop("w1", "2001:db8:1::2")}))
        << "compat mode " << compatible;
  }
}

TEST_F(WaysTest, a_gateway_of_the_other_family) {
  ASSERT_EQ(run("ip route add 198.19.0.0/16 via inet6 fe80::2 dev w0"), 0);
  EXPECT_EQ(way("198.19.0.1").hops, std::vector{hop("w0", "fe80::2")});
}

TEST_F(WaysTest, own_addresses_are_local) {
  EXPECT_TRUE(way("198.18.0.1").local);
  EXPECT_TRUE(way("2001:db8:1::1").local);
  EXPECT_TRUE(way("198.18.0.1").hops.empty());
  EXPECT_FALSE(way("198.18.0.9").local);
}

TEST_F(WaysTest, no_route_and_routes_that_refuse_are_no_hops_and_no_error) {
  ASSERT_EQ(run("ip route add blackhole 198.19.1.0/24 && ip route add prohibit 198.19.2.0/24 && "
                "ip route add unreachable 198.19.3.0/24 && "
                "ip -6 route add blackhole 2001:db8:a1::/48 && "
                "ip -6 route add prohibit 2001:db8:a2::/48 && "
                "ip -6 route add unreachable 2001:db8:a3::/48"),
            0);
  for (const auto* to : {"198.19.0.1", "198.19.1.1", "198.19.2.1", "198.19.3.1", "2001:db8:a0::1",
                         "2001:db8:a1::1", "2001:db8:a2::1", "2001:db8:a3::1"})
    EXPECT_EQ(way(to), Way{}) << to;
}

TEST_F(WaysTest, a_hop_whose_device_is_down_does_not_count) {
  ASSERT_EQ(run("ip route add 198.19.0.0/16 nexthop via 198.18.0.2 nexthop via 198.18.1.2 && "
                "ip link set w0 down"),
            0);
  EXPECT_EQ(way("198.19.0.1").hops, std::vector{hop("w1", "198.18.1.2")});
}

TEST_F(WaysTest, forwarding_is_a_devices_own_for_ipv4_and_the_hosts_for_ipv6) {
  for (const Family family : {Family::v4, Family::v6}) EXPECT_FALSE(links_->forwards(family, "w0"));

  ASSERT_TRUE(set_sysctl("ipv4/conf/w0/forwarding", "1"));
  ASSERT_TRUE(set_sysctl("ipv6/conf/all/forwarding", "1"));

  EXPECT_TRUE(links_->forwards(Family::v4, "w0"));
  EXPECT_FALSE(links_->forwards(Family::v4, "w1"));
  EXPECT_TRUE(links_->forwards(Family::v6, "w1"));
  EXPECT_FALSE(links_->forwards(Family::v4, "nothing"));
}

}  // namespace
}  // namespace fairlead::netlink
