#include "model/address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <unordered_set>

#include "model/network.h"

namespace fairlead {
namespace {

Address address(std::string_view text) {
  auto parsed = Address::parse(text);
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? *parsed : Address();
}

TEST(Address, IPv4IsHeldInTheMappedForm) {
  const std::array<std::uint8_t, 16> expected{0, 0, 0,    0,    0,   0, 0, 0,
                                              0, 0, 0xff, 0xff, 192, 0, 2, 1};
  EXPECT_EQ(address("192.0.2.1").bytes(), expected);
  EXPECT_EQ(address("192.0.2.1").family(), Family::v4);
  EXPECT_EQ(address("192.0.2.1").to_string(), "192.0.2.1");
}

TEST(Address, IPv6IsPrintedInItsShortestForm) {
  EXPECT_EQ(address("2001:DB8:0:0:0:0:0:1").to_string(), "2001:db8::1");
  EXPECT_EQ(address("2001:db8:0:1:1:1:1:1").to_string(), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(address("2001:0:0:1:0:0:0:1").to_string(), "2001:0:0:1::1");
  EXPECT_EQ(address("2001:db8:0:0:1:0:0:1").to_string(), "2001:db8::1:0:0:1");
  EXPECT_EQ(address("::").to_string(), "::");
  EXPECT_EQ(address("::").family(), Family::v6);
}

TEST(Address, WhatItPrintsItParses) {
  for (const char* text : {"0.0.0.0", "255.255.255.255", "::", "::1", "fe80::1", "::1:2",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::192.0.2.1"}) {
    const Address once = address(text);
    EXPECT_EQ(address(once.to_string()), once) << text;
  }
}

TEST(Address, HostileTextIsRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "10.0.0.1 "sv,
                                      " 10.0.0.1"sv,
                                      "10.0.0"sv,
                                      "10.0.0.1.2"sv,
                                      "10.0.0.256"sv,
                                      "10.0.0.01"sv,
                                      "0x0a000001"sv,
                                      "167772161"sv,
                                      "10.0.0.-1"sv,
                                      "10.0.0.1\0"sv,
                                      "10.0.0.1\0junk"sv,
                                      "10.0.0.1\n"sv,
                                      "10.0.0.1/24"sv,
                                      "localhost"sv,
                                      ":"sv,
                                      ":::"sv,
                                      "1::2::3"sv,
                                      "1:2:3:4:5:6:7"sv,
                                      "1:2:3:4:5:6:7:8:9"sv,
                                      "12345::"sv,
                                      "g::"sv,
                                      "fe80::1%eth0"sv,
                                      "[::1]"sv,
                                      "\xd9\xa1.1.1.1"sv}) {
    const auto parsed = Address::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Errc::invalid_argument) << text;
  }
  EXPECT_FALSE(Address::parse(std::string(1 << 20, '1')));
}

TEST(Address, IPv4InIPv6FormIsRefusedAndTheMessageSaysWhatToWrite) {
  const auto parsed = Address::parse("::ffff:192.0.2.1");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message(),
            "\"::ffff:192.0.2.1\" is an IPv4 address in IPv6 form: write 192.0.2.1");
}

TEST(Address, MessagesCannotBeForgedByWhatTheyQuote) {
  const auto parsed = Address::parse("1\nlevel=fatal \"x\"\x1b[2J");
  ASSERT_FALSE(parsed);
  EXPECT_TRUE(parsed.error().message().starts_with("\"1\\x0alevel=fatal \\x22x\\x22\\x1b[2J\" is"))
      << parsed.error().message();
  EXPECT_LT(Address::parse(std::string(100000, 'x')).error().message().size(), 200U);
}

TEST(Address, AnyIsOfItsFamily) {
  EXPECT_EQ(Address::any(Family::v4).to_string(), "0.0.0.0");
  EXPECT_EQ(Address::any(Family::v6).to_string(), "::");
  EXPECT_TRUE(Address::any(Family::v4).is_any());
  EXPECT_TRUE(Address().is_any());
  EXPECT_NE(Address::any(Family::v4), Address::any(Family::v6));
  EXPECT_FALSE(address("0.0.0.1").is_any());
}

TEST(Address, SpecialOnesAreKnown) {
  EXPECT_TRUE(address("127.255.0.1").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_FALSE(address("128.0.0.1").is_loopback());
  EXPECT_FALSE(address("::2").is_loopback());
  EXPECT_TRUE(address("169.254.1.1").is_link_local());
  EXPECT_TRUE(address("febf::1").is_link_local());
  EXPECT_FALSE(address("fec0::1").is_link_local());
  EXPECT_FALSE(address("169.253.1.1").is_link_local());
  EXPECT_TRUE(address("224.0.0.1").is_multicast());
  EXPECT_TRUE(address("239.255.255.255").is_multicast());
  EXPECT_TRUE(address("ff02::1").is_multicast());
  EXPECT_FALSE(address("240.0.0.1").is_multicast());
  EXPECT_FALSE(address("223.255.255.255").is_multicast());
}

TEST(Address, PlusCarriesThroughAllBytes) {
  EXPECT_EQ(address("10.0.255.255").plus(1), address("10.1.0.0"));
  EXPECT_EQ(address("10.0.0.0").plus(0x01020304), address("11.2.3.4"));
  EXPECT_EQ(address("2001:db8::ffff:ffff:ffff:ffff").plus(1), address("2001:db8:0:1::"));
  EXPECT_EQ(address("::").plus(~std::uint64_t{0}), address("::ffff:ffff:ffff:ffff"));
  EXPECT_EQ(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").plus(1), address("::"));
}

TEST(Address, HashTellsAddressesApart) {
  std::unordered_set<Address> seen;
  for (std::uint64_t i = 0; i < 1000; ++i) seen.insert(address("10.0.0.0").plus(i));
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_TRUE(seen.contains(address("10.0.3.231")));
}

TEST(Protocol, HasItsUsualName) {
  EXPECT_EQ(to_string(Protocol::tcp), "tcp");
  EXPECT_EQ(to_string(Protocol::udp), "udp");
  EXPECT_EQ(to_string(Protocol::sctp), "sctp");
}

}  // namespace
}  // namespace fairlead
