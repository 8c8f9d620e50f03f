#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class ReconcileTest : public EngineTest {
 protected:
  void pass(const engine::Known& known) { ASSERT_TRUE(engine::reconcile(engine, known)); }

  const engine::Known all{.networks = {{kNetwork, "web"}},
                          .containers = {{.endpoint = kEndpoint, .name = "db"}}};
  const engine::Known nothing;
};

TEST_F(ReconcileTest, NamesAreLearnt) {
  with_endpoint();

  pass(all);

  EXPECT_EQ(engine.state.network_names.at(kNetwork), "web");
  EXPECT_EQ(engine.state.endpoint_names.at(kEndpoint), "db");
}

TEST_F(ReconcileTest, WhatNobodyClaimsGoesAfterTheGracePeriodAndNotBefore) {
  with_endpoint();

  pass(nothing);
  clock.advance(engine.settings.orphan_grace - std::chrono::seconds(1));
  pass(nothing);
  EXPECT_EQ(engine.state.endpoints.size(), 1U);
  EXPECT_EQ(engine.state.networks.size(), 1U);

  clock.advance(std::chrono::seconds(2));
  pass(nothing);
  EXPECT_TRUE(engine.state.endpoints.empty());
  EXPECT_TRUE(engine.state.networks.empty());
  EXPECT_TRUE(links.veths.empty());
}

TEST_F(ReconcileTest, BeingClaimedOnceStartsTheGracePeriodAnew) {
  with_endpoint();
  pass(nothing);
  clock.advance(engine.settings.orphan_grace);
  pass(all);
  pass(nothing);
  clock.advance(engine.settings.orphan_grace - std::chrono::seconds(1));

  pass(nothing);

  EXPECT_EQ(engine.state.endpoints.size(), 1U);
}

TEST_F(ReconcileTest, PoolWhoseNetworkNeverCameIsReleased) {
  ASSERT_TRUE(
      engine::request_pool(engine, {.pool = {.space = "local", .prefix = prefix("10.9.0.0/24")}}));

  pass(nothing);
  clock.advance(engine.settings.orphan_grace);
  pass(nothing);

  EXPECT_TRUE(ipam.pools().empty());
  EXPECT_TRUE(stored().pools.empty());
}

TEST_F(ReconcileTest, PoolLentToANetworkOfAnotherDriverStaysWithItsAddresses) {
  ASSERT_TRUE(
      engine::request_pool(engine, {.pool = {.space = "local", .prefix = prefix("10.9.0.0/24")}}));
  const std::string pool = ipam.pools()[0].id;
  ASSERT_TRUE(engine::request_address(engine, pool, std::nullopt, ipam::Use::endpoint));
  const engine::Known lent{.networks = {}, .containers = {}, .pools = {prefix("10.9.0.0/24")}};

  for (int i = 0; i < 3; ++i) {
    pass(lent);
    clock.advance(engine.settings.orphan_grace);
  }

  ASSERT_EQ(ipam.pools().size(), 1U);
  EXPECT_EQ(ipam.leases(pool).at(0).use, ipam::Use::endpoint);
}

TEST_F(ReconcileTest, LeaseWithoutEndpointIsReleasedAndThatOfALivingOneIsNot) {
  with_endpoint();
  ASSERT_TRUE(
      engine::request_pool(engine, {.pool = {.space = "local", .prefix = prefix("192.0.2.0/24")}}));
  const std::string pool = ipam.pools()[0].id;
  for (const char* address : {"192.0.2.2", "192.0.2.3"})
    ASSERT_TRUE(engine::request_address(engine, pool, addr(address), ipam::Use::endpoint));

  pass(all);
  clock.advance(engine.settings.orphan_grace);
  pass(all);

  ASSERT_EQ(ipam.leases(pool).size(), 2U);
  EXPECT_EQ(ipam.leases(pool)[0].use, ipam::Use::endpoint);
  EXPECT_EQ(ipam.leases(pool)[1].use, ipam::Use::cooling);
}

}  // namespace
}  // namespace fairlead::test
