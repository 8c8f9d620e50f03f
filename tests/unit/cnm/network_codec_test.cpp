#include <gtest/gtest.h>

#include "cnm/codec.h"

namespace fairlead::cnm {
namespace {

TEST(NetworkCodec, ReadsWhatDocker20SendsForANetwork) {
  const auto want = parse_create_network(R"({"NetworkID":"n1","Options":{
      "com.docker.network.enable_ipv6":true,"com.docker.network.internal":true,
      "com.docker.network.generic":{"com.docker.network.driver.mtu":"1400"}},
      "IPv4Data":[{"AddressSpace":"local","Pool":"10.1.0.0/24","Gateway":"10.1.0.1/24",
                   "AuxAddresses":{"x":"10.1.0.9/24"}}],
      "IPv6Data":[{"AddressSpace":"local","Pool":"fd00::/64"}]})");

  ASSERT_TRUE(want) << want.error().message();
  EXPECT_EQ(want->id, "n1");
  EXPECT_EQ(want->enable_v4, std::nullopt);
  EXPECT_EQ(want->enable_v6, true);
  EXPECT_TRUE(want->internal);
  EXPECT_EQ(want->generic.at("com.docker.network.driver.mtu"), "1400");
  ASSERT_EQ(want->v4.size(), 1U);
  EXPECT_EQ(want->v4[0].pool, "10.1.0.0/24");
  EXPECT_EQ(want->v4[0].gateway, "10.1.0.1/24");
  ASSERT_EQ(want->v6.size(), 1U);
  EXPECT_EQ(want->v6[0].gateway, "");
}

TEST(NetworkCodec, ReadsAnEndpointWithAndWithoutAMac) {
  const auto bare = parse_create_endpoint(
      R"({"NetworkID":"n","EndpointID":"e","Interface":{"Address":"10.1.0.5/24",
          "AddressIPv6":"fd00::5/64","MacAddress":""},"Options":{"x":[1]}})");
  const auto given = parse_create_endpoint(
      R"({"NetworkID":"n","EndpointID":"e","Interface":{"Address":"10.1.0.5/24","AddressIPv6":"",
          "MacAddress":"02:42:0a:01:00:05"}})");

  ASSERT_TRUE(bare) << bare.error().message();
  EXPECT_FALSE(bare->mac_given);
  EXPECT_EQ(bare->request.v4->to_string(), "10.1.0.5/24");
  EXPECT_EQ(bare->request.v6->to_string(), "fd00::5/64");
  ASSERT_TRUE(given) << given.error().message();
  EXPECT_TRUE(given->mac_given);
  EXPECT_EQ(given->request.mac->to_string(), "02:42:0a:01:00:05");
  EXPECT_EQ(given->request.v6, std::nullopt);
}

TEST(NetworkCodec, OfAnEndpointsOptionsOnlyOurOwnAreKept) {
  const std::string before = R"({"NetworkID":"n","EndpointID":"e","Interface":{},"Options":)";
  const auto endpoint = parse_create_endpoint(before + R"({
      "com.docker.network.portmap":[{"Proto":6,"Port":80}],
      "com.docker.network.endpoint.exposedports":[{"Proto":6,"Port":80}],
      "com.docker.network.endpoint.dnsservers":["192.0.2.53"],
      "com.docker.network.endpoint.macaddress":"AkIKAQAF",
      "fairlead.publish.allow":"10.0.0.0/8"}})");

  ASSERT_TRUE(endpoint) << endpoint.error().message();
  EXPECT_EQ(endpoint->options,
            (std::map<std::string, std::string>{{"fairlead.publish.allow", "10.0.0.0/8"}}));
  const auto list = parse_create_endpoint(before + R"({"fairlead.publish.allow":["10.0.0.0/8"]}})");
  ASSERT_FALSE(list);
  EXPECT_NE(list.error().message().find("fairlead.publish.allow"), std::string::npos);
  EXPECT_TRUE(parse_create_endpoint(before + "null}"));
}

