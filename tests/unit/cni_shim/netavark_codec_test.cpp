#include "cni-shim/netavark_codec.h"

#include <gtest/gtest.h>

#include "cni-shim/attach_codec.h"

namespace fairlead::cni {
namespace {

const std::string kId(64, 'a');

std::string network(const std::string& more = "") {
  return R"({"name":"web","id":")" + kId +
         R"(","driver":"fairlead","created":"2026-11-21T19:00:00Z","ipv6_enabled":false,
            "internal":false,"dns_enabled":true,"ipam_options":{"driver":"host-local"})" +
         more + "}";
}

std::string setup(const std::string& network_text, const std::string& more = "",
                  const std::string& options = "") {
  return R"({"container_id":"c1","container_name":"web1","network":)" + network_text +
         R"(,"network_options":{"interface_name":"eth0")" + options + "}" + more + "}";
}

std::string body(const std::string& text) {
  const auto done = parse_setup(text, "/run/netns/x");
  return done ? format_attach(*done) : done.error().message;
}

TEST(NetavarkCodec, SetupOfAnAddressPortsAndAliases) {
  EXPECT_EQ(body(setup(network(R"(,"subnets":[{"subnet":"10.9.0.0/24","gateway":"10.9.0.1",
                     "lease_range":{"start_ip":"10.9.0.129","end_ip":"10.9.0.255"}}],
                     "options":{"mtu":"1400","fairlead.icc":"false"})"),
                       R"(,"port_mappings":[{"container_port":80,"host_ip":"","host_port":8080,
                           "protocol":"tcp,udp","range":3}])",
                       R"(,"aliases":["a"],"static_ips":["10.9.0.7"],
                           "static_mac":"02:00:00:00:00:07")")),
            R"({"addresses":["10.9.0.7"],"aliases":["a"],"config":")" + kId +
                R"(","container":"c1","interface":"eth0","mac":"02:00:00:00:00:07","name":"web1",)"
                R"("network":{"internal":false,"ipv4":{"gateway":"10.9.0.1",)"
                R"("range":"10.9.0.128/25","subnet":"10.9.0.0/24"},"mtu":1400,"name":"web",)"
                R"("options":{"fairlead.icc":"false"}},"ports":[)"
                R"({"container_port":80,"count":3,"host_port":8080,"protocol":"tcp"},)"
                R"({"container_port":80,"count":3,"host_port":8080,"protocol":"udp"}],)"
                R"("sandbox":"/run/netns/x"})");
}

TEST(NetavarkCodec, NetworksWithoutSubnetsLeaveThemToTheDaemon) {
  EXPECT_NE(body(setup(network(R"(,"subnets":null)"))).find(R"("name":"web"})"), std::string::npos);
  EXPECT_NE(body(setup(network(R"(,"subnets":[{"subnet":"fd00::/64"}])")))
                .find(R"("ipv4":false,"ipv6":{"subnet":"fd00::/64"})"),
            std::string::npos);
}

TEST(NetavarkCodec, RoutesAreBesidesTheDefaultOnes) {
  const std::string routes = R"(,"routes":[{"destination":"10.0.0.0/8","gateway":"10.9.0.9"}])";
  EXPECT_NE(body(setup(network(routes)))
                .find(R"("routes":[{"to":"0.0.0.0/0"},{"to":"10.0.0.0/8","via":"10.9.0.9"}])"),
            std::string::npos)
      << body(setup(network(routes)));
  EXPECT_NE(body(setup(network(R"(,"options":{"no_default_route":"true"})" + routes)))
                .find(R"("routes":[{"to":"10.0.0.0/8","via":"10.9.0.9"}])"),
            std::string::npos);
  EXPECT_NE(body(setup(network(R"(,"options":{"no_default_route":"1"})"))).find(R"("routes":[])"),
            std::string::npos);
}

