// What ADD asks the daemon for, in the daemon's words.
#include <gtest/gtest.h>

#include "cni-shim/attach_codec.h"
#include "cni-shim/config.h"

namespace fairlead::cni {
namespace {

Invocation invocation() {
  return {.verb = Verb::add, .container = "c1", .netns = "/run/netns/x", .interface = "eth0"};
}

Outcome<AttachWish> wish(const std::string& more, const Invocation& call = invocation(),
                         const IpamResult* ipam = nullptr) {
  const Config config{
      .text = R"({"cniVersion":"1.0.0","name":"web","type":"fairlead-cni")" + more + "}",
      .version = "1.0.0",
      .name = "web"};
  return parse_wish(config, call, ipam);
}

std::string body(const std::string& more, const Invocation& call = invocation()) {
  const auto done = wish(more, call);
  return done ? format_attach(*done) : done.error().message;
}

Failure refusal(const std::string& more) {
  const auto done = wish(more);
  EXPECT_FALSE(done) << more;
  return done ? Failure{} : done.error();
}

TEST(Wish, SaysOnlyWhatIsWanted) {
  EXPECT_EQ(body(""),
            R"({"config":"web","container":"c1","interface":"eth0","network":{"name":"web"},)"
            R"("sandbox":"/run/netns/x"})");
}

TEST(Wish, DescribesTheNetwork) {
  const std::string text = body(R"(,"network":"shop","subnet":"10.9.0.0/24","gateway":"10.9.0.1",
              "range":"10.9.0.128/25","ipv6":{"subnet":"fd00:9::/64"},"mtu":1400,"internal":true,
              "options":{"fairlead.icc":false})");
  EXPECT_NE(text.find(R"("network":{"internal":true,"ipv4":{"gateway":"10.9.0.1",)"
                      R"("range":"10.9.0.128/25","subnet":"10.9.0.0/24"},)"
                      R"("ipv6":{"subnet":"fd00:9::/64"},"mtu":1400,"name":"shop",)"
                      R"("options":{"fairlead.icc":"false"}})"),
            std::string::npos)
      << text;
  EXPECT_NE(body(R"(,"ipv6":true,"ipv4":false)").find(R"("ipv4":false,"ipv6":{})"),
            std::string::npos);
  EXPECT_EQ(body(R"(,"ipv6":false)"), body(""));
}

TEST(Wish, TakesPortsAsEveryRuntimeWritesThem) {
  const std::string podman =
      body(R"(,"runtimeConfig":{"portMappings":[{"hostPort":8080,"containerPort":80,
              "protocol":"tcp","hostIP":""}]})");
  const std::string containerd =
      body(R"(,"runtimeConfig":{"PortMappings":[{"HostPort":8080,"ContainerPort":80,
              "Protocol":"TCP","HostIP":null}]})");
  EXPECT_EQ(podman, containerd);
  EXPECT_NE(podman.find(R"("ports":[{"container_port":80,"count":1,"host_port":8080,)"
                        R"("protocol":"tcp"}])"),
            std::string::npos)
      << podman;
  EXPECT_EQ(body(R"(,"runtimeConfig":{"portMappings":[{"hostPort":0,"containerPort":80}]})"),
            body(""));
  EXPECT_EQ(refusal(R"(,"runtimeConfig":{"portMappings":[{"hostPort":1}]})").code, Code::config);
  EXPECT_EQ(refusal(R"(,"runtimeConfig":{"portMappings":[{"hostPort":65536}]})").code,
            Code::decode);
  EXPECT_EQ(refusal(R"(,"runtimeConfig":{"portMappings":[{"hostPort":1,"containerPort":1,
                       "protocol":"icmp"}]})")
                .code,
            Code::config);
}

TEST(Wish, BandwidthIsInBitsAndItsBurstMayBeAny) {
  EXPECT_NE(body(R"(,"runtimeConfig":{"bandwidth":{"IngressRate":1000000,"ingressBurst":4294967295,
                    "EgressRate":null}})")
                .find(R"("rate":{"egress":0,"egress_burst":0,"ingress":1000000,)"
                      R"("ingress_burst":0})"),
            std::string::npos);
  EXPECT_EQ(body(R"(,"runtimeConfig":{"bandwidth":{"ingressBurst":5}})"), body(""));
}

TEST(Wish, AliasesAreAListOrPodmansObject) {
  const std::string list = body(R"(,"runtimeConfig":{"aliases":["a","b"]})");
  EXPECT_NE(list.find(R"("aliases":["a","b"])"), std::string::npos);
  EXPECT_EQ(body(R"(,"runtimeConfig":{"aliases":{"web":["a","b"],"other":["c"]}})"), list);
}