TEST(NetworkCodec, RefusesAddressesThatAreNone) {
  for (const char* interface :
       {R"({"Address":"10.1.0.5"})", R"({"Address":"10.1.0.5/33"})", R"({"MacAddress":"no"})",
        R"({"AddressIPv6":"x/64"})", R"({"Address":5})"}) {
    const std::string body =
        R"({"NetworkID":"n","EndpointID":"e","Interface":)" + std::string(interface) + "}";
    EXPECT_FALSE(parse_create_endpoint(body)) << interface;
  }
}

TEST(NetworkCodec, ReadsPortsAndTheHintThatSomebodyElseServesIpv6) {
  const auto ports = parse_program_ports(R"({"NetworkID":"n","EndpointID":"e","Options":{
      "com.docker.network.portmap":[{"Proto":17,"IP":"","Port":53,"HostIP":"127.0.0.1",
                                     "HostPort":5300,"HostPortEnd":5310}],
      "com.docker.network.driver.private.no_proxy_6to4":true}})");

  ASSERT_TRUE(ports) << ports.error().message();
  EXPECT_FALSE(ports->ipv6);
  ASSERT_EQ(ports->ports.size(), 1U);
  EXPECT_EQ(ports->ports[0].protocol, 17U);
  EXPECT_EQ(ports->ports[0].container_port, 53);
  EXPECT_EQ(ports->ports[0].host_address, "127.0.0.1");
  EXPECT_EQ(ports->ports[0].host_port, 5300);
  EXPECT_EQ(ports->ports[0].host_port_end, 5310);
}

TEST(NetworkCodec, NoPortsAtAllIsNoProblem) {
  for (const char* options : {"null", "{}", R"({"com.docker.network.portmap":[]})",
                              R"({"com.docker.network.portmap":null})"}) {
    const auto ports = parse_program_ports(R"({"NetworkID":"n","EndpointID":"e","Options":)" +
                                           std::string(options) + "}");
    ASSERT_TRUE(ports) << options;
    EXPECT_TRUE(ports->ports.empty());
    EXPECT_TRUE(ports->ipv6);
  }
}

TEST(NetworkCodec, AMacIsInTheReplyOnlyIfItIsOurs) {
  EXPECT_EQ(format_endpoint(std::nullopt), R"({"Interface":{}})");
  EXPECT_EQ(format_endpoint(Mac({2, 66, 10, 1, 0, 5})),
            R"({"Interface":{"MacAddress":"02:42:0a:01:00:05"}})");
}

TEST(NetworkCodec, WithoutAGatewayDockerIsToldNotToAddOneUnlessTheNetworkIsInternal) {
  const engine::JoinReply bare{.device = "flc1", .interface_prefix = "eth"};
  engine::JoinReply full = bare;
  full.gateway_v4 = Address::parse("10.1.0.1").value();

  EXPECT_EQ(
      format_join(full, false),
      R"({"DisableGatewayService":false,"Gateway":"10.1.0.1","InterfaceName":{"DstPrefix":"eth","SrcName":"flc1"}})");
  EXPECT_EQ(
      format_join(bare, false),
      R"({"DisableGatewayService":true,"InterfaceName":{"DstPrefix":"eth","SrcName":"flc1"}})");
  EXPECT_EQ(
      format_join(bare, true),
      R"({"DisableGatewayService":false,"InterfaceName":{"DstPrefix":"eth","SrcName":"flc1"}})");
}

TEST(NetworkCodec, ErrorsAreSpelledForBothInterfacesAndSurviveBrokenText) {
  EXPECT_EQ(format_error("no"), R"({"Err":"no","Error":"no"})");
  EXPECT_EQ(format_error("a\"b"), R"({"Err":"a\"b","Error":"a\"b"})");
  EXPECT_NE(format_error("cut \xc3").find("cut"), std::string::npos);  // half a character
}

}  // namespace
}  // namespace fairlead::cnm
