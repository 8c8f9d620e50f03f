#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class EndpointsTest : public EngineTest {};

TEST_F(EndpointsTest, CreatedEndpointHasDeviceProgramAndRecord) {
  with_network();

  const auto made = engine::create_endpoint(engine, endpoint_request());

  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->mac.to_string(), "02:42:c0:00:02:02");
  EXPECT_EQ(made->host_device, "flh0123456789ab");
  ASSERT_EQ(links.veths.size(), 1U);
  EXPECT_EQ(links.veths[0].mtu, engine.state.networks.at(kNetwork).mtu);
  EXPECT_EQ(links.veths[0].container_mac, made->mac);
  EXPECT_TRUE(datapath.endpoints.contains(kEndpoint));
  ASSERT_EQ(stored().endpoints.size(), 1U);
  EXPECT_EQ(stored().endpoints[0], *made);
}

TEST_F(EndpointsTest, CreatingAgainAnswersWithWhatIsThere) {
  with_endpoint();

  const auto again = engine::create_endpoint(engine, endpoint_request());

  ASSERT_TRUE(again);
  EXPECT_EQ(links.veths.size(), 1U);
}

TEST_F(EndpointsTest, ALimitIsRememberedAndOneThatCannotBeRefused) {
  with_network();
  engine::EndpointRequest want = endpoint_request();
  want.rate = {.egress = 10'000'000};
  ASSERT_TRUE(engine::create_endpoint(engine, want));
  EXPECT_EQ(stored().endpoints.at(0).rate, want.rate);

  engine::EndpointRequest bad = endpoint_request(kOther, "192.0.2.3/24");
  bad.rate = {.ingress = 999};
  const auto refused = engine::create_endpoint(engine, bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
}

TEST_F(EndpointsTest, GivenMacIsKeptAndMulticastMacRefused) {
  with_network();
  engine::EndpointRequest want = endpoint_request();
  want.mac = Mac::parse("02:00:00:00:00:09").value();
  EXPECT_EQ(engine::create_endpoint(engine, want).value().mac, *want.mac);

  engine::EndpointRequest bad = endpoint_request(kOther, "192.0.2.3/24");
  bad.mac = Mac::parse("01:00:00:00:00:09").value();
  EXPECT_FALSE(engine::create_endpoint(engine, bad));
}

TEST_F(EndpointsTest, AddressOrMacInUseOutsideOrTheGatewaysIsRefusedByName) {
  with_endpoint();
  engine.state.endpoint_names[kEndpoint] = "db";
  engine.state.network_names[kNetwork] = "web";

  const auto same = engine::create_endpoint(engine, endpoint_request(kOther, "192.0.2.2/24"));
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().message(), "address 192.0.2.2 is in use by endpoint db of network web");

  const auto gateway = engine::create_endpoint(engine, endpoint_request(kOther, "192.0.2.1/24"));
  EXPECT_EQ(gateway.error().code(), Errc::conflict);
  const auto outside = engine::create_endpoint(engine, endpoint_request(kOther, "198.51.100.2/24"));
  EXPECT_EQ(outside.error().code(), Errc::invalid_argument);

  engine::EndpointRequest mac = endpoint_request(kOther, "192.0.2.3/24");
  mac.mac = Mac::from_ipv4(addr("192.0.2.2"));
  EXPECT_EQ(engine::create_endpoint(engine, mac).error().code(), Errc::conflict);
  EXPECT_EQ(links.veths.size(), 1U);
}

TEST_F(EndpointsTest, UnknownNetworkSaysWhatToDo) {
  const auto made = engine::create_endpoint(engine, endpoint_request());

  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("docker network create"), std::string::npos);
}

TEST_F(EndpointsTest, FailureAtAnyStepLeavesNothing) {
  with_network();

  links.fail_next_veth = true;
  EXPECT_FALSE(engine::create_endpoint(engine, endpoint_request()));
  datapath.refuse_next("put_endpoint");
  EXPECT_FALSE(engine::create_endpoint(engine, endpoint_request()));
  store.fail_next();
  EXPECT_FALSE(engine::create_endpoint(engine, endpoint_request()));

  EXPECT_TRUE(links.veths.empty());
  EXPECT_TRUE(datapath.endpoints.empty());
  EXPECT_TRUE(stored().endpoints.empty());
  EXPECT_TRUE(engine.state.endpoints.empty());
  EXPECT_TRUE(engine.state.devices.empty());
}

TEST_F(EndpointsTest, RemovalGoesOnPastAFailureAndReportsIt) {
  with_endpoint();
  datapath.refuse_next("erase_endpoint");

  const Status done = engine::remove_endpoint(engine, kNetwork, kEndpoint);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("erase_endpoint: no"), std::string::npos);
  EXPECT_TRUE(links.veths.empty());
  EXPECT_TRUE(stored().endpoints.empty());
  EXPECT_TRUE(engine::remove_endpoint(engine, kNetwork, kEndpoint)) << "again is success";
}

TEST_F(EndpointsTest, RemovalTakesTheDeviceDownAndLeavesItsEndToOthers) {
  with_endpoint();

  ASSERT_TRUE(engine::remove_endpoint(engine, kNetwork, kEndpoint));

  EXPECT_EQ(links.retired, std::set<std::string>{"flh0123456789ab"});
  EXPECT_FALSE(links.all_links.back().up);
  EXPECT_TRUE(datapath.endpoints.empty());
}

TEST_F(EndpointsTest, DeviceOfARemovedEndpointIsGoneWhenItsNetworkIs) {
  with_endpoint();

  ASSERT_TRUE(engine::remove_network(engine, kNetwork));

  EXPECT_TRUE(links.retired.empty());
  EXPECT_TRUE(links.all_links.empty());
}

TEST_F(EndpointsTest, JoinGivesDeviceAndGatewayAndIsRemembered) {
  with_endpoint();

  const auto joined = engine::join(engine, kNetwork, kEndpoint, "/run/netns/x");

  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->device, "flc0123456789ab");
  EXPECT_EQ(joined->interface_prefix, "eth");
  EXPECT_EQ(joined->gateway_v4, addr("192.0.2.1"));
  EXPECT_FALSE(joined->gateway_v6);
  EXPECT_TRUE(stored().endpoints[0].joined);
}

TEST_F(EndpointsTest, InternalNetworkGivesNoGateway) {
  engine::NetworkRequest want = network_request();
  want.internal = true;
  ASSERT_TRUE(engine::create_network(engine, want));
  ASSERT_TRUE(engine::create_endpoint(engine, endpoint_request()));

  EXPECT_FALSE(engine::join(engine, kNetwork, kEndpoint, "x")->gateway_v4);
}

TEST_F(EndpointsTest, LeaveForgetsTheSandboxAndKeepsTheDevice) {
  with_endpoint();
  ASSERT_TRUE(engine::join(engine, kNetwork, kEndpoint, "x"));

  ASSERT_TRUE(engine::leave(engine, kNetwork, kEndpoint));

  EXPECT_FALSE(stored().endpoints[0].joined);
  EXPECT_EQ(links.veths.size(), 1U);
  EXPECT_TRUE(engine::leave(engine, kNetwork, "unknown"));
}

}  // namespace
}  // namespace fairlead::test
