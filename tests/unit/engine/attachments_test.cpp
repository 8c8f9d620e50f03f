#include "engine/attachments.h"

#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

using engine::AttachmentKey;
using engine::AttachRequest;

const AttachmentKey kWeb1{.config = "web", .container = "c1", .interface = "eth0"};

class AttachmentsTest : public EngineTest {
 protected:
  static AttachRequest request(const std::string& container = "c1") {
    AttachRequest want;
    want.network.name = "web";
    want.attachment = {.config = "web", .container = container, .interface = "eth0", .name = "w1"};
    want.sandbox = "/run/netns/x";
    want.sandbox_file = 0;
    return want;
  }

  engine::Attached attach(const AttachRequest& want) {
    auto attached = engine::attach(engine, want);
    EXPECT_TRUE(attached) << attached.error().message();
    return attached.value_or(engine::Attached());
  }

  std::string refusal(const AttachRequest& want) {
    const auto attached = engine::attach(engine, want);
    return attached ? "attached" : attached.error().message();
  }

  // Everything of it, everywhere.
  bool nothing_is_left() {
    const auto left = stored();
    return engine.state.endpoints.empty() && datapath.endpoints.empty() && left.endpoints.empty();
  }
};

TEST_F(AttachmentsTest, NetworkThatIsNotThereIsMadeAndTheContainerSetUpInside) {
  const auto made = attach(request());

  EXPECT_EQ(made.network, "web");
  EXPECT_EQ(engine.state.endpoint_names.at(made.endpoint.key), "w1");
  EXPECT_TRUE(engine.state.networks.at(made.network_key).made_for_attachment);
  ASSERT_TRUE(made.endpoint.v4);
  const auto& inside = links.configured.at("eth0");
  EXPECT_EQ(inside.addresses, (std::vector<Prefix>{*made.endpoint.v4}));
  ASSERT_EQ(inside.routes.size(), 1U);
  EXPECT_EQ(inside.routes[0].to.to_string(), "0.0.0.0/0");
  EXPECT_EQ(inside.routes[0].via, made.gateway_v4);
  EXPECT_EQ(stored().endpoints.at(0), made.endpoint);
}

TEST_F(AttachmentsTest, NetworkThatDockerMadeIsJoinedByItsName) {
  with_network();
  engine.state.network_names[kNetwork] = "web";
  AttachRequest want = request();
  want.addresses = {addr("192.0.2.77")};

  const auto made = attach(want);

  EXPECT_EQ(made.network_key, kNetwork);
  EXPECT_EQ(made.endpoint.v4, prefix("192.0.2.77/24"));
  EXPECT_EQ(engine.state.networks.size(), 1U);
}

