// What the daemon answers, and that it is looked at field by field.
#include <gtest/gtest.h>

#include "cni-shim/attach_codec.h"

namespace fairlead::cni {
namespace {

TEST(Answers, AnAttachmentIsReadWhole) {
  const auto done = parse_attachment(
      R"({"device":"flh1","device_mac":"a","mac":"b","mtu":1450,
          "addresses":[{"address":"10.9.0.5/24","gateway":null}],
          "routes":[{"to":"0.0.0.0/0","via":"10.9.0.1"}],"later":{}})");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->device, "flh1");
  EXPECT_EQ(done->mtu, 1450U);
  EXPECT_EQ(done->addresses.front().gateway, "");
  EXPECT_EQ(done->routes.front().via, "10.9.0.1");
}

TEST(Answers, WhatIsNotADaemonsIsOurBug) {
  for (const char* bad : {"", "[]", "{}", R"({"device":1})", R"({"device":"x","addresses":{}})",
                          R"({"device":"x","mtu":-1})", R"({"device":"x","routes":["a"]})"}) {
    const auto done = parse_attachment(bad);
    ASSERT_FALSE(done) << bad;
    EXPECT_EQ(done.error().code, Code::internal) << bad;
  }
}

TEST(Answers, RefusalsNeedNotBeOurs) {
  EXPECT_EQ(parse_refusal(R"({"error":"no","code":"busy"})").code, "busy");
  EXPECT_EQ(parse_refusal(R"({"error":7})").text, "");
  EXPECT_EQ(parse_refusal("<html>").text, "");
}

TEST(Answers, SubnetsOfANetworkByName) {
  const char* body = R"({"networks":[{"name":"a","ipv4":{"pool":"10.1.0.0/24"},"ipv6":null},
      {"name":"web","ipv4":{"pool":"10.9.0.0/24","gateway":"10.9.0.1"},
       "ipv6":{"pool":"fd00::/64","gateway":null}}]})";
  const auto found = parse_subnets_of(body, "web");
  ASSERT_TRUE(found && *found);
  ASSERT_EQ((*found)->size(), 2U);
  EXPECT_EQ((*found)->front().gateway, "10.9.0.1");
  EXPECT_EQ((*found)->back().address, "fd00::/64");
  EXPECT_FALSE(*parse_subnets_of(body, "b"));
}

}  // namespace
}  // namespace fairlead::cni
