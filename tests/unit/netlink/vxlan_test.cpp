#include <arpa/inet.h>
#include <sys/socket.h>

#include <fstream>

#include "base/unique_fd.h"
#include "netlink/kernel_links.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

class VxlanTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (run("ip link add probe type vxlan external dstport 1 2>/dev/null && ip link del probe") !=
        0)
      FAIRLEAD_CANNOT_RUN("this kernel has no vxlan device");
    auto created = KernelLinks::create();
    ASSERT_TRUE(created) << created.error().message();
    links_.emplace(std::move(*created));
  }

  int ensure(std::uint16_t port = 4795) {
    auto made = links_->ensure_vxlan("fl_vxlan", port);
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or(0);
  }

  std::string refused(std::uint16_t port = 4795) {
    auto made = links_->ensure_vxlan("fl_vxlan", port);
    if (made) {
      ADD_FAILURE() << "was made all the same";
      return "";
    }
    EXPECT_EQ(made.error().code(), Errc::conflict) << made.error().message();
    return made.error().message();
  }

  static bool shows(const std::string& text) {
    return run("ip -d link show fl_vxlan | grep -q -- '" + text + "'") == 0;
  }

  std::optional<KernelLinks> links_;
};

TEST_F(VxlanTest, takes_every_vni_on_its_port_learns_nothing_and_sends_no_checksums) {
  const int index = ensure();
  EXPECT_GT(index, 0);
  for (const auto* text : {"vxlan external", "dstport 4795", "nolearning", "udp6zerocsumtx",
                           "udp6zerocsumrx", "NOARP", ",UP", "addrgenmode none"})
    EXPECT_TRUE(shows(text)) << text;
  EXPECT_TRUE(shows("mtu 65[0-9][0-9][0-9] "));
  EXPECT_NE(run("ip addr show fl_vxlan | grep -q inet"), 0) << "it has no address";
  EXPECT_EQ(run("grep -qi ':12BB ' /proc/net/udp"), 0) << "an IPv4 socket";
  EXPECT_EQ(run("grep -qi ':12BB ' /proc/net/udp6"), 0) << "an IPv6 socket";
}

TEST_F(VxlanTest, is_kept_when_it_is_right_and_repaired_when_it_is_down) {
  const int index = ensure();
  EXPECT_EQ(ensure(), index);
  ASSERT_EQ(run("ip link set fl_vxlan down"), 0);
  EXPECT_EQ(ensure(), index);
  EXPECT_TRUE(shows(",UP"));
}

TEST_F(VxlanTest, is_replaced_when_its_port_or_its_kind_of_vxlan_is_another) {
  const int first = ensure();
  const int second = ensure(4796);
  EXPECT_NE(first, second);
  EXPECT_TRUE(shows("dstport 4796"));
  ASSERT_EQ(run("ip link del fl_vxlan && ip link add fl_vxlan type vxlan id 7 dstport 4796"), 0);
  ensure(4796);
  EXPECT_TRUE(shows("vxlan external"));
}

TEST_F(VxlanTest, another_device_on_the_port_is_named_and_nothing_is_left) {
  for (const auto* other : {"id 4097 dstport 4795", "external dstport 4795"}) {
    ASSERT_EQ(
        run(std::string("ip link add other type vxlan ") + other + " && ip link set other up"), 0);
    const std::string message = refused();
    EXPECT_NE(message.find("device other has the port"), std::string::npos) << message;
    EXPECT_NE(message.find("4795"), std::string::npos) << message;
    EXPECT_NE(run("ip link show fl_vxlan 2>/dev/null"), 0);
    ASSERT_EQ(run("ip link del other"), 0);
  }
}

TEST_F(VxlanTest, a_program_on_the_port_is_said_to_be_one) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(4795);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&local), sizeof(local)), 0);
  const std::string message = refused();
  EXPECT_NE(message.find("another program"), std::string::npos) << message;
  EXPECT_NE(run("ip link show fl_vxlan 2>/dev/null"), 0);
}

TEST_F(VxlanTest, a_device_of_another_kind_is_left_alone) {
  ASSERT_EQ(run("ip link add fl_vxlan type veth peer name far"), 0);
  const std::string message = refused();
  EXPECT_NE(message.find("fl_vxlan exists"), std::string::npos) << message;
  EXPECT_EQ(run("ip link show fl_vxlan >/dev/null"), 0);
}

}  // namespace
}  // namespace fairlead::netlink
