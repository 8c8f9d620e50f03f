#include "bpf/shared/peer.h"
#include "tests/unit/engine/cluster_fixture.h"

namespace fairlead::test {
namespace {

class SharedNetworksTest : public ClusterTest {};

TEST_F(SharedNetworksTest, NetworkHasTheSameSubnetGatewayAndVniOnBothHosts) {
  with_web();

  const Network& one = h1.engine->state.networks.at(kWeb);
  const Network& two = h2.engine->state.networks.at(kMirror);
  EXPECT_EQ(one.v4, two.v4);
  EXPECT_EQ(one.id, two.id);
  EXPECT_LE(one.id, static_cast<NetworkId>(FL_VNI_LAST));
  EXPECT_EQ(one.shared, kWeb);
  EXPECT_EQ(two.shared, kWeb);
  EXPECT_EQ(two.mtu, 1450U);
}

TEST_F(SharedNetworksTest, MirrorPlanIsEmptyOnceTheNetworkIsThere) {
  with_web();

  EXPECT_TRUE(engine::mirror_plan(*h1.engine).create.empty());
  EXPECT_TRUE(engine::mirror_plan(*h2.engine).create.empty());
}

TEST_F(SharedNetworksTest, WhoMayReachPublishedPortsAndHowFastIsSaidForEveryHost) {
  h1.options = {{"fairlead.publish.allow", "10.0.0.0/8"}, {"fairlead.rate.egress", "10mbit"}};
  with_web();

  const PublishPolicy& there = h2.engine->state.networks.at(kMirror).publish;
  EXPECT_EQ(there.allow, std::vector{prefix("10.0.0.0/8")});
  EXPECT_EQ(h2.store.load()->networks.at(0).publish, there) << "over a restart too";
  EXPECT_EQ(h2.engine->state.networks.at(kMirror).rate, (Rate{.egress = 10'000'000}));
}

TEST_F(SharedNetworksTest, EndpointOfOneHostIsFoundOnTheOther) {
  with_web();

  const auto endpoint = h1.make_endpoint(kWeb, "e1");

  ASSERT_TRUE(endpoint) << endpoint.error().message();
  ASSERT_TRUE(eventually([&] { return h2.datapath.remotes.size() == 1; }));
  EXPECT_EQ(h2.engine->state.remotes.begin()->second.v4, endpoint->v4->address());
  EXPECT_EQ(h2.engine->state.remotes.begin()->second.mac, endpoint->mac);
  EXPECT_TRUE(h1.datapath.remotes.empty());

  ASSERT_TRUE(engine::remove_endpoint(*h1.engine, kWeb, "e1"));
  EXPECT_TRUE(eventually([&] { return h2.datapath.remotes.empty(); }));
}

TEST_F(SharedNetworksTest, NetworkOfHostScopeStaysAndHasAnIdThatIsNoVni) {
  auto pool = ClusterHost::v4_pool();
  pool.scope = engine::Scope::host;

  ASSERT_TRUE(h1.make_network(kWeb, pool));
  engine::learn_network_names(*h1.engine, {{kWeb, "web"}});

  EXPECT_GT(h1.engine->state.networks.at(kWeb).id, static_cast<NetworkId>(FL_VNI_LAST));
  EXPECT_TRUE(h1.engine->cluster->view.networks.empty());
}

TEST_F(SharedNetworksTest, AChosenVniIsTakenAndBelongsToOneNetwork) {
  ASSERT_TRUE(h1.make_network(kWeb, ClusterHost::v4_pool(), 4242));
  hear();
  const Status second = h2.make_network(kMirror, ClusterHost::v4_pool(), 4242);

  EXPECT_EQ(h1.engine->state.networks.at(kWeb).id, 4242U);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  EXPECT_NE(second.error().message().find("4242"), std::string::npos) << second.error().message();
}

TEST_F(SharedNetworksTest, VniOfANetworkOfOneHostIsRefused) {
  auto pool = ClusterHost::v4_pool();
  pool.scope = engine::Scope::host;

  const Status done = h1.make_network(kWeb, pool, 4242);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::invalid_argument);
}

// Liveness is the store's to judge, by its own clock.
TEST_F(SharedNetworksTest, HostsWhoseClocksAreDaysApartAndJumpShareAllTheSame) {
  h1.clock.advance(std::chrono::hours(48));
  h2.clock.advance(-std::chrono::hours(48));
  with_web();
  ASSERT_TRUE(h2.make_endpoint(kMirror, "e2"));
  ASSERT_TRUE(eventually([&] { return h1.datapath.remotes.size() == 1; }));

  h1.clock.advance(-std::chrono::hours(96));
  h2.clock.advance(std::chrono::hours(96));
  ASSERT_TRUE(engine::tick(*h1.engine));
  ASSERT_TRUE(engine::tick(*h2.engine));
  ASSERT_TRUE(h1.make_endpoint(kWeb, "e1"));

  EXPECT_TRUE(eventually([&] { return h2.datapath.remotes.size() == 1; }));
  EXPECT_TRUE(h1.engine->state.peers.at("h2").alive);
  EXPECT_TRUE(h2.engine->state.peers.at("h1").alive);
  EXPECT_EQ(h1.datapath.remotes.size(), 1U);
}

TEST_F(SharedNetworksTest, SameSubnetByHandJoinsTheNetwork) {
  ASSERT_TRUE(h1.make_network(kWeb));
  ASSERT_TRUE(eventually([&] { return h2.engine->cluster->view.networks.size() == 1; }));
  auto pool = ClusterHost::v4_pool();
  pool.pool.prefix = h1.engine->state.networks.at(kWeb).v4->pool;

  ASSERT_TRUE(h2.make_network(kMirror, pool));

  EXPECT_EQ(h2.engine->state.networks.at(kMirror).shared, kWeb);
}

TEST_F(SharedNetworksTest, RemovalGoesEverywhereOnceNobodyUsesIt) {
  with_web();
  ASSERT_TRUE(h2.make_endpoint(kMirror, "e2"));

  ASSERT_TRUE(engine::remove_network(*h1.engine, kWeb));
  ASSERT_TRUE(eventually([&] { return h2.engine->cluster->view.networks.at(kWeb).removing; }));
  EXPECT_TRUE(engine::mirror_plan(*h2.engine).remove.empty()) << "a container uses it";
  ASSERT_TRUE(engine::remove_endpoint(*h2.engine, kMirror, "e2"));
  ASSERT_EQ(engine::mirror_plan(*h2.engine).remove.size(), 1U);
  ASSERT_TRUE(engine::remove_network(*h2.engine, kMirror));

  EXPECT_TRUE(eventually([&] { return h1.engine->cluster->view.networks.empty(); }));
  EXPECT_TRUE(h1.engine->cluster->view.members.empty());
}

TEST_F(SharedNetworksTest, NetworkForgottenByDockerAloneStaysWithTheOthers) {
  with_web();

  ASSERT_TRUE(engine::drop_network(*h1.engine, kWeb, /*everywhere=*/false));

  EXPECT_EQ(engine::mirror_plan(*h1.engine).create.size(), 1U) << "it comes back";
}

TEST_F(SharedNetworksTest, RemovalWhileTheStoreIsAwayIsMadeUpFor) {
  with_web();
  h1.way->down(true);

  ASSERT_TRUE(engine::remove_network(*h1.engine, kWeb));
  h1.way->down(false);

  ASSERT_TRUE(eventually([&] {
    EXPECT_TRUE(engine::tidy_cluster(*h1.engine));
    return h2.engine->cluster->view.networks.at(kWeb).removing;
  }));
  EXPECT_TRUE(engine::mirror_plan(*h1.engine).create.empty());
}

TEST_F(SharedNetworksTest, CreationIsRefusedWhileTheStoreIsAwayAndLeavesNothing) {
  h1.way->down(true);

  const Status done = h1.make_network(kWeb);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::unavailable);
  EXPECT_TRUE(h1.ipam->pools().empty());
  EXPECT_TRUE(h1.engine->state.networks.empty());
}

