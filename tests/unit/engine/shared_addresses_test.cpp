#include <set>

#include "tests/unit/engine/cluster_fixture.h"

namespace fairlead::test {
namespace {

class SharedAddressesTest : public ClusterTest {
 protected:
  Address in_web(std::uint8_t last) {
    auto bytes = h1.engine->state.networks.at(kWeb).v4->pool.first().bytes();
    bytes[15] = last;
    return Address(bytes);
  }
};

TEST_F(SharedAddressesTest, HostsNeverChooseTheSameAddress) {
  with_web();
  std::set<Address> seen;
  for (int i = 0; i < 40; ++i) {
    for (auto* host : {&h1, &h2}) {
      const auto got =
          host->request_address(host == &h1 ? kWeb : kMirror, std::nullopt, [&] { hear(); });
      ASSERT_TRUE(got) << got.error().message();
      EXPECT_TRUE(seen.insert(got->address()).second) << got->to_string();
      EXPECT_NE(got->address(), in_web(1)) << "the gateway";
    }
  }
}

TEST_F(SharedAddressesTest, AddressOutsideEveryBlockBelongsToWhoAsksFirst) {
  with_web();

  ASSERT_TRUE(h1.request_address(kWeb, in_web(200), [&] { hear(); }));
  hear();
  const auto second = h2.request_address(kMirror, in_web(200), [&] { hear(); });

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  EXPECT_NE(second.error().message().find("h1"), std::string::npos);
}

TEST_F(SharedAddressesTest, ReleasedAddressCanMoveToAnotherHost) {
  with_web();
  ASSERT_TRUE(h1.request_address(kWeb, in_web(200), [&] { hear(); }));

  ASSERT_TRUE(engine::release_address(*h1.engine, h1.pool_of(kWeb), in_web(200)));
  hear();

  const auto moved = h2.request_address(kMirror, in_web(200), [&] { hear(); });
  EXPECT_TRUE(moved) << moved.error().message();
}

TEST_F(SharedAddressesTest, FreeAddressOfAnotherHostsBlockIsLent) {
  with_web();
  const auto own = h1.request_address(kWeb, std::nullopt, [&] { hear(); });
  ASSERT_TRUE(own);
  const Address next = own->address().plus(1);

  const auto lent = h2.request_address(kMirror, next, [&] { hear(); });

  ASSERT_TRUE(lent) << lent.error().message();
  const auto other = h1.request_address(kWeb, std::nullopt, [&] { hear(); });
  ASSERT_TRUE(other);
  EXPECT_NE(other->address(), next);
}

TEST_F(SharedAddressesTest, UsedAddressOfAnotherHostsBlockIsRefusedInItsOwnersWords) {
  with_web();
  const auto own = h1.request_address(kWeb, std::nullopt, [&] { hear(); });
  ASSERT_TRUE(own);
  hear();

  const auto refused = h2.request_address(kMirror, own->address(), [&] { hear(); });

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_NE(refused.error().message().find("h1"), std::string::npos) << refused.error().message();
}

TEST_F(SharedAddressesTest, LentAddressGoesBackWhenItIsReleased) {
  with_web();
  const auto own = h1.request_address(kWeb, std::nullopt, [&] { hear(); });
  ASSERT_TRUE(own);
  const Address next = own->address().plus(1);
  ASSERT_TRUE(h2.request_address(kMirror, next, [&] { hear(); }));

  ASSERT_TRUE(engine::release_address(*h2.engine, h2.pool_of(kMirror), next));

  EXPECT_TRUE(eventually([&] {
    for (const auto& lease : h1.ipam->leases(h1.pool_of(kWeb)))
      if (lease.address == next) return lease.use == ipam::Use::cooling;
    return false;
  }));
}

TEST_F(SharedAddressesTest, ContainersStartInOwnedBlocksWhileTheStoreIsAway) {
  with_web();
  ASSERT_TRUE(h1.make_endpoint(kWeb, "e1"));
  h1.way->down(true);

  const auto second = h1.make_endpoint(kWeb, "e2");

  EXPECT_TRUE(second) << second.error().message();
  h1.way->down(false);
  EXPECT_TRUE(eventually([&] { return h2.datapath.remotes.size() == 2; }));
}

TEST_F(SharedAddressesTest, FullBlocksAndNoStoreIsSaidPlainly) {
  with_web();
  ASSERT_TRUE(h1.make_endpoint(kWeb, "e0"));
  h1.way->down(true);
  Result<Endpoint> last = fail(Errc::internal, "not tried");
  for (int i = 1; i < 300 && (last || i == 1); ++i)
    last = h1.make_endpoint(kWeb, "e" + std::to_string(i));

  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code(), Errc::unavailable);
  EXPECT_NE(last.error().message().find("exhausted"), std::string::npos) << last.error().message();
}

TEST_F(SharedAddressesTest, LastHostTakesThePoolWithIt) {
  with_web();
  ASSERT_TRUE(engine::remove_network(*h1.engine, kWeb));
  ASSERT_TRUE(engine::release_pool(*h1.engine, h1.ipam->pools().front().id));
  hear();
  ASSERT_TRUE(engine::remove_network(*h2.engine, kMirror));
  ASSERT_TRUE(engine::release_pool(*h2.engine, h2.ipam->pools().front().id));

  ASSERT_TRUE(eventually([&] { return h1.engine->cluster->view.pools.empty(); }));
  EXPECT_TRUE(h1.engine->cluster->view.blocks.empty());
  EXPECT_TRUE(h1.engine->cluster->view.users.empty());
}

TEST_F(SharedAddressesTest, AnotherGatewayIsRefused) {
  with_web();

  const auto other =
      engine::request_address(*h2.engine, h2.pool_of(kMirror), in_web(9), ipam::Use::gateway);

  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Errc::conflict);
}

}  // namespace
}  // namespace fairlead::test
