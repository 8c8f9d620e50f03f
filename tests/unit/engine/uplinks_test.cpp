#include "engine/uplinks.h"

#include <gtest/gtest.h>

namespace fairlead::engine {
namespace {

using netlink::AddressInfo;
using netlink::LinkInfo;

LinkInfo device(int index, const std::string& name, const std::string& kind = "", int master = 0) {
  return {.index = index,
          .name = name,
          .kind = kind,
          .mtu = 1500,
          .up = true,
          .loopback = name == "lo",
          .ethernet = name != "lo" && kind != "wireguard",
          .master = master};
}

AddressInfo on(int link, const std::string& text, bool temporary = false) {
  return {.link = link,
          .address = Prefix::parse(text).value(),
          .global = !text.starts_with("fe80"),
          .temporary = temporary};
}

std::vector<std::string> names(const datapath::HostView& view) {
  std::vector<std::string> out;
  for (const auto& uplink : view.uplinks) out.push_back(uplink.name);
  return out;
}

TEST(ViewHostTest, UplinksAreEthernetDevicesWithAnAddressThatAreNobodysPart) {
  const auto view = view_host(
      {device(1, "lo"), device(2, "eth0"), device(3, "eth1", "", 4), device(4, "br0", "bridge"),
       device(5, "wg0", "wireguard"), device(6, "fl_host", "veth"), device(7, "eth2")},
      {on(1, "127.0.0.1/8"), on(2, "198.18.0.1/24"), on(3, "198.18.1.1/24"), on(4, "198.18.2.1/24"),
       on(5, "198.18.3.1/24"), on(6, "192.0.2.1/24")},
      {}, "fl");

  EXPECT_EQ(names(view), (std::vector<std::string>{"eth0", "br0"}));
  EXPECT_EQ(view.local.size(), 6U) << "every address is the host's own";
}

TEST(ViewHostTest, VrfMemberIsAnUplink) {
  const auto view = view_host({device(2, "eth0", "", 9), device(9, "blue", "vrf")},
                              {on(2, "198.18.0.1/24")}, {}, "fl");

  EXPECT_EQ(names(view), std::vector<std::string>{"eth0"});
}

TEST(ViewHostTest, ContainersDoNotLeaveThroughBridgesOfContainers) {
  const auto view = view_host(
      {device(2, "eth0"), device(3, "docker0", "bridge"), device(4, "mybr0", "bridge"),
       device(5, "br-lan", "bridge"), device(6, "eth1", "", 5), device(7, "veth7", "veth", 4)},
      {on(2, "198.18.0.1/24"), on(3, "172.17.0.1/16"), on(4, "172.18.0.1/16"),
       on(5, "198.18.5.1/24")},
      {}, "fl");

  ASSERT_EQ(view.uplinks.size(), 4U);
  EXPECT_TRUE(view.uplinks[0].masquerade);
  EXPECT_FALSE(view.uplinks[1].masquerade);
  EXPECT_FALSE(view.uplinks[2].masquerade);
  EXPECT_TRUE(view.uplinks[3].masquerade);
}

TEST(ViewHostTest, SourceIsTheFirstLastingGlobalAddress) {
  const auto view =
      view_host({device(2, "eth0")},
                {on(2, "fe80::1/64"), on(2, "2001:db8::5/64", /*temporary=*/true),
                 on(2, "2001:db8::2/64"), on(2, "198.18.0.1/24"), on(2, "198.18.0.2/24")},
                {}, "fl");

  EXPECT_EQ(view.uplinks.at(0).v4.to_string(), "198.18.0.1");
  EXPECT_EQ(view.uplinks.at(0).v6.to_string(), "2001:db8::2");
}

TEST(ViewHostTest, ConfiguredNamesReplaceTheSearch) {
  const auto view = view_host({device(2, "eth0"), device(3, "eth1")},
                              {on(2, "198.18.0.1/24"), on(3, "198.18.1.1/24")}, {"eth1"}, "fl");

  EXPECT_EQ(names(view), std::vector<std::string>{"eth1"});
}

TEST(SmallestMtuTest, CountsOnlyWhereContainersLeave) {
  datapath::HostView view;
  EXPECT_EQ(smallest_mtu(view), 1500U);
  view.uplinks = {{.name = "a", .mtu = 9000}, {.name = "b", .mtu = 1400, .masquerade = false}};
  EXPECT_EQ(smallest_mtu(view), 9000U);
}

}  // namespace
}  // namespace fairlead::engine