TEST_F(SharedNetworksTest, ANameThatIsTakenIsAProblemThatStatusShows) {
  ASSERT_TRUE(h1.make_network(kWeb));
  ASSERT_TRUE(h2.make_network(kMirror));
  engine::learn_network_names(*h1.engine, {{kWeb, "web"}});
  hear();

  engine::learn_network_names(*h2.engine, {{kMirror, "web"}});

  ASSERT_EQ(h2.engine->state.shared_problems.size(), 1U);
  EXPECT_NE(h2.engine->state.shared_problems.begin()->second.find("web"), std::string::npos);
}

TEST_F(SharedNetworksTest, DaemonStartsWithoutTheStoreAndKnowsTheOthers) {
  with_web();
  ASSERT_TRUE(h2.make_endpoint(kMirror, "e2"));
  ASSERT_TRUE(eventually([&] { return h1.datapath.remotes.size() == 1; }));
  h1.stop();
  h1.datapath.remotes.clear();
  h1.datapath.peers.clear();

  h1.start();

  EXPECT_EQ(h1.datapath.remotes.size(), 1U);
  EXPECT_EQ(h1.datapath.peers.size(), 1U);
  EXPECT_EQ(h1.engine->state.networks.at(kWeb).shared, kWeb);
}

TEST_F(SharedNetworksTest, LeavingNeedsNetworksWithoutContainersOrForce) {
  with_web();
  ASSERT_TRUE(h2.make_endpoint(kMirror, "e2"));

  const Status refused = engine::leave_cluster(*h2.engine, /*force=*/false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("--force"), std::string::npos);
  ASSERT_TRUE(engine::leave_cluster(*h2.engine, /*force=*/true));

  EXPECT_EQ(h2.engine->cluster, nullptr);
  EXPECT_EQ(h2.engine->state.networks.at(kMirror).shared, "");
  ASSERT_TRUE(eventually([&] { return h1.engine->state.peers.empty(); }));
  EXPECT_TRUE(h1.datapath.remotes.empty());
}

