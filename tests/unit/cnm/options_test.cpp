#include "cnm/options.h"

#include <gtest/gtest.h>

#include "cnm/option_names.h"

namespace fairlead::cnm {
namespace {

CreateNetwork with(const std::string& name, const std::string& value) {
  CreateNetwork want;
  want.id = "n";
  want.v4 = {{.pool = "10.1.0.0/24", .gateway = "10.1.0.1/24"}};
  want.generic[name] = value;
  return want;
}

TEST(Options, SubnetGatewayAndFlagsArriveAtTheEngine) {
  CreateNetwork want = with("some.other.driver", "x");
  want.internal = true;
  want.v6 = {{.pool = "fd00::/64", .gateway = ""}};

  const auto request = network_request(want);

  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->v4->pool.to_string(), "10.1.0.0/24");
  EXPECT_EQ(request->v4->gateway->to_string(), "10.1.0.1");
  EXPECT_EQ(request->v6->gateway, std::nullopt);
  EXPECT_TRUE(request->internal);
  EXPECT_TRUE(request->icc);
  EXPECT_TRUE(request->masquerade);
  EXPECT_EQ(request->mtu, std::nullopt);
}

TEST(Options, BooleansAreReadAsGoReadsThem) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"})
    EXPECT_TRUE(network_request(with(option::kIcc, yes)).value().icc) << yes;
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"})
    EXPECT_FALSE(network_request(with(option::kIcc, no)).value().icc) << no;
  for (const char* neither : {"", "yes", "no", "tRUE", "2", " true"})
    EXPECT_FALSE(network_request(with(option::kMasquerade, neither))) << neither;
}

TEST(Options, ValidValuesAreTaken) {
  EXPECT_EQ(network_request(with(option::kMtu, "1400")).value().mtu, 1400U);
  EXPECT_TRUE(network_request(with(option::kShortcut, "true")).value().shortcut);
  EXPECT_FALSE(network_request(with(option::kMtu, "1400")).value().shortcut);
  EXPECT_EQ(network_request(with(option::kMtu, "0")).value().mtu, std::nullopt);
  EXPECT_EQ(network_request(with(option::kInterfacePrefix, "net")).value().interface_prefix, "net");
  EXPECT_EQ(network_request(with(option::kHostBinding, "127.0.0.1")).value().host_binding_v4,
            Address::parse("127.0.0.1").value());
  EXPECT_FALSE(network_request(with(option::kMasquerade, "false")).value().masquerade);
}

struct Bad {
  const char* name;
  const char* value;
};

class BadOption : public testing::TestWithParam<Bad> {};

TEST_P(BadOption, IsRefusedByItsName) {
  const auto request = network_request(with(GetParam().name, GetParam().value));

  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code(), Errc::invalid_argument);
  EXPECT_NE(request.error().message().find(GetParam().name), std::string::npos)
      << request.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOption,
    testing::Values(Bad{option::kMtu, "big"}, Bad{option::kMtu, "-1"}, Bad{option::kMtu, "67"},
                    Bad{option::kMtu, "65536"}, Bad{option::kMtu, "1400x"}, Bad{option::kMtu, ""},
                    Bad{option::kMtu, "99999999999999999999"}, Bad{option::kInterfacePrefix, ""},
                    Bad{option::kInterfacePrefix, "a/b"}, Bad{option::kInterfacePrefix, ".."},
                    Bad{option::kInterfacePrefix, "a b"},
                    Bad{option::kInterfacePrefix, "thirteenchars"},
                    Bad{option::kHostBinding, "localhost"}, Bad{option::kHostBinding, "::1"},
                    Bad{option::kIcc, "maybe"}, Bad{option::kShortcut, "perhaps"},
                    Bad{"fairlead.unheard_of", "1"}, Bad{option::kScope, "swarm"},
                    Bad{option::kScope, ""}, Bad{option::kScope, "Host"}, Bad{option::kNetwork, ""},
                    Bad{option::kVni, "0"}, Bad{option::kVni, "16777216"}, Bad{option::kVni, "7x"},
                    Bad{"fairlead.publish.allow", "friends"},
                    Bad{"fairlead.publish.allow.http", "10.0.0.0/8"},
                    Bad{"fairlead.publish.deny", "10.0.0.0/8"}));

TEST(Options, AnUnknownOwnOptionIsAnsweredWithTheKnownOnes) {
  const auto request = network_request(with("fairlead.speed", "fast"));

  ASSERT_FALSE(request);
  for (const char* known :
       {option::kMtu, option::kIcc, option::kHostBinding, option::kScope, option::kNetwork})
    EXPECT_NE(request.error().message().find(known), std::string::npos);
}

