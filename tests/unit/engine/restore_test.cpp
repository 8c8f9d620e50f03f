// A daemon that comes back, and what it finds.
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class RestoreTest : public EngineTest {
 protected:
  // The next daemon: same store and kernel, nothing in memory.
  struct Next {
    explicit Next(RestoreTest& test)
        : engine{.settings = {},
                 .ipam = ipam,
                 .links = test.links,
                 .datapath = datapath,
                 .store = test.store,
                 .host_ports = host_ports,
                 .clock = test.clock,
                 .state = {}} {
      engine.state.host_device = test.links.host;
    }
    FakeDatapath datapath;
    ipam::Ipam ipam{pools()};
    engine::HostPorts host_ports;
    engine::Engine engine;
  };
};

TEST_F(RestoreTest, NetworksEndpointsAndPortsAreThereAgain) {
  with_endpoint();
  ASSERT_TRUE(engine::publish(
      engine, kNetwork, kEndpoint,
      {{.protocol = Protocol::tcp, .container_port = 80, .host_address = addr("127.0.0.1")}}));
  const PortBinding port = engine.state.endpoints.at(kEndpoint).ports.at(0);
  host_ports.release(port.protocol, port.host_address, port.host_port);  // the old process died

  Next next(*this);
  ASSERT_TRUE(engine::restore(next.engine));

  EXPECT_EQ(next.engine.state.networks, engine.state.networks);
  EXPECT_EQ(next.engine.state.endpoints, engine.state.endpoints);
  EXPECT_EQ(next.engine.state.devices, engine.state.devices);
  EXPECT_EQ(next.datapath.networks.size(), 1U);
  EXPECT_EQ(next.datapath.endpoints, datapath.endpoints);
  EXPECT_EQ(next.datapath.ports, datapath.ports);
  EXPECT_EQ(next.datapath.retained_endpoints, 1U);
  EXPECT_TRUE(next.host_ports.holds(port.protocol, port.host_address, port.host_port));
  EXPECT_TRUE(next.engine.state.warnings.empty());
}

TEST_F(RestoreTest, PortThatSomebodyTookMeanwhileIsAWarningAndStaysPublished) {
  with_endpoint();
  ASSERT_TRUE(engine::publish(
      engine, kNetwork, kEndpoint,
      {{.protocol = Protocol::tcp, .container_port = 80, .host_address = addr("127.0.0.1")}}));

  Next next(*this);  // the first engine still holds the port
  ASSERT_TRUE(engine::restore(next.engine));

  ASSERT_EQ(next.engine.state.warnings.size(), 1U);
  EXPECT_NE(next.engine.state.warnings[0].find("already in use"), std::string::npos);
  EXPECT_EQ(next.datapath.ports, datapath.ports);
}

TEST_F(RestoreTest, EndpointThatCannotBeRestoredIsAWarningAndTheOthersAreServed) {
  with_endpoint();
  ASSERT_TRUE(engine::create_endpoint(engine, endpoint_request(kOther, "192.0.2.3/24")));

  Next next(*this);
  next.datapath.refuse_next("put_endpoint");
  ASSERT_TRUE(engine::restore(next.engine));

  EXPECT_EQ(next.datapath.endpoints.size(), 1U);
  ASSERT_EQ(next.engine.state.warnings.size(), 1U);
  EXPECT_NE(next.engine.state.warnings[0].find("put_endpoint: no"), std::string::npos);
}

TEST_F(RestoreTest, EndpointWhoseDeviceIsGoneIsForgottenAndItsAddressCools) {
  with_endpoint();
  ASSERT_TRUE(
      engine::request_pool(engine, {.pool = {.space = "local", .prefix = prefix("192.0.2.0/24")}}));
  const std::string pool = ipam.pools()[0].id;
  ASSERT_TRUE(engine::request_address(engine, pool, addr("192.0.2.2"), ipam::Use::endpoint));
  links.vanish("flh0123456789ab");

  Next next(*this);
  ASSERT_TRUE(engine::restore(next.engine));

  EXPECT_TRUE(next.engine.state.endpoints.empty());
  EXPECT_TRUE(stored().endpoints.empty());
  EXPECT_EQ(next.engine.state.networks.size(), 1U) << "the network stays";
  ASSERT_EQ(stored().leases.size(), 1U);
  EXPECT_EQ(stored().leases[0].use, ipam::Use::cooling);
}

TEST_F(RestoreTest, EndpointThatWasBeingRemovedWhenTheDaemonDiedIsForgotten) {
  with_endpoint();
  ASSERT_TRUE(links.retire_link(engine.state.devices.at(kEndpoint)));

  Next next(*this);
  ASSERT_TRUE(engine::restore(next.engine));

  EXPECT_TRUE(links.retired.empty());
  EXPECT_TRUE(next.engine.state.endpoints.empty());
  EXPECT_TRUE(stored().endpoints.empty());
  EXPECT_TRUE(next.engine.state.warnings.empty());
}

TEST_F(RestoreTest, DeviceThatVanishesWhileRunningTakesTheEndpointWithIt) {
  with_endpoint();
  links.vanish("flh0123456789ab");

  ASSERT_TRUE(engine::sync_host(engine));

  EXPECT_TRUE(engine.state.endpoints.empty());
  EXPECT_TRUE(datapath.endpoints.empty());
  EXPECT_TRUE(stored().endpoints.empty());
}

}  // namespace
}  // namespace fairlead::test
