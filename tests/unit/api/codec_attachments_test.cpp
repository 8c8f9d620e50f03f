#include "api/codec_attachments.h"

#include <gtest/gtest.h>

namespace fairlead::api {
namespace {

constexpr const char* kLeast =
    R"({"config":"web","container":"c1","interface":"eth0","network":{"name":"web"}})";

// kLeast with `more` in it.
std::string with(const std::string& more) {
  std::string body = kLeast;
  return body.insert(body.size() - 1, "," + more);
}

std::string problem(const std::string& body) {
  const auto parsed = parse_attach(body);
  return parsed ? "" : parsed.error().message();
}

TEST(Attach, LeastBodyAsksForAnIpv4AddressAndNothingElse) {
  const auto want = parse_attach(kLeast);

  ASSERT_TRUE(want) << want.error().message();
  EXPECT_EQ(want->network.name, "web");
  EXPECT_FALSE(want->network.no_v4);
  EXPECT_FALSE(want->network.v6);
  EXPECT_EQ(want->attachment.container, "c1");
  EXPECT_TRUE(want->addresses.empty());
  EXPECT_FALSE(want->routes);
  EXPECT_TRUE(want->ports.empty());
}

TEST(Attach, EverythingIsRead) {
  const auto want = parse_attach(R"({
    "config": "web", "container": "c1", "interface": "eth0", "sandbox": "/run/netns/x",
    "network": {"name": "shop", "ipv4": {"subnet": "10.9.0.0/24", "gateway": "10.9.0.1",
      "range": "10.9.0.128/25"}, "ipv6": {"subnet": "fd00::/64"}, "mtu": 1400, "internal": true,
      "options": {"com.docker.network.bridge.enable_icc": "false"}},
    "name": "w1", "aliases": ["a", "b"], "labels": {"K8S_POD_NAME": "p"},
    "addresses": ["10.9.0.5/24", "fd00::5"], "mac": "02:00:00:00:00:05",
    "routes": [{"to": "192.0.2.0/24", "via": "10.9.0.1"}],
    "ports": [{"protocol": "udp", "host_address": "192.0.2.1", "host_port": 53,
      "container_port": 5353, "count": 2}],
    "rate": {"egress": 1000000, "egress_burst": 5, "ingress": 2000000, "ingress_burst": 6}})");

  ASSERT_TRUE(want) << want.error().message();
  EXPECT_EQ(want->network.v4.subnet->to_string(), "10.9.0.0/24");
  EXPECT_EQ(want->network.v4.gateway->to_string(), "10.9.0.1");
  EXPECT_EQ(want->network.v4.range->to_string(), "10.9.0.128/25");
  EXPECT_EQ(want->network.v6->subnet->to_string(), "fd00::/64");
  EXPECT_EQ(want->network.options.mtu, 1400U);
  EXPECT_TRUE(want->network.options.internal);
  EXPECT_FALSE(want->network.options.icc);
  EXPECT_EQ(want->attachment.name, "w1");
  EXPECT_EQ(want->attachment.aliases, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(want->attachment.labels.at("K8S_POD_NAME"), "p");
  ASSERT_EQ(want->addresses.size(), 2U);
  EXPECT_EQ(want->addresses[1].to_string(), "fd00::5");
  EXPECT_EQ(want->mac->to_string(), "02:00:00:00:00:05");
  ASSERT_TRUE(want->routes);
  EXPECT_EQ(want->routes->at(0).via->to_string(), "10.9.0.1");
  ASSERT_EQ(want->ports.size(), 2U);
  EXPECT_EQ(want->ports[1].host_port_first, 54);
  EXPECT_EQ(want->ports[1].container_port, 5354);
  EXPECT_EQ(want->rate.ingress, 2000000U);
  EXPECT_EQ(want->rate.egress_burst, 5U);
}

TEST(Attach, EveryHostAddressIsAsNoHostAddress) {
  const auto want = parse_attach(
      with(R"("ports":[{"host_address":"0.0.0.0","host_port":80,"container_port":80}])"));

  EXPECT_FALSE(want->ports.at(0).host_address);
}

TEST(Attach, NullIsAsAbsent) {
  EXPECT_EQ(problem(with(R"("mac":null,"ports":null,"rate":null,"aliases":null)")), "");
}

TEST(Attach, WhatIsWrongIsNamedWithItsPlace) {
  const std::pair<std::string, std::string> bad[] = {
      {"", "config"},
      {"[]", "no JSON object"},
      {R"({"config":"web"})", "container"},
      {with(R"("colour":"red")"), R"("colour")"},
      {with(R"("mac":"x")"), R"("mac")"},
      {with(R"("ports":[{"host_port":80}])"), R"("ports[0].container_port")"},
      {with(R"("ports":[{"container_port":65535,"count":2}])"), R"("ports[0].count")"},
      {with(R"("ports":[{"container_port":80,"protocol":"icmp"}])"), R"("ports[0].protocol")"},
      {with(R"("ports":{})"), R"("ports")"},
      {with(R"("addresses":["10.0.0.1","10.0.0.2"])"), "more than one"},
      {with(R"("routes":[{"to":"10.0.0.0/8","via":"fd00::1"}])"), R"("routes[0].to")"},
      {with(R"("rate":{"egress":-1})"), R"("rate.egress")"},
      {with(R"("given":[{}])"), R"("given[0].address")"},
      {R"({"config":"w","container":"c","interface":"e","network":{"name":"w","options":
          {"fairlead.what":"1"}}})",
       "fairlead.what"},
  };
  for (const auto& [body, word] : bad)
    EXPECT_NE(problem(body).find(word), std::string::npos) << body << "\n" << problem(body);
}

TEST(Collect, WithoutAListNothingIsCollected) {
  EXPECT_FALSE(parse_collect(R"({"config":"web"})"));
  EXPECT_TRUE(parse_collect(R"({"config":"web","valid":[]})").value().valid.empty());
  const auto two =
      parse_collect(R"({"config":"web","valid":[{"container":"c","interface":"eth0"}]})");
  EXPECT_EQ(two->valid.at(0),
            (engine::AttachmentKey{.config = "web", .container = "c", .interface = "eth0"}));
}

TEST(Attached, IsWrittenWithAddressesRoutesAndDevices) {
  engine::Attached attached;
  attached.endpoint.key = "k";
  attached.endpoint.host_device = "flh0";
  attached.endpoint.container_device = "eth0";
  attached.endpoint.v4 = Prefix::parse("10.9.0.5/24").value();
  attached.endpoint.attachment.emplace().routes = {
      {.to = Prefix::parse("0.0.0.0/0").value(), .via = Address::parse("10.9.0.1").value()}};
  attached.gateway_v4 = Address::parse("10.9.0.1").value();
  attached.mtu = 1450;

  const std::string text = format_attached(attached);

  for (const char* part :
       {R"("schema":"fairlead.attachment/v1")", R"({"address":"10.9.0.5/24","gateway":"10.9.0.1"})",
        R"({"to":"0.0.0.0/0","via":"10.9.0.1"})", R"("device":"flh0")", R"("mtu":1450)"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

}  // namespace
}  // namespace fairlead::api