// Its free addresses are known to Docker's own IPAM only.
TEST_F(AttachmentsTest, NetworkOfAnotherIpamNeedsAnAddress) {
  with_network();
  engine.state.network_names[kNetwork] = "web";

  EXPECT_NE(refusal(request()).find("--ipam-driver fairlead"), std::string::npos);
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(AttachmentsTest, SubnetThatTheNetworkDoesNotHaveIsRefused) {
  attach(request());
  AttachRequest want = request("c2");
  want.network.v4.subnet = prefix("192.0.2.0/24");

  EXPECT_NE(refusal(want).find("not 192.0.2.0/24"), std::string::npos) << refusal(want);
}

TEST_F(AttachmentsTest, SameContainerAndInterfaceTwiceIsRefusedAnotherInterfaceNot) {
  attach(request());
  EXPECT_NE(refusal(request()).find("attached already"), std::string::npos);

  AttachRequest second = request();
  second.attachment.interface = "net1";
  attach(second);
}

TEST_F(AttachmentsTest, FailureAtEachStepLeavesNothing) {
  const std::vector<std::function<void()>> faults = {
      [this] { links.fail_next_veth = true; },
      [this] { datapath.refuse_next("put_endpoint"); },
      [this] { links.fail_next_configure = true; },
      [this] { datapath.refuse_next("put_ports"); },
  };
  for (std::size_t n = 0; n < faults.size(); ++n) {
    faults[n]();
    AttachRequest want = request();
    want.ports = {{.container_port = 80, .host_address = addr("127.0.0.1"), .host_port_first = 0}};
    EXPECT_NE(refusal(want), "attached") << n;
    EXPECT_TRUE(nothing_is_left()) << n;
    EXPECT_TRUE(engine.state.networks.empty()) << n;
    EXPECT_TRUE(engine.ipam.pools().empty()) << n;
  }
}

TEST_F(AttachmentsTest, AddressesOfAnotherIpamMakeTheNetwork) {
  AttachRequest want = request();
  want.given = {{.address = prefix("10.88.0.5/16"), .gateway = addr("10.88.0.1")}};

  const auto made = attach(want);

  EXPECT_EQ(made.endpoint.v4, prefix("10.88.0.5/16"));
  EXPECT_EQ(engine.state.networks.at(made.network_key).v4->pool, prefix("10.88.0.0/16"));
  EXPECT_EQ(made.gateway_v4, addr("10.88.0.1"));
}

TEST_F(AttachmentsTest, DetachingForgetsTheContainerAndIsIdempotent) {
  const auto made = attach(request());

  ASSERT_TRUE(engine::detach(engine, kWeb1));
  ASSERT_TRUE(engine::detach(engine, kWeb1));

  EXPECT_TRUE(nothing_is_left());
  EXPECT_TRUE(links.retired.contains(made.endpoint.host_device));
}

TEST_F(AttachmentsTest, NetworkGoesSomeTimeAfterItsLastContainer) {
  const auto first = attach(request());
  ASSERT_TRUE(engine::detach(engine, kWeb1));
  ASSERT_TRUE(engine::tidy_attachments(engine));
  EXPECT_EQ(engine.state.networks.size(), 1U);

  attach(request("c2"));
  clock.advance(engine.settings.orphan_grace);
  ASSERT_TRUE(engine::tidy_attachments(engine));
  EXPECT_TRUE(engine.state.networks.contains(first.network_key)) << "it is in use again";

  ASSERT_TRUE(engine::detach(engine, {.config = "web", .container = "c2", .interface = {}}));
  ASSERT_TRUE(engine::tidy_attachments(engine));
  clock.advance(engine.settings.orphan_grace);
  ASSERT_TRUE(engine::tidy_attachments(engine));
  EXPECT_TRUE(engine.state.networks.empty());
  EXPECT_TRUE(engine.ipam.pools().empty());
  EXPECT_TRUE(stored().networks.empty());
}

// The daemon ended between the two.
TEST_F(AttachmentsTest, AddressWithoutAContainerIsFreeAfterAWhile) {
  const auto made = attach(request());
  const auto pool = engine.ipam.pools().at(0).id;
  ASSERT_TRUE(engine::request_address(engine, pool, {}, ipam::Use::endpoint));
  clock.advance(engine.settings.orphan_grace);

  ASSERT_TRUE(engine::tidy_attachments(engine));

  for (const ipam::Lease& lease : engine.ipam.leases(pool))
    EXPECT_TRUE(lease.use != ipam::Use::endpoint || lease.address == made.endpoint.v4->address());
}

TEST_F(AttachmentsTest, DockerForgetsNeitherContainersNorNetworksOfOthers) {
  attach(request());
  for (int n = 0; n < 3; ++n) {
    ASSERT_TRUE(engine::reconcile(engine, {}));
    clock.advance(engine.settings.orphan_grace);
  }
  EXPECT_EQ(engine.state.endpoints.size(), 1U);
}

TEST_F(AttachmentsTest, DockersNetworkStaysWhileAnotherRuntimesContainerIsOnIt) {
  with_network();
  engine.state.network_names[kNetwork] = "web";
  AttachRequest want = request();
  want.addresses = {addr("192.0.2.77")};
  attach(want);

  const auto removed = engine::remove_network(engine, kNetwork);

  ASSERT_FALSE(removed);
  EXPECT_NE(removed.error().message().find("w1"), std::string::npos);
  EXPECT_EQ(engine.state.endpoints.size(), 1U);
}

TEST_F(AttachmentsTest, PortsOfAContainerOnTwoNetworksArePublishedByTheFirstThatItHas) {
  AttachRequest want = request();
  want.ports = {{.container_port = 80, .host_port_first = 18080, .host_port_last = 18080}};
  EXPECT_FALSE(attach(want).endpoint.ports.empty());
  want.network.name = want.attachment.config = "db";
  want.attachment.interface = "eth1";

  const auto second = attach(want);
  EXPECT_TRUE(second.endpoint.ports.empty());

  ASSERT_TRUE(engine::detach(engine, kWeb1));
  EXPECT_EQ(engine.state.endpoints.at(second.endpoint.key).ports.size(), 2U);
  want.attachment.container = "c2";
  EXPECT_NE(refusal(want).find("already published"), std::string::npos);
}

TEST_F(AttachmentsTest, PortsThatTheRuntimeHoldsAreLeftToIt) {
  AttachRequest want = request();
  want.attachment.holds_ports = true;
  want.ports = {{.container_port = 80,
                 .host_address = addr("127.0.0.1"),
                 .host_port_first = 18080,
                 .host_port_last = 18080}};
  attach(want);

  engine::HostPorts of_the_runtime;
  EXPECT_TRUE(of_the_runtime.hold(Protocol::tcp, {addr("127.0.0.1")}, 18080, 18080));
  want.attachment.container = "c2";
  EXPECT_NE(refusal(want).find("already published"), std::string::npos);
}

TEST_F(AttachmentsTest, CollectingDetachesWhatIsNotListed) {
  attach(request("c1"));
  attach(request("c2"));
  AttachRequest elsewhere = request("c3");
  elsewhere.attachment.config = elsewhere.network.name = "db";
  attach(elsewhere);

  const auto collected = engine::collect_attachments(
      engine, "web", {{.config = "web", .container = "c2", .interface = "eth0"}});

  EXPECT_EQ(collected.removed, 1U);
  EXPECT_TRUE(collected.problems.empty());
  EXPECT_EQ(engine.state.endpoints.size(), 2U);
}

class CheckTest : public AttachmentsTest {
 protected:
  void SetUp() override {
    AttachRequest want = request();
    want.ports = {{.container_port = 80, .host_address = addr("127.0.0.1"), .host_port_first = 0}};
    made_ = attach(want);
  }

  std::string finding() {
    const auto found = engine::check_attachment(engine, kWeb1, 0);
    return found ? "" : found.error().message();
  }

  engine::Attached made_;
};

TEST_F(CheckTest, NothingIsFoundWhereNothingIsWrong) { EXPECT_EQ(finding(), ""); }

TEST_F(CheckTest, EachThingThatIsMissingIsNamed) {
  const auto whole = links.inside.at("eth0");
  const auto expect = [&](const std::string& word) {
    EXPECT_NE(finding().find(word), std::string::npos) << word << " in " << finding();
    links.inside["eth0"] = whole;
  };
  links.inside.clear();
  expect("no interface eth0");
  links.inside["eth0"].link->up = false;
  expect("eth0 is down");
  links.inside["eth0"].link->mac = Mac::parse("02:00:00:00:00:99").value();
  expect("02:00:00:00:00:99");
  links.inside["eth0"].addresses.clear();
  expect("no address " + made_.endpoint.v4->to_string());
  links.inside["eth0"].routes.clear();
  expect("route to 0.0.0.0/0");
  datapath.refuse_next("check_endpoint");
  expect("check_endpoint");
  const PortBinding& port = made_.endpoint.ports.at(0);
  host_ports.release(port.protocol, port.host_address, port.host_port);
  expect("host port " + std::to_string(port.host_port));
  links.vanish(made_.endpoint.host_device);
  expect("host device");
}

TEST_F(CheckTest, WhatIsNotAttachedIsNotFound) {
  const auto found = engine::check_attachment(
      engine, {.config = "web", .container = "c9", .interface = "eth0"}, 0);
  EXPECT_EQ(found.error().code(), Errc::not_found);
}

}  // namespace
}  // namespace fairlead::test
