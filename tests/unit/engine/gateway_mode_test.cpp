// Which networks are routed: through the options, as the user gives them.
#include <gtest/gtest.h>

#include "engine/network_options.h"
#include "engine/option_names.h"

namespace fairlead::engine {
namespace {

using Given = std::map<std::string, std::string>;

Result<NetworkRequest> with(const Given& options, bool v4 = true, bool v6 = true) {
  NetworkRequest want;
  if (v4) want.v4 = {.pool = Prefix::parse("10.1.0.0/24").value(), .gateway = {}};
  if (v6) want.v6 = {.pool = Prefix::parse("fd00::/64").value(), .gateway = {}};
  if (auto done = apply_network_options(want, options); !done) return std::unexpected(done.error());
  return want;
}

TEST(GatewayMode, NetworkIsRoutedIfBothFamiliesAre) {
  EXPECT_FALSE(with({}).value().routed);
  EXPECT_TRUE(with({{option::kRouted, "true"}}).value().routed);
  EXPECT_TRUE(with({{option::kGatewayModeV4, "routed"}, {option::kGatewayModeV6, "routed"}})
                  .value()
                  .routed);
  EXPECT_FALSE(
      with({{option::kGatewayModeV4, "nat"}, {option::kGatewayModeV6, "nat"}}).value().routed);
}

TEST(GatewayMode, FamilyThatTheNetworkLacksDoesNotCount) {
  EXPECT_TRUE(with({{option::kGatewayModeV4, "routed"}}, true, false).value().routed);
  EXPECT_TRUE(with({{option::kGatewayModeV6, "routed"}}, false, true).value().routed);
  EXPECT_FALSE(with({{option::kGatewayModeV6, "routed"}}, true, false).value().routed);
}

TEST(GatewayMode, OptionsThatContradictEachOtherAreRefusedByName) {
  const Given contradictions[] = {
      {{option::kGatewayModeV6, "routed"}},
      {{option::kGatewayModeV4, "routed"}, {option::kGatewayModeV6, "nat"}},
      {{option::kRouted, "true"}, {option::kGatewayModeV4, "nat"}},
      {{option::kRouted, "false"},
       {option::kGatewayModeV4, "routed"},
       {option::kGatewayModeV6, "routed"}},
  };
  for (const Given& given : contradictions) {
    const auto request = with(given);

    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code(), Errc::invalid_argument);
    for (const char* name : {option::kGatewayModeV4, option::kGatewayModeV6, option::kRouted})
      EXPECT_NE(request.error().message().find(name), std::string::npos)
          << request.error().message();
  }
}

TEST(GatewayMode, UnknownModeIsAnsweredWithTheKnownOnes) {
  for (const char* name : {option::kGatewayModeV4, option::kGatewayModeV6}) {
    for (const char* mode : {"nat-unprotected", "isolated", "", "Routed"}) {
      const auto request = with({{name, mode}});

      ASSERT_FALSE(request) << mode;
      for (const char* word : {name, "\"nat\"", "\"routed\""})
        EXPECT_NE(request.error().message().find(word), std::string::npos)
            << request.error().message();
    }
  }
}

}  // namespace
}  // namespace fairlead::engine
