// Whole runs of the shim as a netavark plugin.
#include "cni-shim/netavark.h"

#include <gtest/gtest.h>

#include "tests/unit/cni_shim/shim_support.h"

namespace fairlead::cni {
namespace {

constexpr const char* kNetwork =
    R"({"name":"web","id":"n1","driver":"fairlead","ipv6_enabled":false,"internal":false,
        "dns_enabled":false,"ipam_options":{"driver":"host-local"},"options":null,"subnets":null})";

class Netavark : public ShimTest {
 protected:
  Reply run(std::vector<std::string> arguments, const std::string& input) const {
    return run_netavark(
        {.arguments = std::move(arguments),
         .program = "/usr/lib/netavark/fairlead",
         .variables = {{"FAIRLEAD_SOCKET", socket_}, {"FAIRLEAD_STATE_DIR", dir_.path()}},
         .input = input});
  }

  static std::string exec_input() {
    return std::string(R"({"container_id":"c1","container_name":"web1","port_mappings":null,
        "network":)") +
           kNetwork +
           R"(,"network_options":{"aliases":null,"interface_name":"eth0","static_ips":null,
               "static_mac":null}})";
  }
};

TEST_F(Netavark, IsToldByNameOrByCommand) {
  EXPECT_TRUE(is_netavark({.arguments = {}, .program = "/usr/lib/netavark/fairlead"}));
  EXPECT_TRUE(is_netavark({.arguments = {"setup", "/x"}, .program = "fairlead-cni"}));
  EXPECT_FALSE(is_netavark({.arguments = {}, .program = "/usr/lib/cni/fairlead-cni"}));
}

TEST_F(Netavark, InfoNeedsNoDaemon) {
  EXPECT_NE(run({"info"}, "").output.find(R"("api_version":"1.0.0")"), std::string::npos);
  EXPECT_EQ(run({}, "").output, run({"info"}, "").output);
}

TEST_F(Netavark, CreateBringsAlongTheSubnetOfANetworkThatIsThere) {
  daemon({{200, R"({"networks":[{"name":"web","ipv4":{"pool":"10.9.0.0/24",
                    "gateway":"10.9.0.1"},"ipv6":null}]})"}});
  const Reply reply = run({"create"}, kNetwork);
  EXPECT_EQ(reply.status, 0) << reply.output;
  EXPECT_EQ(asked_[0].target, "/v1/networks");
  EXPECT_NE(reply.output.find(R"("subnets":[{"gateway":"10.9.0.1","subnet":"10.9.0.0/24"}])"),
            std::string::npos)
      << reply.output;
}

TEST_F(Netavark, ErrorsAreNetavarks) {
  const Reply away = run({"create"}, kNetwork);
  EXPECT_EQ(away.status, 1);
  EXPECT_TRUE(away.output.starts_with(R"({"error":"fairleadd does not answer)")) << away.output;
  EXPECT_EQ(run({"setup"}, exec_input()).status, 1);
  EXPECT_EQ(run({"setup", kOwn}, exec_input()).status, 1) << "the host's own namespace";
  EXPECT_EQ(run({"setup", "/nonexistent"}, exec_input()).status, 1);
  EXPECT_EQ(run({"drop"}, "").status, 1);
}

TEST_F(Netavark, TeardownDetachesOrLeavesATombstone) {
  const Reply away = run({"teardown", "/gone"}, exec_input());
  EXPECT_EQ(away.status, 0) << away.output;
  EXPECT_EQ(away.output, "");
  EXPECT_EQ(content(dir_ / "detached/n1.c1.eth0.json"),
            R"({"config":"n1","container":"c1","interface":"eth0"})");

  daemon({{200, "{}"}});
  EXPECT_EQ(run({"teardown", "/gone"}, exec_input()).status, 0);
  EXPECT_EQ(asked_[0].target, "/v1/attachments/detach");
}

}  // namespace
}  // namespace fairlead::cni
