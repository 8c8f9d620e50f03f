#include <gtest/gtest.h>

#include "cnm/codec.h"

namespace fairlead::cnm {
namespace {

TEST(IpamCodec, AnEmptyPoolMeansChooseOne) {
  const auto want = parse_request_pool(
      R"({"AddressSpace":"local","Pool":"","SubPool":"","Options":null,"V6":true})");

  ASSERT_TRUE(want) << want.error().message();
  EXPECT_EQ(want->pool.space, "local");
  EXPECT_EQ(want->pool.prefix, std::nullopt);
  EXPECT_EQ(want->pool.range, std::nullopt);
  EXPECT_EQ(want->pool.family, Family::v6);
  EXPECT_EQ(want->scope, engine::Scope::cluster);
  EXPECT_EQ(want->shared_name, "");
}

TEST(IpamCodec, ReadsAPoolWithARange) {
  const auto want = parse_request_pool(
      R"({"AddressSpace":"local","Pool":"10.1.0.0/24","SubPool":"10.1.0.128/25","V6":false})");

  ASSERT_TRUE(want) << want.error().message();
  EXPECT_EQ(want->pool.prefix->to_string(), "10.1.0.0/24");
  EXPECT_EQ(want->pool.range->to_string(), "10.1.0.128/25");
}

TEST(IpamCodec, RefusesPoolsThatMakeNoSense) {
  for (const char* body : {R"({"Pool":"10.1.0.0/24"})", R"({"AddressSpace":"local","Pool":"ten"})",
                           R"({"AddressSpace":"local","Pool":"10.1.0.0/24","V6":true})",
                           R"({"AddressSpace":"local","Pool":"10.1.0.0/24","SubPool":"x"})",
                           R"({"AddressSpace":"local","Options":{"fairlead.x":"1"}})"})
    EXPECT_FALSE(parse_request_pool(body)) << body;
}

TEST(IpamCodec, OptionsSayWhoSharesThePool) {
  const auto named = parse_request_pool(
      R"({"AddressSpace":"local","Pool":"","Options":{"fairlead.network":"web","other.driver":"x"}})");
  const auto own = parse_request_pool(
      R"({"AddressSpace":"local","Pool":"","Options":{"fairlead.scope":"host"}})");

  ASSERT_TRUE(named) << named.error().message();
  EXPECT_EQ(named->shared_name, "web");
  EXPECT_EQ(named->scope, engine::Scope::cluster);
  ASSERT_TRUE(own) << own.error().message();
  EXPECT_EQ(own->scope, engine::Scope::host);
}

TEST(IpamCodec, RefusedOptionsAreNamedWithWhatIsTaken) {
  const auto scope = parse_request_pool(
      R"({"AddressSpace":"local","Pool":"","Options":{"fairlead.scope":"swarm"}})");
  const auto unknown = parse_request_pool(
      R"({"AddressSpace":"local","Pool":"","Options":{"fairlead.speed":"fast"}})");

  ASSERT_FALSE(scope);
  for (const char* word : {"fairlead.scope", "\"swarm\"", "\"cluster\"", "\"host\""})
    EXPECT_NE(scope.error().message().find(word), std::string::npos) << scope.error().message();
  ASSERT_FALSE(unknown);
  for (const char* word : {"\"fairlead.speed\"", "fairlead.scope", "fairlead.network"})
    EXPECT_NE(unknown.error().message().find(word), std::string::npos) << unknown.error().message();
}

TEST(IpamCodec, HostScopeAndANetworkOfTheClusterExcludeEachOther) {
  const auto both = parse_request_pool(
      R"({"AddressSpace":"local","Options":{"fairlead.scope":"host","fairlead.network":"web"}})");

  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code(), Errc::invalid_argument);
}

TEST(IpamCodec, ReadsWhatKindOfAddressIsAskedFor) {
  const auto gateway = parse_request_address(
      R"({"PoolID":"p","Address":"10.1.0.1",
          "Options":{"RequestAddressType":"com.docker.network.gateway"}})");
  const auto any = parse_request_address(R"({"PoolID":"p","Address":"","Options":null})");

  ASSERT_TRUE(gateway) << gateway.error().message();
  EXPECT_TRUE(gateway->gateway);
  EXPECT_EQ(gateway->address->to_string(), "10.1.0.1");
  ASSERT_TRUE(any);
  EXPECT_FALSE(any->gateway);
  EXPECT_EQ(any->address, std::nullopt);
}

TEST(IpamCodec, ReleasesAddressesWithAndWithoutALength) {
  for (const char* text : {"10.1.0.7", "10.1.0.7/24"}) {
    const auto want =
        parse_release_address(R"({"PoolID":"p","Address":")" + std::string(text) + "\"}");
    ASSERT_TRUE(want) << text;
    EXPECT_EQ(want->address.to_string(), "10.1.0.7");
  }
  EXPECT_FALSE(parse_release_address(R"({"PoolID":"p","Address":""})"));
}

}  // namespace
}  // namespace fairlead::cnm
