#include <gtest/gtest.h>

#include <string_view>

#include "model/address.h"

namespace fairlead {
namespace {

Prefix prefix(std::string_view text) {
  auto parsed = Prefix::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? *parsed : Prefix();
}

Address address(std::string_view text) { return *Address::parse(text); }

TEST(Prefix, KeepsHostBitsUntilAskedForTheNetwork) {
  EXPECT_EQ(prefix("10.1.0.5/24").to_string(), "10.1.0.5/24");
  EXPECT_EQ(prefix("10.1.0.5/24").network(), prefix("10.1.0.0/24"));
  EXPECT_EQ(prefix("2001:db8::5/64").network().to_string(), "2001:db8::/64");
  EXPECT_EQ(prefix("10.1.0.5/24").address(), address("10.1.0.5"));
}

TEST(Prefix, LengthCountsBitsOfTheFamily) {
  EXPECT_EQ(prefix("10.1.0.0/24").length(), 24U);
  EXPECT_EQ(prefix("10.1.0.0/24").mapped_length(), 120U);
  EXPECT_EQ(prefix("2001:db8::/64").mapped_length(), 64U);
  EXPECT_EQ(prefix("0.0.0.0/0").mapped_length(), 96U);
}

TEST(Prefix, FirstAndLastAreTheEndsOfTheBlock) {
  EXPECT_EQ(prefix("10.1.2.3/20").first(), address("10.1.0.0"));
  EXPECT_EQ(prefix("10.1.2.3/20").last(), address("10.1.15.255"));
  EXPECT_EQ(prefix("0.0.0.0/0").last(), address("255.255.255.255"));
  EXPECT_EQ(prefix("10.1.2.3/32").first(), prefix("10.1.2.3/32").last());
  EXPECT_EQ(prefix("2001:db8::/47").last(), address("2001:db8:1:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_EQ(prefix("2001:db8::1/127").first(), address("2001:db8::"));
}

TEST(Prefix, ContainsOnlyItsOwnFamily) {
  EXPECT_TRUE(prefix("10.1.0.0/24").contains(address("10.1.0.255")));
  EXPECT_FALSE(prefix("10.1.0.0/24").contains(address("10.1.1.0")));
  EXPECT_TRUE(prefix("0.0.0.0/0").contains(address("255.1.2.3")));
  EXPECT_FALSE(prefix("::/0").contains(address("10.0.0.1")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
  EXPECT_TRUE(prefix("10.1.0.9/16").contains(prefix("10.1.5.0/24")));
  EXPECT_FALSE(prefix("10.1.5.0/24").contains(prefix("10.1.0.0/16")));
}

TEST(Prefix, OverlapsWhenOneLiesInTheOther) {
  EXPECT_TRUE(prefix("10.1.5.0/24").overlaps(prefix("10.1.0.0/16")));
  EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.1.5.0/24")));
  EXPECT_FALSE(prefix("10.1.0.0/24").overlaps(prefix("10.1.1.0/24")));
  EXPECT_FALSE(prefix("::/0").overlaps(prefix("0.0.0.0/0")));
}

TEST(Prefix, HostileTextIsRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      "/"sv,
                                      "10.1.0.0"sv,
                                      "10.1.0.0/"sv,
                                      "/24"sv,
                                      "10.1.0.0/33"sv,
                                      "2001:db8::/129"sv,
                                      "10.1.0.0/-1"sv,
                                      "10.1.0.0/+8"sv,
                                      "10.1.0.0/ 8"sv,
                                      "10.1.0.0/8 "sv,
                                      "10.1.0.0/08"sv,
                                      "10.1.0.0/8/8"sv,
                                      "10.1.0.0/0x8"sv,
                                      "10.1.0.0/4294967304"sv,
                                      "10.1.0.0/99999999999999999999"sv,
                                      "10.1.0.0/255.255.255.0"sv,
                                      "10.1.0.0/8\0"sv,
                                      "10.1.0.0\0/8"sv,
                                      "::ffff:10.0.0.0/104"sv}) {
    const auto parsed = Prefix::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Errc::invalid_argument) << text;
  }
}

TEST(Prefix, TheMessageNamesTheLimitOfTheFamily) {
  EXPECT_EQ(Prefix::parse("10.1.0.0/33").error().message(),
            "prefix \"10.1.0.0/33\": the length behind the slash must be 0 to 32");
  EXPECT_EQ(Prefix::parse("2001:db8::/129").error().message(),
            "prefix \"2001:db8::/129\": the length behind the slash must be 0 to 128");
}

}  // namespace
}  // namespace fairlead
