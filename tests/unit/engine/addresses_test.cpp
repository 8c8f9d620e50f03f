#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class AddressesTest : public EngineTest {
 protected:
  ipam::Pool pool(const std::string& text) {
    return engine::request_pool(engine, {.pool = {.space = "local", .prefix = prefix(text)}})
        .value();
  }
};

TEST_F(AddressesTest, ChosenPoolKeepsOffRoutesAndForeignNetworks) {
  links.all_routes = {{.destination = prefix("100.96.0.0/24"), .link = 2},
                      {.destination = prefix("0.0.0.0/0"), .link = 2}};
  engine::NetworkRequest foreign = network_request();
  foreign.v4 = Subnet{.pool = prefix("100.96.1.0/24"), .gateway = addr("100.96.1.1")};
  ASSERT_TRUE(engine::create_network(engine, foreign));

  const auto got = engine::request_pool(engine, {.pool = {.space = "local"}});

  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->prefix, prefix("100.96.2.0/24"));
  EXPECT_EQ(stored().pools.size(), 1U);
}

TEST_F(AddressesTest, PoolAndAddressThatCannotBeStoredAreNotTaken) {
  store.fail_next();
  EXPECT_FALSE(
      engine::request_pool(engine, {.pool = {.space = "local", .prefix = prefix("10.1.0.0/24")}}));
  EXPECT_TRUE(ipam.pools().empty());

  const ipam::Pool made = pool("10.1.0.0/24");
  store.fail_next();
  EXPECT_FALSE(engine::request_address(engine, made.id, std::nullopt, ipam::Use::endpoint));
  EXPECT_TRUE(ipam.leases(made.id).empty());
}

TEST_F(AddressesTest, AddressComesWithThePoolsLengthAndIsReleasedToCoolDown) {
  const ipam::Pool made = pool("10.1.0.0/24");

  const auto got = engine::request_address(engine, made.id, std::nullopt, ipam::Use::endpoint);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->length(), 24U);
  ASSERT_TRUE(engine::release_address(engine, made.id, got->address()));

  ASSERT_EQ(stored().leases.size(), 1U);
  EXPECT_EQ(stored().leases[0].use, ipam::Use::cooling);
  EXPECT_NE(engine::request_address(engine, made.id, std::nullopt, ipam::Use::endpoint)->address(),
            got->address());

  clock.advance(std::chrono::hours(1));
  ASSERT_TRUE(engine::tick(engine));
  for (const ipam::Lease& lease : stored().leases) EXPECT_NE(lease.use, ipam::Use::cooling);
}

TEST_F(AddressesTest, AuxiliaryAddressBelongsToTheNetwork) {
  const ipam::Pool made = pool("192.0.2.0/24");
  ASSERT_TRUE(engine::request_address(engine, made.id, addr("192.0.2.9"), ipam::Use::endpoint));
  ASSERT_TRUE(engine::create_network(engine, network_request()));

  for (int pass = 0; pass < 3; ++pass) {
    ASSERT_TRUE(engine::reconcile(engine, {.networks = {{kNetwork, "web"}}, .containers = {}}));
    clock.advance(std::chrono::minutes(5));
  }

  ASSERT_EQ(ipam.leases(made.id).size(), 1U) << "not an orphan";
  EXPECT_EQ(ipam.leases(made.id)[0].use, ipam::Use::gateway);
}

}  // namespace
}  // namespace fairlead::test
