#include "cluster/settings.h"

#include <gtest/gtest.h>

namespace fairlead::cluster {
namespace {

Address address(std::string_view text) { return Address::parse(text).value(); }

Settings usable() {
  Settings settings;
  settings.node = "host-a";
  settings.etcd = {"https://192.0.2.1:2379", "https://[2001:db8::1]:2379"};
  settings.ca = "/etc/fairlead/ca.pem";
  settings.cert = "/etc/fairlead/host-a.pem";
  settings.key = "/etc/fairlead/host-a.key";
  return settings;
}

// What check() says of usable settings after `change`; "": fine.
std::string verdict(void (*change)(Settings&)) {
  Settings settings = usable();
  change(settings);
  const auto done = check(settings);
  if (done) return "";
  EXPECT_EQ(done.error().code(), Errc::invalid_argument);
  return done.error().message();
}

TEST(Settings, UsableOnesAreFine) {
  EXPECT_EQ(verdict([](Settings&) {}), "");
  EXPECT_EQ(verdict([](Settings& s) {
              s.underlay = {address("198.18.0.1"), address("2001:db8::1")};
            }),
            "");
  EXPECT_EQ(verdict([](Settings& s) { s.user = s.password = "root"; }), "");
  EXPECT_EQ(verdict([](Settings& s) { s.lease = std::chrono::seconds(2); }), "");
  EXPECT_EQ(verdict([](Settings& s) {
              s.etcd = {"http://127.0.0.1:2379"};
              s.ca = s.cert = s.key = "";
            }),
            "");
}

TEST(Settings, NamesMustFitIntoKeys) {
  EXPECT_EQ(verdict([](Settings& s) { s.node = ""; }),
            "cluster setting node is \"\": must be 1 to 63 of a-z A-Z 0-9 . _ -");
  EXPECT_EQ(verdict([](Settings& s) { s.name = "a/b"; }),
            "cluster setting name is \"a/b\": must be 1 to 63 of a-z A-Z 0-9 . _ -");
  EXPECT_EQ(verdict([](Settings& s) { s.node = std::string(63, 'x'); }), "");
  EXPECT_NE(verdict([](Settings& s) { s.node = std::string(64, 'x'); }), "");
}

TEST(Settings, EndpointsAreUrlsOfOneScheme) {
  EXPECT_EQ(
      verdict([](Settings& s) { s.etcd.clear(); }),
      "cluster setting etcd is empty: name at least one endpoint, like https://192.0.2.1:2379");
  EXPECT_EQ(verdict([](Settings& s) { s.etcd.push_back("http://192.0.2.2:2379"); }),
            "cluster setting etcd mixes http and https: use one of them for every endpoint");
  for (const char* bad :
       {"192.0.2.1:2379", "https://", "ftp://a", "https://a:1/path", "https://u@a", ""}) {
    Settings settings = usable();
    settings.etcd = {bad};
    const auto done = check(settings);
    ASSERT_FALSE(done) << bad;
    EXPECT_TRUE(done.error().message().starts_with("cluster setting etcd has \"" +
                                                   std::string(bad) + "\": "))
        << done.error().message();
  }
}

TEST(Settings, HalfOfAPairIsRefusedByTheNameOfTheMissingHalf) {
  EXPECT_TRUE(
      verdict([](Settings& s) { s.cert = ""; }).starts_with("cluster setting cert is missing"));
  EXPECT_TRUE(
      verdict([](Settings& s) { s.key = ""; }).starts_with("cluster setting key is missing"));
  EXPECT_TRUE(verdict([](Settings& s) {
                s.user = "u";
              }).starts_with("cluster setting password is missing"));
  EXPECT_TRUE(verdict([](Settings& s) {
                s.password = "p";
              }).starts_with("cluster setting user is missing"));
}

TEST(Settings, CertificatesWithoutTlsAreRefused) {
  EXPECT_EQ(verdict([](Settings& s) { s.etcd = {"http://127.0.0.1:2379"}; }),
            "cluster setting ca is of no use with http: write https:// in etcd, or leave it out");
}

TEST(Settings, NumbersHaveLimits) {
  EXPECT_TRUE(verdict([](Settings& s) { s.port = 0; }).starts_with("cluster setting port is 0"));
  EXPECT_EQ(verdict([](Settings& s) { s.lease = std::chrono::seconds(1); }),
            "cluster setting lease is 1 s: must be from 2 to 3600");
  EXPECT_NE(verdict([](Settings& s) { s.lease = std::chrono::seconds(3601); }), "");
}

TEST(Settings, TunnelAddressesAreOneAFamilyAndReachable) {
  EXPECT_EQ(verdict([](Settings& s) {
              s.underlay = {address("198.18.0.1"), address("198.18.0.2")};
            }),
            "cluster setting underlay has both 198.18.0.1 and 198.18.0.2: name one address a "
            "family at most");
  for (const char* bad :
       {"0.0.0.0", "::", "127.0.0.1", "::1", "fe80::1", "169.254.1.1", "224.0.0.1"}) {
    Settings settings = usable();
    settings.underlay = {address(bad)};
    EXPECT_FALSE(check(settings)) << bad;
  }
}

TEST(Settings, EveryFieldSurvivesFormatAndParse) {
  Settings settings = usable();
  settings.name = "prod";
  settings.user = "root";
  settings.password = "a\"b\\c";
  settings.port = 65535;
  settings.underlay = {address("198.18.0.1"), address("2001:db8::1")};
  settings.mirror = false;
  settings.lease = std::chrono::seconds(5);
  EXPECT_EQ(parse_settings(format(settings)), settings);
  EXPECT_EQ(parse_settings(format(Settings{})), Settings{});
}

TEST(Settings, AbsentAndNullAreTheDefaultAndUnknownIsIgnored) {
  Settings expected;
  expected.node = "a";
  EXPECT_EQ(parse_settings(R"({"node":"a","port":null,"later":[1]})"), expected);
}

TEST(Settings, WhatCannotBeReadIsNamed) {
  const struct {
    const char* json;
    const char* message;
  } cases[] = {
      {"", "cluster settings are not a JSON object"},
      {"[]", "cluster settings are not a JSON object"},
      {R"({"node":1})", "cluster setting node must be a string"},
      {R"({"etcd":"http://a"})", "cluster setting etcd must be an array of strings"},
      {R"({"etcd":["http://a",1]})", "cluster setting etcd must be an array of strings"},
      {R"({"mirror":1})", "cluster setting mirror must be true or false"},
      {R"({"port":65536})", "cluster setting port must be a whole number from 0 to 65535"},
      {R"({"port":-1})", "cluster setting port must be a whole number from 0 to 65535"},
      {R"({"port":1.5})", "cluster setting port must be a whole number from 0 to 65535"},
      {R"({"lease":4000,"node":2})", "cluster setting node must be a string"},
      {R"({"underlay":["x"]})",
       "cluster setting underlay has a mistake: \"x\" is not an IP address: expected a form like "
       "192.0.2.1 or "
       "2001:db8::1"},
  };
  for (const auto& each : cases) {
    const auto settings = parse_settings(each.json);
    ASSERT_FALSE(settings) << each.json;
    EXPECT_EQ(settings.error().code(), Errc::invalid_argument);
    EXPECT_EQ(settings.error().message(), each.message);
  }
}

}  // namespace
}  // namespace fairlead::cluster
