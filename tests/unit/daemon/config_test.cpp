#include "daemon/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "daemon/host_name.h"

namespace fairlead::daemon {
namespace {

TEST(Config, NothingSetIsTheDefault) {
  const auto config = parse_config("", "t");

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->plugin_socket, "/run/docker/plugins/fairlead.sock");
  EXPECT_EQ(config->nat.first, 61000);
  ASSERT_EQ(config->ipam.ranges_v4.size(), 1U);
  EXPECT_EQ(config->ipam.ranges_v4[0].to_string(), "100.96.0.0/14");
}

TEST(Config, EveryKindOfValueIsRead) {
  const auto config = parse_config(R"(
plugin_socket = "/x/y.sock"
uplinks = ["eth0", "eth1"]
mtu = 1400
cgroup = "off"
attach = "clsact"
[docker]
socket = ""
[nat]
port_range = "50000-50999"
flows_per_container = 500
[nat.timeouts]
tcp_established = 600
udp = 5
[publish]
allow = ["10.0.0.0/8", "2001:db8::7"]
host_rules = true
[ipam]
ranges_v4 = ["10.0.0.0/8", "172.16.0.0/12"]
cooldown = 0
[maps]
flows = 1024
peers = 16
remote_endpoints = 256
)",
                                   "t");

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->plugin_socket, "/x/y.sock");
  EXPECT_EQ(config->uplinks, (std::vector<std::string>{"eth0", "eth1"}));
  EXPECT_EQ(config->mtu, 1400U);
  EXPECT_EQ(config->attach, "clsact");
  EXPECT_EQ(config->docker.socket, "");
  EXPECT_EQ(config->nat.first, 50000);
  EXPECT_EQ(config->nat.last, 50999);
  EXPECT_EQ(config->nat.flows_per_container, 500U);
  EXPECT_EQ(config->nat.timeouts.tcp_established, std::chrono::seconds(600));
  EXPECT_EQ(config->nat.timeouts.udp, std::chrono::seconds(5));
  EXPECT_EQ(config->nat.timeouts.icmp, std::chrono::seconds(10));
  EXPECT_EQ(config->publish.allow, (std::vector{Prefix::parse("10.0.0.0/8").value(),
                                                Prefix::parse("2001:db8::7/128").value()}));
  EXPECT_TRUE(config->publish.host_rules);
  EXPECT_EQ(config->ipam.ranges_v4.size(), 2U);
  EXPECT_EQ(config->ipam.cooldown.count(), 0);
  EXPECT_EQ(config->maps.flows, 1024U);
  EXPECT_EQ(config->maps.peers, 16U);
  EXPECT_EQ(config->maps.remote_endpoints, 256U);
}

TEST(Config, EverySettingOfTheClusterIsRead) {
  const auto config = parse_config(R"(
[cluster]
name = "west"
node = "h1"
etcd = ["https://192.0.2.1:2379", "https://192.0.2.2:2379"]
ca = "/pki/ca.pem"
cert = "/pki/h1.pem"
key = "/pki/h1.key"
user = "fairlead"
password = "secret"
port = 4796
underlay = ["192.0.2.11", "2001:db8::11"]
xdp = "native"
mirror = false
lease = 5
)",
                                   "t");

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->xdp, "native");
  const cluster::Settings cluster{
      .name = "west",
      .node = "h1",
      .etcd = {"https://192.0.2.1:2379", "https://192.0.2.2:2379"},
      .ca = "/pki/ca.pem",
      .cert = "/pki/h1.pem",
      .key = "/pki/h1.key",
      .user = "fairlead",
      .password = "secret",
      .port = 4796,
      .underlay = {Address::parse("192.0.2.11").value(), Address::parse("2001:db8::11").value()},
      .mirror = false,
      .lease = std::chrono::seconds(5)};
  EXPECT_EQ(config->cluster, cluster);
}

TEST(Config, WithoutASectionThereIsNoCluster) { EXPECT_FALSE(parse_config("", "t")->cluster); }

TEST(Config, NodeOfAClusterIsCalledAsTheHostIs) {
  const auto config = parse_config("[cluster]\netcd = [\"http://192.0.2.1:2379\"]\n", "t");

  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->cluster->node, host_name());
  EXPECT_EQ(config->cluster->name, "default");
}

TEST(Config, AnEmptyListIsNobodyAndNoneIsEveryone) {
  EXPECT_EQ(parse_config("", "t")->publish.allow, std::nullopt);
  EXPECT_EQ(parse_config("[publish]\nallow = []\n", "t")->publish.allow, std::vector<Prefix>());
}

