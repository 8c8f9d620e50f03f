#include "model/sources.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

Address addr(const char* text) { return Address::parse(text).value(); }
Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

TEST(HostPorts, EveryFormIsReadAndWrittenBack) {
  struct Form {
    const char* text;
    HostPortRange ports;
    const char* back;
  };
  const Form forms[] = {
      {"443", {Protocol::tcp, {}, 443, 443}, "443/tcp"},
      {"53/udp", {Protocol::udp, {}, 53, 53}, "53/udp"},
      {"1-65535/sctp", {Protocol::sctp, {}, 1, 65535}, "1-65535/sctp"},
      {"192.0.2.1:443", {Protocol::tcp, addr("192.0.2.1"), 443, 443}, "192.0.2.1:443/tcp"},
      {"0.0.0.0:80-90", {Protocol::tcp, addr("0.0.0.0"), 80, 90}, "0.0.0.0:80-90/tcp"},
      {"[2001:db8::1]:53/udp",
       {Protocol::udp, addr("2001:db8::1"), 53, 53},
       "[2001:db8::1]:53/udp"},
      {"[::]:7-7", {Protocol::tcp, addr("::"), 7, 7}, "[::]:7/tcp"},
  };
  for (const Form& form : forms) {
    const auto ports = parse_host_ports(form.text);
    ASSERT_TRUE(ports) << form.text << ": " << ports.error().message();
    EXPECT_EQ(*ports, form.ports) << form.text;
    EXPECT_EQ(to_string(*ports), form.back);
  }
}

TEST(HostPorts, WhatIsNoneIsRefusedAndQuoted) {
  for (const char* text : {"",
                           "0",
                           "65536",
                           "443/",
                           "443/icmp",
                           "443/tcp/udp",
                           "-5",
                           "5-",
                           "9-8",
                           "80,81",
                           " 443",
                           "443 ",
                           "2001:db8::1:443",
                           "[192.0.2.1]:443",
                           "192.0.2.1",
                           "localhost:443",
                           ":443",
                           "[]:443",
                           "192.0.2.1:",
                           "http"}) {
    const auto ports = parse_host_ports(text);
    ASSERT_FALSE(ports) << text;
    EXPECT_EQ(ports.error().code(), Errc::invalid_argument);
  }
  EXPECT_NE(parse_host_ports("http").error().message().find("\"http\""), std::string::npos);
}

TEST(ContainerPorts, AreTcpUnlessTheySayOtherwise) {
  EXPECT_EQ(parse_container_port("443").value(), (PublishPolicy::Port{Protocol::tcp, 443}));
  EXPECT_EQ(parse_container_port("53/udp").value(), (PublishPolicy::Port{Protocol::udp, 53}));
  EXPECT_EQ(to_string(PublishPolicy::Port{Protocol::sctp, 9}), "9/sctp");
  for (const char* text : {"", "0", "70000", "443/x", "1-2", "[::1]:5"})
    EXPECT_FALSE(parse_container_port(text)) << text;
}

TEST(Sources, AnAddressIsAPrefixOfItsOwn) {
  EXPECT_EQ(parse_source("192.0.2.7").value(), prefix("192.0.2.7/32"));
  EXPECT_EQ(parse_source("2001:db8::7").value(), prefix("2001:db8::7/128"));
  EXPECT_EQ(parse_source("10.0.0.0/8").value(), prefix("10.0.0.0/8"));
}

TEST(Sources, HostBitsAreRefusedWithBothThingsThatMayBeMeant) {
  const auto source = parse_source("10.1.2.3/8");

  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message(), "\"10.1.2.3/8\" has host bits: write 10.0.0.0/8 or 10.1.2.3");
}

TEST(Sources, AListIsSortedAndHasNothingTwice) {
  EXPECT_EQ(to_string(parse_sources("2001:db8::/32, 10.0.0.0/8,10.0.0.0/8").value()),
            "10.0.0.0/8,2001:db8::/32");
  EXPECT_TRUE(parse_sources("").value().empty());
  EXPECT_TRUE(parse_sources(" ").value().empty());
  for (const char* text : {",", "10.0.0.0/8,", ",10.0.0.0/8", "10.0.0.0/8;::/0", "all"})
    EXPECT_FALSE(parse_sources(text)) << text;
  EXPECT_EQ(to_string(parse_sources("192.0.2.7,::/0").value()), "::/0,192.0.2.7/32");
}

TEST(Sources, TheLongestPrefixDecides) {
  const SourceRules rules{.rules = {{prefix("10.0.0.0/8"), true},
                                    {prefix("10.1.0.0/16"), false},
                                    {prefix("10.1.2.0/24"), true}},
                          .otherwise = false};
  EXPECT_TRUE(permits(rules, addr("10.9.9.9")));
  EXPECT_FALSE(permits(rules, addr("10.1.9.9")));
  EXPECT_TRUE(permits(rules, addr("10.1.2.9")));
  EXPECT_FALSE(permits(rules, addr("11.0.0.1")));
  EXPECT_FALSE(permits(rules, addr("2001:db8::1")));
  EXPECT_TRUE(permits({}, addr("2001:db8::1")));
}

TEST(Sources, AListLetsNobodyElseIn) {
  const SourceRules rules = only({prefix("10.0.0.0/8"), prefix("10.0.0.0/8")});
  EXPECT_EQ(rules.rules.size(), 1U);
  EXPECT_TRUE(permits(rules, addr("10.0.0.1")));
  EXPECT_FALSE(permits(rules, addr("9.0.0.1")));
  EXPECT_FALSE(permits(only({}), addr("10.0.0.1")));
}

}  // namespace
}  // namespace fairlead
