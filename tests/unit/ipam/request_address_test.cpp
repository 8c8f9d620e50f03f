#include "ipam_support.h"

namespace fairlead::ipam {
namespace {

class RequestAddress : public testing::Test {
 protected:
  std::string pool(const PoolRequest& want) {
    const auto made = ipam.request_pool(want, {}, at(0));
    EXPECT_TRUE(made) << text(made);
    return made ? made->id : "";
  }

  std::string next(const std::string& id, int when = 0, Use use = Use::endpoint) {
    return text(ipam.request_address(id, {}, use, at(when)));
  }

  std::string exactly(const std::string& id, std::string_view which, int when = 0) {
    return text(ipam.request_address(id, address(which), Use::endpoint, at(when)));
  }

  Ipam ipam{settings()};
};

TEST_F(RequestAddress, GatewayIsTheFirstAndEndpointsFollow) {
  const auto id = pool(named("10.1.0.0/24"));
  EXPECT_EQ(next(id, 0, Use::gateway), "10.1.0.1");
  EXPECT_EQ(next(id), "10.1.0.2");
  EXPECT_EQ(next(id), "10.1.0.3");
}

TEST_F(RequestAddress, TheLeaseSaysWhoAndSinceWhen) {
  const auto id = pool(named("10.1.0.0/24"));
  const auto lease = ipam.request_address(id, {}, Use::gateway, at(7));
  ASSERT_TRUE(lease);
  const Lease expected{
      .pool = id, .address = address("10.1.0.1"), .use = Use::gateway, .until = {}, .since = at(7)};
  EXPECT_EQ(*lease, expected);
  EXPECT_EQ(ipam.leases(id), std::vector{expected});
}

TEST_F(RequestAddress, GapsAreFilledFromBelow) {
  const auto id = pool(named("10.1.0.0/24"));
  EXPECT_EQ(exactly(id, "10.1.0.2"), "10.1.0.2");
  EXPECT_EQ(exactly(id, "10.1.0.4"), "10.1.0.4");
  EXPECT_EQ(next(id), "10.1.0.1");
  EXPECT_EQ(next(id), "10.1.0.3");
  EXPECT_EQ(next(id), "10.1.0.5");
}

TEST_F(RequestAddress, NeitherNetworkNorBroadcastIsEverGiven) {
  const auto id = pool(named("10.1.0.0/30"));
  EXPECT_EQ(next(id), "10.1.0.1");
  EXPECT_EQ(next(id), "10.1.0.2");
  EXPECT_TRUE(next(id).starts_with("pool local/10.1.0.0/30 is exhausted"));
  EXPECT_EQ(exactly(id, "10.1.0.0"),
            "address 10.1.0.0 is the network address of pool local/10.1.0.0/30: choose another");
  EXPECT_EQ(exactly(id, "10.1.0.3"),
            "address 10.1.0.3 is the broadcast address of pool local/10.1.0.0/30: choose another");
}

TEST_F(RequestAddress, PoolsOfTwoUseBoth) {
  const auto v4 = pool(named("10.1.0.0/31"));
  EXPECT_EQ(next(v4), "10.1.0.0");
  EXPECT_EQ(next(v4), "10.1.0.1");
  EXPECT_TRUE(next(v4).starts_with("pool local/10.1.0.0/31 is exhausted: 2 addresses in use"));
  const auto v6 = pool(named("2001:db8::/127"));
  EXPECT_EQ(next(v6), "2001:db8::");
  EXPECT_EQ(next(v6), "2001:db8::1");
  EXPECT_TRUE(next(v6).starts_with("pool local/2001:db8::/127 is exhausted"));
}

TEST_F(RequestAddress, ARangeOfOneAddressGivesThatOne) {
  const auto v4 = pool(ranged("10.1.0.0/24", "10.1.0.9/32"));
  EXPECT_EQ(next(v4), "10.1.0.9");
  EXPECT_TRUE(next(v4).starts_with("pool local/10.1.0.0/24/10.1.0.9/32 is exhausted"));
  const auto v6 = pool(ranged("2001:db8::/64", "2001:db8::9/128"));
  EXPECT_EQ(next(v6), "2001:db8::9");
  EXPECT_TRUE(next(v6).find("is exhausted") != std::string::npos);
  EXPECT_EQ(exactly(v6, "2001:db8::a"), "2001:db8::a");
}

TEST_F(RequestAddress, ARangeGivesItsOwnEndsButNotThoseOfThePool) {
  const auto middle = pool(ranged("10.1.0.0/24", "10.1.0.64/31"));
  EXPECT_EQ(next(middle), "10.1.0.64");
  EXPECT_EQ(next(middle), "10.1.0.65");
  const auto low = pool(ranged("10.2.0.0/24", "10.2.0.0/31"));
  EXPECT_EQ(next(low), "10.2.0.1");
  EXPECT_TRUE(next(low).find("is exhausted") != std::string::npos);
  const auto high = pool(ranged("10.3.0.0/24", "10.3.0.254/31"));
  EXPECT_EQ(next(high), "10.3.0.254");
  EXPECT_TRUE(next(high).find("is exhausted") != std::string::npos);
}

TEST_F(RequestAddress, AuxiliaryAddressesMayLieOutsideTheRange) {
  const auto id = pool(ranged("10.1.0.0/24", "10.1.0.128/25"));
  EXPECT_EQ(exactly(id, "10.1.0.5"), "10.1.0.5");
  EXPECT_EQ(exactly(id, "10.1.0.128"), "10.1.0.128");
  EXPECT_EQ(next(id), "10.1.0.129");
}

TEST_F(RequestAddress, HugeIPv6PoolsAreNotWalked) {
  const auto id = pool(named("fd00:1::/32"));
  EXPECT_EQ(next(id), "fd00:1::1");
  EXPECT_EQ(exactly(id, "fd00:1:ffff:ffff:ffff:ffff:ffff:ffff"),
            "fd00:1:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(next(id), "fd00:1::2");
  EXPECT_EQ(exactly(id, "fd00:1::"),
            "address fd00:1:: is the network address of pool local/fd00:1::/32: choose another");
}

TEST_F(RequestAddress, TheLastAddressesOfBothFamiliesAreReached) {
  const auto v4 = pool(ranged("192.0.0.0/8", "192.255.255.254/31"));
  EXPECT_EQ(next(v4), "192.255.255.254");
  EXPECT_TRUE(next(v4).find("is exhausted") != std::string::npos);
  const auto v6 =
      pool(ranged("fdff:ffff:ffff:ffff::/64", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"));
  EXPECT_EQ(next(v6), "fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
  EXPECT_EQ(next(v6), "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_TRUE(next(v6).find("is exhausted") != std::string::npos);
}

TEST_F(RequestAddress, AReleasedOneCoolsDownBeforeItIsGivenAgain) {
  const auto id = pool(named("10.1.0.0/24"));
  EXPECT_EQ(next(id), "10.1.0.1");
  const auto cooling = ipam.release_address(id, address("10.1.0.1"), at(10));
  ASSERT_TRUE(cooling);
  EXPECT_EQ(cooling->use, Use::cooling);
  EXPECT_EQ(cooling->until, at(70));
  EXPECT_EQ(next(id, 69), "10.1.0.2");
  EXPECT_EQ(next(id, 70), "10.1.0.1");
}

TEST_F(RequestAddress, CoolingIsNoObstacleWhenAskedForByAddress) {
  const auto id = pool(named("10.1.0.0/24"));
  EXPECT_EQ(next(id), "10.1.0.1");
  ASSERT_TRUE(ipam.release_address(id, address("10.1.0.1"), at(10)));
  EXPECT_EQ(exactly(id, "10.1.0.1", 11), "10.1.0.1");
  EXPECT_TRUE(ipam.expire(at(1000)).empty());
}

TEST_F(RequestAddress, AUsedOneIsRefusedAndTheMessageSaysByWhat) {
  const auto id = pool(named("10.1.0.0/24"));
  EXPECT_EQ(next(id, 0, Use::gateway), "10.1.0.1");
  EXPECT_EQ(next(id), "10.1.0.2");
  EXPECT_EQ(exactly(id, "10.1.0.1"),
            "address 10.1.0.1 of pool local/10.1.0.0/24 is in use by its gateway (see 'fairlead "
            "ipam'): choose another");
  EXPECT_EQ(exactly(id, "10.1.0.2"),
            "address 10.1.0.2 of pool local/10.1.0.0/24 is in use by an endpoint (see 'fairlead "
            "ipam'): choose another");
  EXPECT_EQ(ipam.request_address(id, address("10.1.0.2"), Use::endpoint, at(0)).error().code(),
            Errc::conflict);
}

TEST_F(RequestAddress, OutsideThePoolIsRefused) {
  const auto id = pool(named("10.1.0.0/24"));
  EXPECT_EQ(exactly(id, "10.1.1.1"), "address 10.1.1.1 lies outside pool local/10.1.0.0/24");
  EXPECT_EQ(exactly(id, "2001:db8::1"), "address 2001:db8::1 lies outside pool local/10.1.0.0/24");
  EXPECT_EQ(ipam.request_address(id, address("10.1.1.1"), Use::endpoint, at(0)).error().code(),
            Errc::invalid_argument);
}

TEST_F(RequestAddress, AnUnknownPoolIsNotFound) {
  const auto refused = ipam.request_address("local/10.9.0.0/24", {}, Use::endpoint, at(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::not_found);
  EXPECT_TRUE(refused.error().message().starts_with("no address pool local/10.9.0.0/24 "));
}

TEST_F(RequestAddress, ExhaustionCountsWhatIsUsedAndCoolingAndSaysHowToSeeIt) {
  const auto id = pool(named("10.1.0.0/30"));
  EXPECT_EQ(next(id, 0, Use::gateway), "10.1.0.1");
  EXPECT_EQ(next(id), "10.1.0.2");
  ASSERT_TRUE(ipam.release_address(id, address("10.1.0.2"), at(0)));
  const auto none = ipam.request_address(id, {}, Use::endpoint, at(18));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::exhausted);
  EXPECT_EQ(none.error().message(),
            "pool local/10.1.0.0/30 is exhausted: 1 addresses in use and 1 cooling down after "
            "their release (the next is free in 42 s); see 'fairlead ipam'");
}

TEST_F(RequestAddress, ForgettingLeavesNoCoolDown) {
  const auto id = pool(named("10.1.0.0/24"));
  EXPECT_EQ(next(id), "10.1.0.1");
  ipam.forget_address(id, address("10.1.0.1"));
  EXPECT_EQ(next(id), "10.1.0.1");
  ipam.forget_address("local/none", address("10.1.0.1"));
}

TEST_F(RequestAddress, EveryAddressOfAPoolIsHandedOutOnce) {
  const auto id = pool(named("10.1.0.0/22"));
  std::size_t given = 0;
  while (ipam.request_address(id, {}, Use::endpoint, at(0))) ++given;
  EXPECT_EQ(given, 1022U);
  EXPECT_EQ(ipam.leases(id).size(), 1022U);
}

}  // namespace
}  // namespace fairlead::ipam
