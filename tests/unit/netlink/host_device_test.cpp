#include <fstream>

#include "netlink/kernel_links.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

class HostDeviceTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto created = KernelLinks::create();
    ASSERT_TRUE(created) << created.error().message();
    links_.emplace(std::move(*created));
  }

  HostDevice ensure() {
    auto device = links_->ensure_host_device("fl_host", "fl_peer");
    EXPECT_TRUE(device) << device.error().message();
    return device.value_or(HostDevice{});
  }

  static std::string sysctl(const std::string& path) {
    std::ifstream file("/proc/sys/net/" + path);
    std::string value;
    file >> value;
    return value;
  }

  std::optional<KernelLinks> links_;
};

TEST_F(HostDeviceTest, is_up_without_arp_and_forwards_for_itself_alone) {
  const HostDevice device = ensure();
  EXPECT_NE(device.index, 0);
  EXPECT_NE(device.mac, Mac());
  EXPECT_EQ(run("ip link show fl_host | grep -q 'NOARP.*UP.*LOWER_UP'"), 0);
  EXPECT_EQ(run("ip link show fl_peer | grep -q 'NOARP.*UP'"), 0);
  EXPECT_EQ(sysctl("ipv4/conf/fl_host/forwarding"), "1");
  EXPECT_EQ(sysctl("ipv6/conf/fl_host/forwarding"), "1");
  EXPECT_EQ(sysctl("ipv6/conf/fl_host/accept_ra"), "0");
  EXPECT_EQ(sysctl("ipv4/conf/all/forwarding"), "0");
  EXPECT_EQ(sysctl("ipv4/ip_forward"), "0");
  EXPECT_EQ(sysctl("ipv6/conf/all/forwarding"), "0");
  EXPECT_NE(run("ip -6 addr | grep -q 'inet6 fe80'"), 0) << "no link-local address of its own";
}

TEST_F(HostDeviceTest, keeps_index_mac_and_addresses_when_asked_again) {
  const HostDevice first = ensure();
  ASSERT_TRUE(links_->ensure_address(first.index, *Prefix::parse("198.18.0.1/24"), 1400));
  ASSERT_TRUE(links_->ensure_address(first.index, *Prefix::parse("2001:db8::1/64"), 1400));
  const HostDevice second = ensure();
  EXPECT_EQ(first.index, second.index);
  EXPECT_EQ(first.mac, second.mac);
  EXPECT_EQ(run("ip addr show fl_host | grep -q 'inet 198.18.0.1/24'"), 0);
  EXPECT_EQ(run("ip addr show fl_host | grep -q 'inet6 2001:db8::1/64.*'"), 0);
}

TEST_F(HostDeviceTest, is_repaired_when_it_was_set_down) {
  const HostDevice first = ensure();
  ASSERT_EQ(run("ip link set fl_peer down arp on; ip link set fl_host down"), 0);
  EXPECT_EQ(ensure().index, first.index);
  EXPECT_EQ(run("ip link show fl_host | grep -q 'NOARP.*UP.*LOWER_UP'"), 0);
}

TEST_F(HostDeviceTest, does_not_take_a_device_that_is_not_ours) {
  if (run("ip link add fl_host type bridge 2>/dev/null") != 0)
    FAIRLEAD_CANNOT_RUN("this kernel has no bridge to stand in the way");
  auto device = links_->ensure_host_device("fl_host", "fl_peer");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code(), Errc::conflict);
  EXPECT_NE(device.error().message().find("fl_host"), std::string::npos);
}

TEST_F(HostDeviceTest, connected_routes_lead_to_it) {
  const HostDevice device = ensure();
  ASSERT_TRUE(links_->ensure_address(device.index, *Prefix::parse("198.18.3.1/24"), 1400));
  ASSERT_TRUE(links_->ensure_address(device.index, *Prefix::parse("2001:db8:3::1/64"), 1400));
  EXPECT_EQ(run("ip route get 198.18.3.7 | grep -q 'dev fl_host'"), 0);
  EXPECT_EQ(run("ip -6 route get 2001:db8:3::7 | grep -q 'dev fl_host'"), 0);
}

}  // namespace
}  // namespace fairlead::netlink
