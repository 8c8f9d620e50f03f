#include "netlink/kernel_links.h"

#include <algorithm>
#include <fstream>

#include "netlink/sysctl.h"
#include "netlink/teardown.h"
#include "tests/unit/netlink/other_host.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

class KernelLinksTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto created = KernelLinks::create();
    ASSERT_TRUE(created) << created.error().message();
    links_.emplace(std::move(*created));
  }

  std::optional<LinkInfo> find(const std::string& name) {
    auto all = links_->links();
    EXPECT_TRUE(all) << all.error().message();
    for (const auto& link : *all) {
      if (link.name == name) return link;
    }
    return {};
  }

  int make(const std::string& name) {
    auto index = links_->create_veth({.host_name = name,
                                      .container_name = name + "c",
                                      .container_mac = Mac({2, 0x42, 198, 18, 0, 5}),
                                      .mtu = 1400});
    EXPECT_TRUE(index) << index.error().message();
    return index.value_or(0);
  }

  static Prefix prefix(const std::string& text) { return *Prefix::parse(text); }

  static std::string sysctl(const std::string& path) {
    std::ifstream file("/proc/sys/net/" + path);
    std::string value;
    file >> value;
    return value;
  }

  std::optional<KernelLinks> links_;
};

TEST_F(KernelLinksTest, makes_a_pair_with_names_mac_and_mtu_on_both_ends) {
  const int index = make("flt0");
  const auto host = find("flt0");
  const auto container = find("flt0c");
  ASSERT_TRUE(host && container);
  EXPECT_EQ(host->index, index);
  EXPECT_EQ(host->kind, "veth");
  EXPECT_EQ(host->mtu, 1400u);
  EXPECT_EQ(container->mtu, 1400u);
  EXPECT_TRUE(host->up);
  EXPECT_FALSE(container->up);
  EXPECT_TRUE(host->ethernet);
  EXPECT_EQ(container->mac.to_string(), "02:42:c6:12:00:05");
  EXPECT_EQ(sysctl("ipv6/conf/flt0/addr_gen_mode"), "1");
}

TEST_F(KernelLinksTest, host_end_gets_no_ipv6_address_when_the_peer_comes_up) {
  make("flt0");
  ASSERT_EQ(run("ip link set flt0c up"), 0);
  EXPECT_NE(run("ip -6 addr show dev flt0 | grep -q inet6"), 0);
}

TEST_F(KernelLinksTest, a_pair_of_the_same_name_is_replaced) {
  const int first = make("flt0");
  const int second = make("flt0");
  EXPECT_NE(first, second);
  EXPECT_TRUE(find("flt0c"));
}

TEST_F(KernelLinksTest, what_is_left_of_the_containers_end_is_replaced) {
  ASSERT_EQ(run("ip link add other type veth peer name flt0c"), 0);
  EXPECT_NE(make("flt0"), 0);
}

TEST_F(KernelLinksTest, an_mtu_that_the_kernel_refuses_is_named) {
  auto index = links_->create_veth(
      {.host_name = "flt0", .container_name = "flt0c", .container_mac = {}, .mtu = 20});
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code(), Errc::invalid_argument);
  EXPECT_NE(index.error().message().find("flt0"), std::string::npos) << index.error().message();
  EXPECT_NE(index.error().message().find("MTU 20"), std::string::npos) << index.error().message();
  EXPECT_FALSE(find("flt0"));
}

TEST_F(KernelLinksTest, removing_a_link_takes_its_peer_and_again_succeeds) {
  make("flt0");
  EXPECT_TRUE(links_->remove_link("flt0"));
  EXPECT_FALSE(find("flt0c"));
  EXPECT_TRUE(links_->remove_link("flt0"));
}

TEST_F(KernelLinksTest, a_retired_link_is_down_at_once_and_soon_gone_with_its_peer) {
  const int index = make("flt0");
  make("flt1");
  EXPECT_TRUE(links_->retire_link(index));
  if (const auto left = find("flt0")) {
    EXPECT_FALSE(left->up);
  }
  EXPECT_TRUE(test::eventually([&] { return !find("flt0") && !find("flt0c"); }));
  EXPECT_TRUE(find("flt1"));
  EXPECT_TRUE(links_->retire_link(index)) << "again is success";
}

