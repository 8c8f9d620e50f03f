#include <gtest/gtest.h>

#include <string_view>

#include "model/address.h"

namespace fairlead {
namespace {

TEST(Mac, IsReadAndPrintedInLowerCase) {
  const auto mac = Mac::parse("02:42:0A:01:00:ff");
  ASSERT_TRUE(mac);
  const std::array<std::uint8_t, 6> expected{0x02, 0x42, 0x0a, 0x01, 0x00, 0xff};
  EXPECT_EQ(mac->bytes(), expected);
  EXPECT_EQ(mac->to_string(), "02:42:0a:01:00:ff");
}

TEST(Mac, HostileTextIsRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "02:42:0a:01:00"sv, "02:42:0a:01:00:05:06"sv, "02-42-0a-01-00-05"sv,
        "0242.0a01.0005"sv, "02:42:0a:01:00:5"sv, "2:42:0a:01:00:005"sv, "02:42:0a:01:00:0g"sv,
        "02:42:0a:01:00:05\n"sv, "02:42:0a:01:00:0\0"sv, "02:42:0a:01:00 05"sv,
        "+2:42:0a:01:00:05"sv}) {
    const auto parsed = Mac::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Errc::invalid_argument);
  }
}

TEST(Mac, ComesFromAnIPv4Address) {
  EXPECT_EQ(Mac::from_ipv4(*Address::parse("10.1.0.5")).to_string(), "02:42:0a:01:00:05");
}

TEST(Mac, RandomOnesAreLocalUnicastAndDiffer) {
  for (int i = 0; i < 100; ++i) {
    const Mac mac = Mac::random();
    EXPECT_EQ(mac.bytes()[0] & 0x03, 0x02) << mac.to_string();
    EXPECT_NE(mac, Mac::random());
  }
}

TEST(Mac, GivesTheLinkLocalAddressOfItsInterface) {
  EXPECT_EQ(Mac::parse("02:42:0a:01:00:05")->link_local().to_string(), "fe80::42:aff:fe01:5");
  EXPECT_EQ(Mac::parse("00:00:5e:00:53:01")->link_local().to_string(), "fe80::200:5eff:fe00:5301");
}

}  // namespace
}  // namespace fairlead
