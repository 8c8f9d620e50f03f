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

  // The first of `count` ports in a row that nobody has now.
  static std::uint16_t free_range(std::uint16_t count) {
    for (std::uint16_t first = 21000; first < 30000;
         first = static_cast<std::uint16_t>(first + count)) {
      engine::HostPorts probe;
      bool free = true;
      for (std::uint16_t n = 0; free && n < count; ++n) {
        const auto port = static_cast<std::uint16_t>(first + n);
        free = probe
                   .hold(Protocol::tcp, {Address::any(Family::v4), Address::any(Family::v6)}, port,
                         port)
                   .has_value();
      }
      if (free) return first;
    }
    ADD_FAILURE() << "no free ports";
    return 0;
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
  const auto before = engine::publish(engine, kNetwork, kEndpoint, {loopback(80), loopback(90)});
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

TEST_F(PortsTest, ConsecutivePortsAreOneRangeAFamily) {
  with_endpoint();
  const std::uint16_t first = free_range(50);
  std::vector<PortRequest> wanted;
  for (std::uint16_t n = 0; n < 50; ++n) {
    const auto port = static_cast<std::uint16_t>(first + n);
    PortRequest want = loopback(static_cast<std::uint16_t>(8000 + n), port, port);
    want.host_address.reset();
    wanted.push_back(want);
  }

  const auto got = engine::publish(engine, kNetwork, kEndpoint, wanted);

  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->size(), 2U);
  for (const PortBinding& range : *got) {
    EXPECT_EQ(range.host_port, first);
    EXPECT_EQ(range.container_port, 8000);
    EXPECT_EQ(range.count, 50);
  }
  EXPECT_EQ(got->at(0).host_address, Address::any(Family::v4));
  EXPECT_TRUE(host_ports.holds(Protocol::tcp, Address::any(Family::v6),
                               static_cast<std::uint16_t>(first + 49)));
  EXPECT_EQ(stored().endpoints[0].ports, *got);
}

TEST_F(PortsTest, PartOfARangeStaysHeldWhenTheRestIsWithdrawn) {
  with_endpoint();
  const std::uint16_t first = free_range(10);
  const auto requests = [&](std::uint16_t from, std::uint16_t count) {
    std::vector<PortRequest> wanted;
    for (std::uint16_t n = from; n < from + count; ++n)
      wanted.push_back(loopback(static_cast<std::uint16_t>(8000 + n),
                                static_cast<std::uint16_t>(first + n),
                                static_cast<std::uint16_t>(first + n)));
    return wanted;
  };
  ASSERT_TRUE(engine::publish(engine, kNetwork, kEndpoint, requests(0, 10)));

  const auto after = engine::publish(engine, kNetwork, kEndpoint, requests(3, 4));

  ASSERT_TRUE(after) << after.error().message();
  ASSERT_EQ(after->size(), 1U);
  EXPECT_EQ(after->at(0).count, 4);
  for (std::uint16_t n = 0; n < 10; ++n)
    EXPECT_EQ(
        host_ports.holds(Protocol::tcp, addr("127.0.0.1"), static_cast<std::uint16_t>(first + n)),
        n >= 3 && n < 7)
        << n;
  ASSERT_TRUE(engine::unpublish(engine, kNetwork, kEndpoint));
  EXPECT_FALSE(
      host_ports.holds(Protocol::tcp, addr("127.0.0.1"), static_cast<std::uint16_t>(first + 3)));
}

TEST_F(PortsTest, PortsThatDoNotGoUpTogetherAreNoRange) {
  with_endpoint();
  const std::uint16_t first = free_range(2);

  const auto got = engine::publish(
      engine, kNetwork, kEndpoint,
      {loopback(81, first, first),
       loopback(80, static_cast<std::uint16_t>(first + 1), static_cast<std::uint16_t>(first + 1))});

  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->size(), 2U);
}

TEST_F(PortsTest, SctpKeepsTheNumber) {
  with_endpoint();
  PortRequest want = loopback(3868, 4000, 4010);
  want.protocol = Protocol::sctp;

  const auto refused = engine::publish(engine, kNetwork, kEndpoint, {want});
  want.host_port_first = want.host_port_last = 0;
  const auto same = engine::publish(engine, kNetwork, kEndpoint, {want});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
  EXPECT_NE(refused.error().message().find("-p 3868:3868/sctp"), std::string::npos)
      << refused.error().message();
  ASSERT_TRUE(same) << same.error().message();
  EXPECT_EQ(same->at(0).host_port, 3868);
}

TEST_F(PortsTest, TwoContainersPublishOverlappingRangesOnTwoAddresses) {
  with_endpoint();
  ASSERT_TRUE(engine::create_endpoint(engine, endpoint_request(kOther, "192.0.2.3/24")));
  const std::uint16_t first = free_range(3);
  const auto on = [&](const char* address, std::uint16_t from) {
    std::vector<PortRequest> wanted;
    for (std::uint16_t n = from; n < from + 2; ++n) {
      const auto port = static_cast<std::uint16_t>(first + n);
      wanted.push_back(loopback(port, port, port));
      wanted.back().host_address = addr(address);
    }
    return wanted;
  };

  const auto one = engine::publish(engine, kNetwork, kEndpoint, on("127.0.0.1", 0));
  const auto other = engine::publish(engine, kNetwork, kOther, on("127.0.0.2", 1));

  ASSERT_TRUE(one) << one.error().message();
  ASSERT_TRUE(other) << other.error().message();
  EXPECT_EQ(one->size(), 1U);
  EXPECT_EQ(other->size(), 1U);
}

}  // namespace
}  // namespace fairlead::test
