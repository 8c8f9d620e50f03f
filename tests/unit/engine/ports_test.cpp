// Real sockets, on loopback and on ports the kernel hands out.
#include <algorithm>

#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class PortsTest : public EngineTest {
 protected:
  static PortRequest loopback(std::uint16_t container_port, std::uint16_t first = 0,
                              std::uint16_t last = 0) {
    return {.protocol = Protocol::tcp,
            .container_port = container_port,
            .host_address = addr("127.0.0.1"),
            .host_port_first = first,
            .host_port_last = last};
  }

  std::uint16_t publish_one() {
    return engine::publish(engine, kNetwork, kEndpoint, {loopback(80)}).value()[0].host_port;
  }
};

TEST_F(PortsTest, PublishedPortIsHeldStoredAndInTheDatapath) {
  with_endpoint();

  const auto published = engine::publish(engine, kNetwork, kEndpoint, {loopback(80)});

  ASSERT_TRUE(published) << published.error().message();
  ASSERT_EQ(published->size(), 1U);
  const PortBinding& port = published->front();
  EXPECT_EQ(port.container_address, addr("192.0.2.2"));
  EXPECT_TRUE(host_ports.holds(Protocol::tcp, addr("127.0.0.1"), port.host_port));
  EXPECT_EQ(stored().endpoints[0].ports, *published);
  EXPECT_EQ(datapath.ports.at(kEndpoint), *published);
  engine::HostPorts somebody_else;
  const auto taken =
      somebody_else.hold(Protocol::tcp, {addr("127.0.0.1")}, port.host_port, port.host_port);
  ASSERT_FALSE(taken) << "another process can have it";
  EXPECT_EQ(taken.error().code(), Errc::conflict);
}

TEST_F(PortsTest, TakenPortIsRefusedByNameAndNothingChanges) {
  with_endpoint();
  const std::uint16_t port = publish_one();
  ASSERT_TRUE(engine::create_endpoint(engine, endpoint_request(kOther, "192.0.2.3/24")));

  const auto second =
      engine::publish(engine, kNetwork, kOther, {loopback(81), loopback(80, port, port)});

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  EXPECT_NE(second.error().message().find("127.0.0.1:" + std::to_string(port) + "/tcp"),
            std::string::npos);
  EXPECT_FALSE(datapath.ports.contains(kOther));
  EXPECT_TRUE(engine.state.endpoints.at(kOther).ports.empty());
}

TEST_F(PortsTest, RangeTakesTheFirstFreeOne) {
  with_endpoint();
  const std::uint16_t port = publish_one();

  const auto got = engine::publish(
      engine, kNetwork, kEndpoint,
      {loopback(80, port, port), loopback(90, port, static_cast<std::uint16_t>(port + 20))});

  ASSERT_TRUE(got) << got.error().message();
  EXPECT_GT(got->at(1).host_port, port);
}

TEST_F(PortsTest, PublishingAgainKeepsWhatStaysAndReleasesTheRest) {
  with_endpoint();
  const auto before = engine::publish(engine, kNetwork, kEndpoint, {loopback(80), loopback(81)});
  ASSERT_TRUE(before);

  const auto after = engine::publish(engine, kNetwork, kEndpoint, {loopback(80)});

  ASSERT_TRUE(after);
  EXPECT_EQ(after->at(0), before->at(0));
  EXPECT_FALSE(host_ports.holds(Protocol::tcp, addr("127.0.0.1"), before->at(1).host_port));
}

TEST_F(PortsTest, WithoutAnAddressBothFamiliesGetTheSameNumber) {
  with_endpoint();
  PortRequest want = loopback(80);
  want.host_address.reset();

  const auto got = engine::publish(engine, kNetwork, kEndpoint, {want});

  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->size(), 2U);
  EXPECT_EQ(got->at(0).host_address, Address::any(Family::v4));
  EXPECT_EQ(got->at(1).host_address, Address::any(Family::v6));
  EXPECT_EQ(got->at(0).host_port, got->at(1).host_port);
  EXPECT_EQ(got->at(1).container_address, addr("192.0.2.2")) << "IPv4-only container";
}

TEST_F(PortsTest, AddressThatIsNotThisHostsIsRefused) {
  with_endpoint();
  PortRequest want = loopback(80);
  want.host_address = addr("192.0.2.200");

  const auto got = engine::publish(engine, kNetwork, kEndpoint, {want});

  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message().find("no device of this host"), std::string::npos);
}

TEST_F(PortsTest, FailureAfterTheSocketReleasesIt) {
  with_endpoint();
  const std::uint16_t port = publish_one();
  ASSERT_TRUE(engine::unpublish(engine, kNetwork, kEndpoint));

  datapath.refuse_next("put_ports");
  EXPECT_FALSE(engine::publish(engine, kNetwork, kEndpoint, {loopback(80, port, port)}));
  EXPECT_FALSE(host_ports.holds(Protocol::tcp, addr("127.0.0.1"), port));
  store.fail_next();
  EXPECT_FALSE(engine::publish(engine, kNetwork, kEndpoint, {loopback(80, port, port)}));
  EXPECT_FALSE(host_ports.holds(Protocol::tcp, addr("127.0.0.1"), port));
  EXPECT_TRUE(datapath.ports[kEndpoint].empty()) << "put back as it was";
}

TEST_F(PortsTest, RemovingTheEndpointFreesItsPorts) {
  with_endpoint();
  const std::uint16_t port = publish_one();

  ASSERT_TRUE(engine::remove_endpoint(engine, kNetwork, kEndpoint));

  EXPECT_FALSE(host_ports.holds(Protocol::tcp, addr("127.0.0.1"), port));
  EXPECT_FALSE(datapath.ports.contains(kEndpoint));
}

}  // namespace
}  // namespace fairlead::test