TEST(Options, WhoMayReachPublishedPortsIsReadAndToldToTheOtherHosts) {
  CreateNetwork want = with("fairlead.publish.allow", "10.0.0.0/8");
  want.generic["fairlead.publish.allow.443"] = "";

  const auto request = network_request(want);

  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->publish.allow, std::vector{Prefix::parse("10.0.0.0/8").value()});
  EXPECT_TRUE(request->publish.allow_port.at({Protocol::tcp, 443}).empty());
  EXPECT_EQ(request->options, want.generic);
}

TEST(Options, EndpointsTakeThoseOfPublishedPortsAndNoOther) {
  engine::EndpointRequest request;

  ASSERT_TRUE(apply_endpoint_options(request, {{"fairlead.publish.allow.53/udp", "::/0"}}));
  EXPECT_EQ(request.publish.allow, std::nullopt);
  EXPECT_EQ(request.publish.allow_port.at({Protocol::udp, 53}),
            std::vector{Prefix::parse("::/0").value()});

  for (const char* name : {"fairlead.vni", "fairlead.publish", "fairlead.publish.allow.x"}) {
    const auto done = apply_endpoint_options(request, {{name, "1"}});
    ASSERT_FALSE(done) << name;
    EXPECT_NE(done.error().message().find(name), std::string::npos) << done.error().message();
  }
  const auto unknown = apply_endpoint_options(request, {{"fairlead.vni", "1"}});
  EXPECT_NE(unknown.error().message().find("fairlead.publish.allow"), std::string::npos);
}

TEST(Options, RatesAreOfNetworksAndOfEndpoints) {
  EXPECT_EQ(network_request(with("fairlead.rate.egress", "10mbit")).value().rate,
            (Rate{.egress = 10'000'000}));
  EXPECT_FALSE(network_request(with("fairlead.rate.both", "10mbit")));
  EXPECT_FALSE(network_request(with("fairlead.rate.egress", "10")));

  engine::EndpointRequest request;
  ASSERT_TRUE(apply_endpoint_options(
      request, {{"fairlead.rate.ingress", "500k"}, {"fairlead.publish.allow", "::/0"}}));
  EXPECT_EQ(request.rate, (Rate{.ingress = 500'000}));
  EXPECT_FALSE(apply_endpoint_options(request, {{"fairlead.rate.ingress", "fast"}}));
}

TEST(Options, NetworksAreTheClustersUnlessTheyAreToStayOnTheHost) {
  EXPECT_EQ(network_request(with(option::kIcc, "1")).value().scope, engine::Scope::cluster);
  EXPECT_EQ(network_request(with(option::kScope, "cluster")).value().scope, engine::Scope::cluster);
  EXPECT_EQ(network_request(with(option::kScope, "host")).value().scope, engine::Scope::host);
  EXPECT_EQ(network_request(with(option::kNetwork, "web")).value().shared_name, "web");
  EXPECT_EQ(network_request(with(option::kVni, "16777215")).value().vni, 16777215U);
}

TEST(Options, HostScopeAndANetworkOfTheClusterExcludeEachOther) {
  CreateNetwork want = with(option::kScope, "host");
  want.generic[option::kNetwork] = "web";

  const auto request = network_request(want);

  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code(), Errc::invalid_argument);
  EXPECT_NE(request.error().message().find(option::kNetwork), std::string::npos);
}

TEST(Options, OtherHostsGetWhatTheUserGaveButHowThisOneJoined) {
  CreateNetwork want = with(option::kMtu, "1400");
  want.generic[option::kNetwork] = "web";
  want.generic[option::kScope] = "cluster";
  want.generic["some.other.driver"] = "x";

  const auto request = network_request(want);

  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->options, (std::map<std::string, std::string>{{option::kMtu, "1400"},
                                                                  {"some.other.driver", "x"}}));
}

TEST(Options, SeveralSubnetsOfAFamilyAreRefusedAndNamed) {
  CreateNetwork want = with(option::kIcc, "true");
  want.v4.push_back({.pool = "10.2.0.0/24", .gateway = ""});

  const auto request = network_request(want);

  ASSERT_FALSE(request);
  EXPECT_NE(request.error().message().find("10.1.0.0/24, 10.2.0.0/24"), std::string::npos)
      << request.error().message();
}

TEST(Options, AFamilyThatIsSwitchedOffIsLeftOut) {
  CreateNetwork want = with(option::kIcc, "true");
  want.v6 = {{.pool = "fd00::/64", .gateway = ""}};
  want.enable_v4 = false;

  const auto request = network_request(want);

  ASSERT_TRUE(request);
  EXPECT_EQ(request->v4, std::nullopt);
  EXPECT_NE(request->v6, std::nullopt);
}

TEST(Options, TheNullIpamDriverIsRefusedInWords) {
  CreateNetwork want = with(option::kIcc, "true");
  want.v4 = {{.pool = "0.0.0.0/0", .gateway = ""}};

  const auto request = network_request(want);

  ASSERT_FALSE(request);
  EXPECT_NE(request.error().message().find("--ipam-driver"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::cnm