struct Wrong {
  const char* text;
  const char* message;  // how it begins
};

class WrongConfig : public testing::TestWithParam<Wrong> {};

TEST_P(WrongConfig, IsRefusedWithItsLine) {
  const auto config = parse_config(GetParam().text, "f.toml");

  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), Errc::invalid_argument);
  EXPECT_TRUE(config.error().message().starts_with(GetParam().message)) << config.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongConfig,
    testing::Values(
        Wrong{"\n\nmut = 1\n", "f.toml:3: unknown key \"mut\"; known here: plugin_socket, "},
        Wrong{"[docker]\nsoket = \"/x\"\n",
              "f.toml:2: unknown key \"docker.soket\"; known here: socket, reconcile"},
        Wrong{"[dokcer]\nsocket = \"/x\"\n", "f.toml:1: unknown key \"dokcer\""},
        Wrong{"mtu = \"big\"\n", "f.toml:1: mtu must be a whole number"},
        Wrong{"mtu = 65536\n", "f.toml:1: mtu must be a whole number from 0 to 65535"},
        Wrong{"mtu = -1\n", "f.toml:1: mtu must be"}, Wrong{"mtu = 1.5\n", "f.toml:1: mtu must be"},
        Wrong{"docker = 7\n", "f.toml:1: unknown key \"docker\""},
        Wrong{"plugin_socket = \"relative\"\n", "f.toml:1: plugin_socket must be an absolute path"},
        Wrong{"plugin_socket = 7\n", "f.toml:1: plugin_socket must be a string"},
        Wrong{"cgroup = \"maybe\"\n", "f.toml:1: cgroup must be"},
        Wrong{"uplinks = \"eth0\"\n", "f.toml:1: uplinks must be an array of strings"},
        Wrong{"uplinks = [1]\n", "f.toml:1: uplinks must be an array of strings"},
        Wrong{"log_level = \"loud\"\n", "f.toml:1: log_level must be \"debug\" or "},
        Wrong{"[nat]\nport_range = \"80-90\"\n", "f.toml:2: nat.port_range must be"},
        Wrong{"[nat.timeouts]\nudp = 0\n", "f.toml:2: nat.timeouts.udp must be"},
        Wrong{"[nat]\nport_range = \"5000-4000\"\n", "f.toml:2: nat.port_range must be"},
        Wrong{"[nat]\nport_range = \"5000-99999\"\n", "f.toml:2: nat.port_range must be"},
        Wrong{"[publish]\nallow = [\"friends\"]\n", "f.toml:2: publish.allow \"friends\" is "},
        Wrong{"[publish]\nallow = [\"10.0.0.1/8\"]\n", "f.toml:2: publish.allow \"10.0.0.1/8\""},
        Wrong{"[publish]\nallow = \"::/0\"\n", "f.toml:2: publish.allow must be an array"},
        Wrong{"[publish]\nhost_rules = 1\n", "f.toml:2: publish.host_rules must be true"},
        Wrong{"[ipam]\nranges_v4 = [\"10.0.0.1/8\"]\n", "f.toml:2: ipam.ranges_v4 "},
        Wrong{"[ipam]\nranges_v4 = [\"fd00::/48\"]\n", "f.toml:2: ipam.ranges_v4 "},
        Wrong{"[host_device]\nname = \"waytoolongforakernel\"\n", "f.toml:2: host_device.name "},
        Wrong{"\n[cluster]\n", "f.toml:2: cluster setting etcd is empty"},
        Wrong{"[cluster]\netcd = \"http://192.0.2.1:2379\"\n",
              "f.toml:2: cluster.etcd must be an array"},
        Wrong{"[cluster]\netcd = [\"ftp://192.0.2.1\"]\n", "f.toml:1: cluster setting etcd has"},
        Wrong{"[cluster]\nport = 0\n", "f.toml:2: cluster.port must be"},
        Wrong{"[cluster]\nca = \"ca.pem\"\n", "f.toml:2: cluster.ca must be an absolute path"},
        Wrong{"[cluster]\nmirror = 1\n", "f.toml:2: cluster.mirror must be true or false"},
        Wrong{"[cluster]\nunderlay = [\"here\"]\n", "f.toml:2: cluster.underlay "},
        Wrong{"[cluster]\nxdp = \"generic\"\n",
              "f.toml:2: cluster.xdp must be \"auto\" or \"native\" or \"off\""},
        Wrong{"[cluster]\nlease = 0\n", "f.toml:2: cluster.lease must be"},
        Wrong{"cluster = 7\n", "f.toml:1: unknown key \"cluster\""}, Wrong{"a =\n", "f.toml:1: "},
        Wrong{"mtu = 1\nmtu = 2\n", "f.toml:2: "}));