TEST(Wish, TheStructuredFormWins) {
  Invocation call = invocation();
  call.mac = "02:00:00:00:00:01";
  call.addresses = {"10.9.0.1"};
  call.labels["K8S_POD_NAME"] = "web1";
  const auto args =
      wish(R"(,"args":{"cni":{"ips":["10.9.0.2"],"labels":[{"key":"k","value":"v"}]}})", call);
  ASSERT_TRUE(args);
  EXPECT_EQ(args->mac, "02:00:00:00:00:01");
  EXPECT_EQ(args->addresses, std::vector<std::string>{"10.9.0.2"});
  EXPECT_EQ(args->labels.at("k"), "v");
  EXPECT_EQ(args->name, "web1");
  const auto runtime = wish(R"(,"args":{"cni":{"ips":["10.9.0.2"]}},
      "runtimeConfig":{"ips":["10.9.0.3/24"],"mac":"02:00:00:00:00:02"})",
                            call);
  ASSERT_TRUE(runtime);
  EXPECT_EQ(runtime->mac, "02:00:00:00:00:02");
  EXPECT_EQ(runtime->addresses, std::vector<std::string>{"10.9.0.3/24"});
}

TEST(Wish, AddressesOfAnotherIpamAreGiven) {
  const IpamResult ipam{
      .addresses = {{"10.9.0.5/24", "10.9.0.1"}}, .routes = {{{"0.0.0.0/0", ""}}}, .dns = {}};
  Invocation call = invocation();
  call.addresses = {"10.9.0.5"};
  const auto done = wish(R"(,"ipam":{"type":"host-local","ranges":[]})", call, &ipam);
  ASSERT_TRUE(done) << done.error().message;
  const std::string text = format_attach(*done);
  EXPECT_NE(text.find(R"("given":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}])"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("routes":[{"to":"0.0.0.0/0"}])"), std::string::npos) << text;
  EXPECT_EQ(text.find("addresses"), std::string::npos);
}

TEST(Wish, RoutesOfTheConfigurationWin) {
  const IpamResult ipam{.addresses = {{"10.9.0.5/24", ""}}, .routes = {{{"::/0", ""}}}, .dns = {}};
  const auto done =
      wish(R"(,"routes":[{"dst":"10.0.0.0/8","gw":"10.9.0.254"}])", invocation(), &ipam);
  ASSERT_TRUE(done);
  EXPECT_NE(format_attach(*done).find(R"("routes":[{"to":"10.0.0.0/8","via":"10.9.0.254"}])"),
            std::string::npos);
  EXPECT_NE(body(R"(,"routes":[])").find(R"("routes":[])"), std::string::npos) << "none at all";
  EXPECT_EQ(refusal(R"(,"routes":[{"dst":"::/0","table":7}])").code, Code::unsupported_field);
}

TEST(Wish, AKeyThatNobodyKnowsIsNamed) {
  const Failure failure = refusal(R"(,"subnets":"10.9.0.0/24")");
  EXPECT_EQ(failure.code, Code::unsupported_field);
  EXPECT_NE(failure.message.find("subnets"), std::string::npos) << failure.message;
  EXPECT_NE(failure.message.find("10.9.0.0/24"), std::string::npos) << failure.message;
  EXPECT_EQ(refusal(R"(,"ipam":{"subnet":"10.9.0.0/24"})").code, Code::unsupported_field);
  EXPECT_EQ(refusal(R"(,"ipv6":{"pool":"fd00::/64"})").code, Code::unsupported_field);
}

TEST(Wish, WhatRuntimesAddIsNoMistake) {
  EXPECT_EQ(body(R"(,"capabilities":{"portMappings":true},"disableCheck":true,"prevResult":null,
                    "cni.dev/valid-attachments":[],"example.com":1,"ipMasq":true,"isGateway":true,
                    "hairpinMode":true,"cniVersions":["1.0.0"],"bogus":null)"),
            body(""));
}

TEST(Wish, AnIpamAnswerNeedsAddresses) {
  EXPECT_FALSE(parse_ipam_result(R"({"ips":[]})"));
  EXPECT_FALSE(parse_ipam_result("no"));
  const auto done = parse_ipam_result(
      R"({"cniVersion":"1.0.0","ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}],
          "routes":[{"dst":"0.0.0.0/0"}],"dns":{"nameservers":["10.9.0.1"]}})");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->routes->front().to, "0.0.0.0/0");
  EXPECT_EQ(done->dns, R"({"nameservers":["10.9.0.1"]})");
}

}  // namespace
}  // namespace fairlead::cni
