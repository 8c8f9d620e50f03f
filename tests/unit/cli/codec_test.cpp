#include "cli/codec.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

TEST(CliCodec, NetworksAreATable) {
  const auto text = format_document("networks", R"({"schema":"fairlead.networks/v1","networks":[
      {"name":"shop","id":"0123456789abcdef","mtu":1500,"endpoints":2,"internal":true,"icc":false,
       "masquerade":true,"ipv4":{"pool":"10.1.0.0/24","gateway":"10.1.0.1"},
       "ipv6":{"pool":"fd00::/64","gateway":null}}]})");

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text,
            "NAME   ID             SUBNET                   GATEWAY    MTU    VNI   ENDPOINTS   "
            "FLAGS\n"
            "shop   0123456789ab   10.1.0.0/24, fd00::/64   10.1.0.1   1500   -     2           "
            "internal,no-icc\n");
}

TEST(CliCodec, SharedNetworksShowTheirVni) {
  const auto text = format_document("networks", R"({"schema":"x","networks":[
      {"name":"web","id":"0123","shared":"4567","vni":65536}]})");

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_NE(text->find("65536"), std::string::npos) << *text;
  EXPECT_TRUE(text->ends_with("shared\n")) << *text;
}

TEST(CliCodec, EndpointsShowTheirLimits) {
  const auto text = format_document("endpoints", R"({"schema":"x","endpoints":[
      {"name":"web","rate":{"egress":10000000,"ingress":1500000,"egress_burst":0}},
      {"name":"db","rate":{"egress":0,"ingress":64000}}, {"name":"free","rate":null},
      {"name":"odd","rate":{"egress":"fast","ingress":-1}}]})");

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_NE(text->find("out 10mbit, in 1500kbit"), std::string::npos) << *text;
  EXPECT_NE(text->find("   in 64kbit"), std::string::npos) << *text;
  EXPECT_EQ(text->find("fast"), std::string::npos) << *text;
}

TEST(CliCodec, UplinksThatUnpackByXdpSaySo) {
  const auto text = format_document("status", R"({"schema":"x","datapath":{
      "uplinks":["eth0","eth1"],"decapsulation":{"eth0":"tc","eth1":"xdp"}}})");

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_NE(text->find("Uplinks:    eth0, eth1 (xdp)\n"), std::string::npos) << *text;
}

TEST(CliCodec, Ipv6AddressesOfPortsAreInBrackets) {
  const auto text = format_document("ports", R"({"schema":"x","ports":[{"host_address":"::",
      "host_port":8080,"protocol":"tcp","container_address":"10.1.0.2","container_port":80,
      "endpoint":"web","network":"shop"}]})");

  ASSERT_TRUE(text);
  EXPECT_NE(text->find("[::]:8080"), std::string::npos) << *text;
}

TEST(CliCodec, NothingIsSaidInWords) {
  EXPECT_EQ(format_document("drops", R"({"schema":"x","drops":[]})").value(), "no drops\n");
}

TEST(CliCodec, AnswersOfSomethingElseAreRefusedNotShown) {
  for (const char* body : {"", "[]", "null", "{}", R"({"schema":"x"})",
                           R"({"schema":"x","ports":7})", R"({"schema":"x","ports":[7]})"})
    EXPECT_FALSE(format_document("ports", body)) << body;
}

TEST(CliCodec, StatusOfAnotherFormIsNoCrash) {
  for (const char* body : {R"({"schema":"x"})", R"({"schema":"x","maps":{"a":1}})",
                           R"({"schema":"x","datapath":7})", R"({"schema":"x","warnings":[7]})"})
    static_cast<void>(format_document("status", body));
}

TEST(CliCodec, OnlyOkIsWell) {
  EXPECT_TRUE(is_well(R"({"state":"ok"})"));
  EXPECT_FALSE(is_well(R"({"state":"warning"})"));
  EXPECT_FALSE(is_well("7"));
}

}  // namespace
}  // namespace fairlead::cli