TEST(Config, FileThatIsNotThereIsNamed) {
  const auto config = read_config("/nonexistent/f.toml");

  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message().find("/nonexistent/f.toml"), std::string::npos);
}

// A configuration file with a password, as `mode` lets it be read.
Result<Config> read_secret(mode_t mode) {
  const std::string path = testing::TempDir() + "config_test_" + std::to_string(::getpid());
  std::ofstream(path) << R"([cluster]
node = "h1"
etcd = ["http://192.0.2.1:2379"]
user = "fairlead"
password = "secret"
)";
  EXPECT_EQ(::chmod(path.c_str(), mode), 0);
  auto config = read_config(path);
  std::filesystem::remove(path);
  return config;
}

TEST(Config, PasswordThatOthersCanReadIsWarnedOf) {
  const auto open = read_secret(0644);
  ASSERT_TRUE(open) << open.error().message();
  ASSERT_EQ(open->warnings.size(), 1U);
  EXPECT_NE(open->warnings[0].find("chmod 600"), std::string::npos) << open->warnings[0];
  EXPECT_EQ(open->warnings[0].find("secret"), std::string::npos);

  EXPECT_TRUE(read_secret(0600)->warnings.empty());
}

std::string example() {
  std::ostringstream text;
  text << std::ifstream(EXAMPLE_FILE).rdbuf();
  return text.str();
}

TEST(Config, ExampleFileIsValidAsItIs) {
  const auto config = parse_config(example(), "example");

  EXPECT_TRUE(config) << config.error().message();
}

TEST(Config, ExampleFileShowsTheDefaults) {
  const auto shown =
      parse_config(std::regex_replace(example(), std::regex(R"(\n#([a-z\[]))"), "\n$1"), "example");
  const Config defaults;

  ASSERT_TRUE(shown) << shown.error().message();
  EXPECT_EQ(shown->plugin_socket, defaults.plugin_socket);
  EXPECT_EQ(shown->api_socket, defaults.api_socket);
  EXPECT_EQ(shown->state_dir, defaults.state_dir);
  EXPECT_EQ(shown->pin_dir, defaults.pin_dir);
  EXPECT_EQ(shown->cgroup, defaults.cgroup);
  EXPECT_EQ(shown->attach, defaults.attach);
  EXPECT_EQ(shown->request_timeout, defaults.request_timeout);
  EXPECT_EQ(shown->orphan_grace, defaults.orphan_grace);
  EXPECT_EQ(shown->docker.socket, defaults.docker.socket);
  EXPECT_EQ(shown->docker.reconcile, defaults.docker.reconcile);
  EXPECT_EQ(shown->nat.first, defaults.nat.first);
  EXPECT_EQ(shown->nat.last, defaults.nat.last);
  EXPECT_EQ(shown->publish.allow->size(), 2U) << "everyone, as without it";
  EXPECT_EQ(shown->publish.host_rules, defaults.publish.host_rules);
  EXPECT_EQ(shown->ipam.ranges_v4, defaults.ipam.ranges_v4);
  EXPECT_EQ(shown->ipam.ranges_v6, defaults.ipam.ranges_v6);
  EXPECT_EQ(shown->ipam.cooldown, defaults.ipam.cooldown);
  EXPECT_EQ(shown->maps.endpoints, defaults.maps.endpoints);
  EXPECT_EQ(shown->maps.networks, defaults.maps.networks);
  EXPECT_EQ(shown->maps.ports, defaults.maps.ports);
  EXPECT_EQ(shown->maps.flows, defaults.maps.flows);
  EXPECT_EQ(shown->maps.peers, defaults.maps.peers);
  EXPECT_EQ(shown->maps.remote_endpoints, defaults.maps.remote_endpoints);
  EXPECT_EQ(shown->maps.members, defaults.maps.members);
  EXPECT_EQ(shown->xdp, defaults.xdp);

  cluster::Settings cluster;
  cluster.node = host_name();
  cluster.etcd = {"http://127.0.0.1:2379"};  // the only one without a default
  EXPECT_EQ(shown->cluster, cluster);
}

}  // namespace
}  // namespace fairlead::daemon