TEST_F(SharedNetworksTest, HostThatCannotSayThatItLeavesStaysInTheCluster) {
  h2.way->down(true);

  const Status refused = engine::leave_cluster(*h2.engine, /*force=*/false);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::unavailable);
  EXPECT_NE(refused.error().message().find("--force"), std::string::npos);
  h2.way->down(false);
  ASSERT_TRUE(eventually([&] { return h2.engine->cluster->agent->status().connected; }));
  EXPECT_TRUE(eventually([&] { return h1.engine->state.peers.at("h2").alive; }));
}

TEST_F(SharedNetworksTest, ASecondHostOfTheSameNameIsRefused) {
  ClusterHost impostor("h1", 13, etcd);

  const Status done = engine::join_cluster(*impostor.engine, impostor.settings());

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::conflict);
  EXPECT_NE(done.error().message().find("--node"), std::string::npos);
}

TEST_F(SharedNetworksTest, EmptiedStoreIsFilledAgainFromWhatAHostRemembers) {
  with_web();
  ASSERT_TRUE(h2.make_endpoint(kMirror, "e2"));
  ASSERT_TRUE(eventually([&] { return h1.datapath.remotes.size() == 1; }));

  etcd.wipe(99);
  ASSERT_TRUE(eventually([&] { return !h1.engine->cluster->agent->status().alarm.empty(); }));
  EXPECT_EQ(h1.datapath.remotes.size(), 1U) << "an alarm, not a disaster";
  ASSERT_TRUE(engine::accept_store(*h1.engine));

  ASSERT_TRUE(eventually([&] {
    return h1.engine->cluster->agent->status().connected &&
           h2.engine->cluster->agent->status().connected;
  }));
  EXPECT_TRUE(eventually([&] { return h2.engine->cluster->view.networks.contains(kWeb); }));
  EXPECT_EQ(h1.datapath.remotes.size(), 1U);
}

TEST_F(SharedNetworksTest, ExportedClusterComesBackInAnEmptyStore) {
  with_web();
  ASSERT_TRUE(h2.make_endpoint(kMirror, "e2"));
  ASSERT_TRUE(eventually([&] { return h1.datapath.remotes.size() == 1; }));
  const auto saved = engine::export_cluster(*h1.engine);
  ASSERT_TRUE(saved) << saved.error().message();

  const Status refused = engine::import_cluster(*h1.engine, *saved);
  ASSERT_FALSE(refused) << "the store has this cluster";
  EXPECT_EQ(refused.error().code(), Errc::already_exists);

  etcd.wipe(99);
  ASSERT_TRUE(eventually([&] { return !h1.engine->cluster->agent->status().alarm.empty(); }));
  const Status done = engine::import_cluster(*h1.engine, *saved);
  ASSERT_TRUE(done) << done.error().message();

  EXPECT_TRUE(eventually([&] {
    return h1.engine->cluster->agent->status().connected &&
           h2.engine->cluster->agent->status().connected;
  })) << "their cluster is back: nobody has to accept it";
  EXPECT_TRUE(etcd.get(h1.engine->cluster->view.layout().network(kWeb))->modified != 0);
  EXPECT_EQ(h1.datapath.remotes.size(), 1U);
}

}  // namespace
}  // namespace fairlead::test
