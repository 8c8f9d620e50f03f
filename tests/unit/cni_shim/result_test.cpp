#include <gtest/gtest.h>

#include "cni-shim/result_codec.h"

namespace fairlead::cni {
namespace {

const Invocation kCall{
    .verb = Verb::add, .container = "c1", .netns = "/run/netns/x", .interface = "eth0"};

const Attachment kMade{.device = "flh1",
                       .device_mac = "02:00:00:00:00:01",
                       .mac = "02:00:00:00:00:02",
                       .mtu = 1450,
                       .addresses = {{"10.9.0.5/24", "10.9.0.1"}, {"fd00::5/64", ""}},
                       .routes = {{"0.0.0.0/0", "10.9.0.1"}}};

Config config(const std::string& version, const std::string& more = "") {
  return {.text = R"({"name":"web")" + more + "}", .version = version, .name = "web"};
}

std::string result(const std::string& version, const std::string& more = "",
                   const IpamResult* ipam = nullptr) {
  const auto done = format_result(config(version, more), kCall, kMade, ipam);
  return done ? *done : done.error().message;
}

TEST(Result, HostsEndComesFirstAndHasNoSandbox) {
  EXPECT_EQ(result("1.0.0"),
            R"({"cniVersion":"1.0.0","interfaces":[{"mac":"02:00:00:00:00:01","name":"flh1"},)"
            R"({"mac":"02:00:00:00:00:02","name":"eth0","sandbox":"/run/netns/x"}],)"
            R"("ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1","interface":1},)"
            R"({"address":"fd00::5/64","interface":1}],)"
            R"("routes":[{"dst":"0.0.0.0/0","gw":"10.9.0.1"}]})"
            "\n");
}

TEST(Result, OlderVersionsSayTheFamilyAndNewerTheMtu) {
  EXPECT_NE(result("0.3.1").find(R"("interface":1,"version":"4")"), std::string::npos);
  EXPECT_NE(result("0.4.0").find(R"("interface":1,"version":"6")"), std::string::npos);
  EXPECT_EQ(result("0.4.0").find("mtu"), std::string::npos);
  EXPECT_EQ(result("1.0.0").find("\"version\""), std::string::npos);
  EXPECT_NE(result("1.1.0").find(R"("mtu":1450)"), std::string::npos);
}

TEST(Result, WhatWasThereStaysAndIndexesGoOn) {
  const std::string text = result("1.0.0", R"(,"prevResult":{"cniVersion":"1.0.0","extra":{"a":[1]},
          "interfaces":[{"name":"net1","sandbox":"/run/netns/x","odd":1}],
          "ips":[{"address":"10.1.0.2/24","interface":0}],"routes":null,
          "dns":{"nameservers":["10.1.0.1"]}})");
  EXPECT_NE(text.find(R"("extra":{"a":[1]})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("interfaces":[{"name":"net1","odd":1,"sandbox":"/run/netns/x"},{)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"({"address":"10.1.0.2/24","interface":0},{"address":"10.9.0.5/24",)"
                      R"("gateway":"10.9.0.1","interface":2})"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("dns":{"nameservers":["10.1.0.1"]})"), std::string::npos) << text;
}

TEST(Result, NobodyBeforeUsMayHaveMadeTheInterface) {
  EXPECT_TRUE(check_before_add(config("1.0.0"), kCall));
  EXPECT_TRUE(
      check_before_add(config("1.0.0", R"(,"prevResult":{"interfaces":[{"name":"eth0"}]})"), kCall))
      << "one of the host's";
  const auto done = check_before_add(
      config("1.0.0", R"(,"prevResult":{"interfaces":[{"name":"eth0","sandbox":"/x"}]})"), kCall);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::config);
  for (const char* bad : {R"("x")", R"({"interfaces":{}})", R"({"ips":["x"]})"})
    EXPECT_FALSE(check_before_add(config("1.0.0", R"(,"prevResult":)" + std::string(bad)), kCall))
        << bad;
}

TEST(Result, CheckWantsTheResultOfAdd) {
  EXPECT_FALSE(check_result(config("1.0.0"), kCall, kMade));
  EXPECT_FALSE(check_result(config("1.0.0", R"(,"prevResult":{})"), kCall, kMade));
  const std::string interfaces = R"("interfaces":[{"name":"eth0","sandbox":"/run/netns/x"}])";
  const auto lacking = check_result(
      config("1.0.0", R"(,"prevResult":{)" + interfaces + R"(,"ips":[{"address":"10.9.0.5/24"}]})"),
      kCall, kMade);
  ASSERT_FALSE(lacking);
  EXPECT_NE(lacking.error().message.find("fd00::5/64"), std::string::npos);
  const auto done = check_result(
      config("1.0.0", R"(,"prevResult":{)" + interfaces +
                          R"(,"ips":[{"address":"10.9.0.5/24"},{"address":"fd00::5/64"}]})"),
      kCall, kMade);
  EXPECT_TRUE(done) << done.error().message;
}

TEST(Result, DnsIsTheRuntimesThenTheConfigurationsThenTheIpams) {
  const IpamResult ipam{.addresses = {}, .routes = {}, .dns = R"({"nameservers":["3.3.3.3"]})"};
  const std::string own = R"(,"dns":{"nameservers":["2.2.2.2"],"domain":"x"})";
  EXPECT_EQ(result("1.0.0").find("dns"), std::string::npos);
  EXPECT_NE(result("1.0.0", "", &ipam).find(R"("dns":{"nameservers":["3.3.3.3"]})"),
            std::string::npos);
  EXPECT_NE(result("1.0.0", own, &ipam).find(R"("dns":{"domain":"x","nameservers":["2.2.2.2"]})"),
            std::string::npos);
  const std::string all =
      result("1.0.0", own + R"(,"runtimeConfig":{"dns":{"Servers":["1.1.1.1"],"Searches":["a.b"],
                        "Options":null}})");
  EXPECT_NE(all.find(R"("dns":{"nameservers":["1.1.1.1"],"search":["a.b"]})"), std::string::npos)
      << all;
}

TEST(Result, ErrorsAreObjectsWhateverTheyQuote) {
  EXPECT_EQ(format_error("1.0.0", {Code::config, "a \xff", "d"}),
            "{\"cniVersion\":\"1.0.0\",\"code\":7,\"details\":\"d\",\"msg\":\"a \xef\xbf\xbd\"}\n");
  const Failure parsed = parse_error(R"({"code":11,"msg":"m","details":"d"})");
  EXPECT_EQ(parsed.code, Code::again);
  EXPECT_EQ(parsed.message, "m");
  EXPECT_EQ(parse_error("oops").message, "oops");
  EXPECT_EQ(parse_error("oops").code, Code::internal);
  EXPECT_EQ(parse_error("").message, "no error object on stdout");
}

}  // namespace
}  // namespace fairlead::cni