TEST_F(KernelLinksTest, what_another_process_retired_can_be_waited_for) {
  make("flt0");
  make("flt1");
  ASSERT_EQ(run("ip link set flt0 group " + std::to_string(kRetiredGroup)), 0);
  EXPECT_TRUE(links_->remove_retired());
  EXPECT_FALSE(find("flt0"));
  EXPECT_TRUE(find("flt1"));
  EXPECT_TRUE(links_->remove_retired()) << "none is success";
}

TEST_F(KernelLinksTest, a_name_that_is_retired_is_given_to_a_new_pair_that_stays) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(links_->retire_link(make("flt0")));
    const int index = make("flt0");
    EXPECT_TRUE(links_->remove_retired());
    const auto heir = find("flt0");
    ASSERT_TRUE(heir);
    EXPECT_EQ(heir->index, index);
  }
}

TEST_F(KernelLinksTest, addresses_of_both_families_are_added_once_and_removed) {
  const int index = make("flt0");
  ASSERT_TRUE(set_device_sysctl(Family::v6, "flt0", "disable_ipv6", "0"));
  for (const auto& text : {"198.18.0.1/24", "2001:db8::1/64"}) {
    const Prefix want = prefix(text);
    for (int again = 0; again < 2; ++again) {
      auto done = links_->ensure_address(index, want, 1400);
      EXPECT_TRUE(done) << done.error().message();
    }
    auto all = links_->addresses();
    ASSERT_TRUE(all) << all.error().message();
    EXPECT_EQ(std::ranges::count_if(*all,
                                    [&](const AddressInfo& info) {
                                      return info.address == want && info.link == index &&
                                             info.global && !info.temporary;
                                    }),
              1)
        << text;
    EXPECT_TRUE(links_->remove_address(index, want));
    EXPECT_TRUE(links_->remove_address(index, want));
  }
  auto all = links_->addresses();
  ASSERT_TRUE(all);
  EXPECT_TRUE(std::ranges::none_of(*all, &AddressInfo::global));
}

// As the kernel uses it: the MTU and the source of a packet into the subnet.
TEST_F(KernelLinksTest, the_route_to_a_gateways_subnet_has_the_networks_mtu) {
  const int index = make("flt0");
  ASSERT_TRUE(set_device_sysctl(Family::v6, "flt0", "disable_ipv6", "0"));
  ASSERT_EQ(run("ip link set flt0c up"), 0);
  for (const auto& [gateway, subnet, family] :
       {std::tuple{"198.18.0.1/24", "198.18.0.0/24", "-4"},
        std::tuple{"2001:db8::1/64", "2001:db8::/64", "-6"}}) {
    const std::string routes = std::string("ip ") + family + " route show " + subnet;
    const auto one_route = [&](const std::string& mtu) {
      return run("test \"$(" + routes + " | wc -l)\" = 1 && " + routes +
                 " | grep -q 'dev flt0 .*mtu " + mtu + "'") == 0;
    };
    const std::string address = std::string(gateway) + " dev flt0";
    // First as an earlier version left it, with the kernel's own route.
    ASSERT_EQ(run("ip addr add " + address + " $(test " + family + " = -4 || echo nodad)"), 0);
    for (const std::uint32_t mtu : {1400U, 1400U, 1300U}) {
      auto done = links_->ensure_address(index, prefix(gateway), mtu);
      EXPECT_TRUE(done) << done.error().message();
      EXPECT_TRUE(one_route(std::to_string(mtu))) << subnet << " mtu " << mtu;
    }
    // Then anew, twice: nothing of the kernel's own comes.
    for (int again = 0; again < 2; ++again) {
      EXPECT_TRUE(links_->remove_address(index, prefix(gateway)));
      EXPECT_EQ(run("test -z \"$(" + routes + ")\""), 0) << subnet << " is still routed";
      EXPECT_TRUE(links_->ensure_address(index, prefix(gateway), 1400));
      EXPECT_TRUE(one_route("1400")) << subnet;
    }
  }
}

