#include "model/publish_options.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

TEST(PublishOptions, OfEveryPortAndOfOneAreRead) {
  const auto policy = publish_policy({{"fairlead.publish.allow", "10.0.0.0/8,192.0.2.7"},
                                      {"fairlead.publish.allow.443", "::/0"},
                                      {"fairlead.publish.allow.53/udp", ""},
                                      {"fairlead.icc", "of another part"}});

  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->allow, (std::vector{prefix("10.0.0.0/8"), prefix("192.0.2.7/32")}));
  EXPECT_EQ(policy->allow_port.size(), 2U);
  EXPECT_EQ(policy->allow_port.at({Protocol::tcp, 443}), std::vector{prefix("::/0")});
  EXPECT_TRUE(policy->allow_port.at({Protocol::udp, 53}).empty());
}

TEST(PublishOptions, AnEmptyListIsNobodyAndNoneIsNothingSaid) {
  EXPECT_EQ(publish_policy({{"fairlead.publish.allow", ""}}).value().allow, std::vector<Prefix>());
  EXPECT_EQ(publish_policy({}).value().allow, std::nullopt);
}

TEST(PublishOptions, WhatIsWrongIsSaidWithTheOptionsName) {
  const std::pair<const char*, const char*> wrong[] = {
      {"fairlead.publish.allow", "friends"},         {"fairlead.publish.allow", "10.0.0.1/8"},
      {"fairlead.publish.allow.", "10.0.0.0/8"},     {"fairlead.publish.allow.http", "10.0.0.0/8"},
      {"fairlead.publish.allow.0", "10.0.0.0/8"},    {"fairlead.publish.allow.80/icmp", "::/0"},
      {"fairlead.publish.allow.80-90", "10.0.0.0/8"}};
  for (const auto& [name, text] : wrong) {
    const auto policy = publish_policy({{name, text}});
    ASSERT_FALSE(policy) << name << "=" << text;
    EXPECT_NE(policy.error().message().find("option \"" + std::string(name) + "\""),
              std::string::npos)
        << policy.error().message();
  }
}

TEST(PublishOptions, OnePortTwiceIsRefused) {
  EXPECT_FALSE(publish_policy(
      {{"fairlead.publish.allow.443", "::/0"}, {"fairlead.publish.allow.443/tcp", "::/0"}}));
}

TEST(PublishOptions, OtherNamesAreNone) {
  EXPECT_TRUE(is_publish_option("fairlead.publish.allow.80"));
  for (const char* name : {"fairlead.publish", "fairlead.publish.deny", "fairlead.publish.allowed"})
    EXPECT_FALSE(is_publish_option(name)) << name;
}

}  // namespace
}  // namespace fairlead
