#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

using ::testing::Test;

class NetworksTest : public EngineTest {};

bool says(const Status& status, const std::string& text) {
  return !status && status.error().message().find(text) != std::string::npos;
}

TEST_F(NetworksTest, CreatedNetworkIsStoredAndItsGatewayIsOnTheHostDevice) {
  ASSERT_TRUE(engine::create_network(engine, network_request()));

  ASSERT_EQ(stored().networks.size(), 1U);
  EXPECT_EQ(stored().networks[0].key, kNetwork);
  EXPECT_EQ(datapath.networks.size(), 1U);
  ASSERT_EQ(links.assigned.size(), 1U);
  EXPECT_EQ(links.assigned[0], std::pair(links.host.index, prefix("192.0.2.1/24")));
}

TEST_F(NetworksTest, CreatingTheSameNetworkAgainSucceedsAndChangesNothing) {
  with_network();

  ASSERT_TRUE(engine::create_network(engine, network_request()));

  EXPECT_EQ(stored().networks.size(), 1U);
  EXPECT_EQ(datapath.networks.size(), 1U);
}

TEST_F(NetworksTest, OverlapIsRefusedByNamingTheOtherNetwork) {
  with_network();
  engine.state.network_names[kNetwork] = "web";
  engine::NetworkRequest other = network_request();
  other.key = "bbbb";
  other.v4->pool = prefix("192.0.2.128/25");
  other.v4->gateway = addr("192.0.2.129");

  const Status done = engine::create_network(engine, other);

  EXPECT_TRUE(says(done, "192.0.2.0/24 of network web")) << done.error().message();
  EXPECT_EQ(done.error().code(), Errc::conflict);
  EXPECT_EQ(stored().networks.size(), 1U);
}

TEST_F(NetworksTest, SubnetThatWouldHideARouteOfTheHostIsRefused) {
  links.all_routes = {{.destination = prefix("192.0.2.64/26"), .link = 3}};

  const Status done = engine::create_network(engine, network_request());

  EXPECT_TRUE(says(done, "192.0.2.64/26"));
  EXPECT_TRUE(datapath.networks.empty());
}

TEST_F(NetworksTest, SubnetInsideAWiderRouteIsAllowed) {
  links.all_routes = {{.destination = prefix("192.0.0.0/16"), .link = 3},
                      {.destination = prefix("0.0.0.0/0"), .link = 3}};

  EXPECT_TRUE(engine::create_network(engine, network_request()));
}

TEST_F(NetworksTest, BadSubnetsAreRefusedAndLeaveNothing) {
  const struct {
    const char* pool;
    const char* gateway;
    const char* text;
  } kCases[] = {
      {"192.0.2.7/24", "192.0.2.1", "did you mean 192.0.2.0/24"},
      {"0.0.0.0/0", "192.0.2.1", "--ipam-driver null"},
      {"224.0.0.0/24", "224.0.0.1", "cannot be used"},
      {"127.0.0.0/24", "127.0.0.1", "cannot be used"},
      {"192.0.2.0/24", "198.51.100.1", "outside the subnet"},
  };
  for (const auto& bad : kCases) {
    engine::NetworkRequest want = network_request();
    want.v4 = Subnet{.pool = prefix(bad.pool), .gateway = addr(bad.gateway)};

    const Status done = engine::create_network(engine, want);

    ASSERT_FALSE(done) << bad.pool;
    EXPECT_EQ(done.error().code(), Errc::invalid_argument);
    EXPECT_TRUE(says(done, bad.text)) << done.error().message();
  }
  EXPECT_TRUE(stored().networks.empty());
  EXPECT_TRUE(links.assigned.empty());
}

TEST_F(NetworksTest, MtuComesFromTheRequestElseFromTheSmallestUplink) {
  links.all_links = {{.index = 2, .name = "eth0", .mtu = 1400, .up = true, .ethernet = true}};
  links.all_addresses = {{.link = 2, .address = prefix("198.18.0.1/24"), .global = true}};
  ASSERT_TRUE(engine::sync_host(engine));
  ASSERT_TRUE(engine::create_network(engine, network_request()));
  EXPECT_EQ(stored().networks[0].mtu, 1400U);

  ASSERT_TRUE(engine::remove_network(engine, kNetwork));
  engine::NetworkRequest want = network_request();
  want.mtu = 9000;
  ASSERT_TRUE(engine::create_network(engine, want));
  EXPECT_EQ(stored().networks[0].mtu, 9000U);
}

TEST_F(NetworksTest, MtuBelowWhatIpv6NeedsIsRefused) {
  engine::NetworkRequest want = network_request();
  want.v6 = Subnet{.pool = prefix("2001:db8:1::/64"), .gateway = addr("2001:db8:1::1")};
  want.mtu = 1279;

  EXPECT_TRUE(says(engine::create_network(engine, want), "1280"));
}

TEST_F(NetworksTest, RoutedNetworkIsNotMasqueraded) {
  auto want = network_request();
  want.routed = true;

  ASSERT_TRUE(engine::create_network(engine, want));

  EXPECT_TRUE(stored().networks[0].routed);
  EXPECT_FALSE(stored().networks[0].masquerade);
}

TEST_F(NetworksTest, InternalNetworkCannotBeRouted) {
  auto want = network_request();
  want.routed = want.internal = true;

  EXPECT_TRUE(says(engine::create_network(engine, want), "routed"));
  EXPECT_TRUE(stored().networks.empty());
}

TEST_F(NetworksTest, FailureAtAnyStepLeavesNothing) {
  datapath.refuse_next("put_network");
  EXPECT_FALSE(engine::create_network(engine, network_request()));
  links.fail_next_address = true;
  EXPECT_FALSE(engine::create_network(engine, network_request()));
  store.fail_next();
  EXPECT_FALSE(engine::create_network(engine, network_request()));

  EXPECT_TRUE(datapath.networks.empty());
  EXPECT_TRUE(links.assigned.empty());
  EXPECT_TRUE(stored().networks.empty());
  EXPECT_TRUE(engine.state.networks.empty());
}

TEST_F(NetworksTest, RemovedNetworkTakesGatewayEndpointsAndRecordWithIt) {
  with_endpoint();

  ASSERT_TRUE(engine::remove_network(engine, kNetwork));

  EXPECT_TRUE(datapath.networks.empty());
  EXPECT_TRUE(datapath.endpoints.empty());
  EXPECT_TRUE(links.assigned.empty());
  EXPECT_TRUE(links.veths.empty());
  EXPECT_TRUE(stored().networks.empty());
  EXPECT_TRUE(stored().endpoints.empty());
  EXPECT_TRUE(engine::remove_network(engine, kNetwork)) << "again is success";
}

TEST_F(NetworksTest, NumberOfARemovedNetworkIsNotGivenToTheNextOne) {
  with_network();
  const NetworkId first = engine.state.networks.at(kNetwork).id;
  ASSERT_TRUE(engine::remove_network(engine, kNetwork));

  with_network();

  EXPECT_GT(engine.state.networks.at(kNetwork).id, first);
}

}  // namespace
}  // namespace fairlead::test