TEST(NetavarkCodec, RatesOfOneContainer) {
  EXPECT_NE(body(setup(network(), "", R"(,"options":{"fairlead.rate.egress":"1000000"})"))
                .find(R"("rate":{"egress":1000000,)"),
            std::string::npos);
  EXPECT_FALSE(parse_setup(setup(network(), "", R"(,"options":{"x":"1"})"), ""));
  EXPECT_FALSE(
      parse_setup(setup(network(), "", R"(,"options":{"fairlead.rate.egress":"fast"})"), ""));
}

TEST(NetavarkCodec, NewNetworksAreRefusedForWhatCannotBe) {
  EXPECT_TRUE(parse_new_network(network()));
  for (const char* more :
       {R"(,"options":{"vlan":"7"})", R"(,"options":{"isolate":"false"})",
        R"(,"options":{"mtu":"big"})", R"(,"network_interface":"eth0")",
        R"(,"subnets":[{"subnet":"10.1.0.0/24"},{"subnet":"10.2.0.0/24"}])",
        R"(,"subnets":[{"subnet":"10.1.0.0/24","lease_range":{"start_ip":"10.1.0.3"}}])",
        R"(,"routes":[{"destination":"10.0.0.0/8","gateway":"10.1.0.1","metric":5}])"}) {
    const auto done = parse_new_network(network(more));
    ASSERT_FALSE(done) << more;
    EXPECT_EQ(done.error().code, Code::config) << more;
  }
  EXPECT_FALSE(parse_new_network(R"({"name":"web","id":"x","ipam_options":{"driver":"dhcp"}})"));
  EXPECT_FALSE(parse_new_network(R"({"name":"../x","id":"x"})"));
  EXPECT_FALSE(parse_new_network("x"));
}

TEST(NetavarkCodec, NetworkIsKeptWithAllThatPodmanSaid) {
  const auto kept = fill_network(network(R"(,"labels":{"a":"b"},"new_field":[1])"), {});
  ASSERT_TRUE(kept);
  EXPECT_NE(kept->find(R"("ipam_options":{"driver":"fairlead"})"), std::string::npos) << *kept;
  EXPECT_NE(kept->find(R"("new_field":[1])"), std::string::npos);
  EXPECT_EQ(kept->find("subnets"), std::string::npos);

  const std::vector<GivenAddress> subnets{{"10.9.0.0/24", "10.9.0.1"}, {"fd00::/64", ""}};
  const auto filled = fill_network(network(), subnets);
  EXPECT_NE(filled->find(R"("subnets":[{"gateway":"10.9.0.1","subnet":"10.9.0.0/24"},)"
                         R"({"subnet":"fd00::/64"}])"),
            std::string::npos)
      << *filled;
  EXPECT_NE(filled->find(R"("ipv6_enabled":true)"), std::string::npos);
  const auto own = fill_network(network(R"(,"subnets":[{"subnet":"10.1.0.0/24"}])"), subnets);
  EXPECT_NE(own->find(R"("subnets":[{"subnet":"10.1.0.0/24"}])"), std::string::npos);
}

TEST(NetavarkCodec, TeardownNeedsOnlyTheKey) {
  const auto key = parse_teardown(setup(network(R"(,"options":{"now":"unknown"})")));
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->config, kId);
  EXPECT_EQ(key->interface, "eth0");
  EXPECT_FALSE(parse_teardown(R"({"container_id":"c1"})"));
}

TEST(NetavarkCodec, StatusBlockHasTheInterface) {
  EXPECT_EQ(format_status_block(
                "eth0", {.mac = "02:00:00:00:00:01", .addresses = {{"10.9.0.5/24", "10.9.0.1"}}}),
            R"({"dns_search_domains":[],"dns_server_ips":[],"interfaces":{"eth0":)"
            R"({"mac_address":"02:00:00:00:00:01","subnets":[{"gateway":"10.9.0.1",)"
            R"("ipnet":"10.9.0.5/24"}]}}})"
            "\n");
}

}  // namespace
}  // namespace fairlead::cni