TEST_F(KernelLinksTest, an_address_for_no_device_is_an_error_and_its_removal_is_not) {
  auto done = links_->ensure_address(4711, prefix("198.18.0.1/24"), 1400);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::not_found);
  EXPECT_NE(done.error().message().find("198.18.0.1/24"), std::string::npos);
  EXPECT_TRUE(links_->remove_address(4711, prefix("198.18.0.1/24")));
}

TEST_F(KernelLinksTest, routes_of_the_main_table_of_both_families_are_listed) {
  const int index = make("flt0");
  ASSERT_EQ(run("ip link set flt0c up"), 0);
  ASSERT_TRUE(links_->ensure_address(index, prefix("198.18.0.1/24"), 1400));
  ASSERT_EQ(run("ip route add default via 198.18.0.9 && ip route add blackhole 198.19.0.0/16 &&"
                "ip route add 198.18.7.0/24 nexthop via 198.18.0.2 nexthop via 198.18.0.3 &&"
                "ip route add 198.18.8.0/24 dev flt0 table 7"),
            0);
  ASSERT_EQ(run("ip -6 addr add 2001:db8::1/64 dev flt0c nodad"), 0);
  auto routes = links_->routes();
  ASSERT_TRUE(routes) << routes.error().message();
  const auto count = [&](const std::string& text, int link) {
    return std::ranges::count_if(*routes, [&](const RouteInfo& route) {
      return route.destination == prefix(text) && route.link == link;
    });
  };
  EXPECT_EQ(count("0.0.0.0/0", index), 1);
  EXPECT_EQ(count("198.18.0.0/24", index), 1);
  EXPECT_EQ(count("198.19.0.0/16", 0), 1);
  EXPECT_EQ(count("198.18.7.0/24", index), 2) << "one entry a next hop";
  EXPECT_EQ(count("198.18.8.0/24", index), 0) << "another table";
  EXPECT_EQ(count("2001:db8::/64", find("flt0c")->index), 1);
}

TEST_F(KernelLinksTest, one_link_is_told_as_in_the_list) {
  const int index = make("flt0");
  const auto one = links_->link(index);
  ASSERT_TRUE(one) << one.error().message();
  ASSERT_TRUE(*one);
  EXPECT_EQ((*one)->name, "flt0");
  EXPECT_EQ((*one)->mac, find("flt0")->mac);
  EXPECT_EQ((*one)->mtu, 1400u);
  EXPECT_TRUE((*one)->ethernet);
  const auto none = links_->link(4711);
  ASSERT_TRUE(none) << none.error().message();
  EXPECT_FALSE(*none);
}

TEST_F(KernelLinksTest, loopback_and_bridge_ports_are_told_apart) {
  make("flt0");
  ASSERT_EQ(
      run("ip link add flbr type bridge 2>/dev/null && ip link set flt0c master flbr || true"), 0);
  EXPECT_TRUE(find("lo")->loopback);
  EXPECT_FALSE(find("lo")->ethernet);
  if (const auto bridge = find("flbr")) {
    EXPECT_EQ(find("flt0c")->master, bridge->index);
    EXPECT_EQ(bridge->kind, "bridge");
  }
}

TEST_F(KernelLinksTest, teardown_removes_the_veths_of_a_prefix_and_no_others) {
  make("flt0");
  make("flt1");
  make("keep");
  auto removed = remove_veths(*links_, "flt");
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_FALSE(find("flt0"));
  EXPECT_FALSE(find("flt1"));
  EXPECT_TRUE(find("keep"));
  EXPECT_FALSE(remove_veths(*links_, ""));
}

TEST_F(KernelLinksTest, settings_of_all_devices_are_refused) {
  for (const auto& device : {"all", "default", "", "../x"}) {
    auto done = set_device_sysctl(Family::v4, device, "forwarding", "1");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::invalid_argument);
  }
  EXPECT_EQ(sysctl("ipv4/conf/all/forwarding"), "0");
}

}  // namespace
}  // namespace fairlead::netlink
