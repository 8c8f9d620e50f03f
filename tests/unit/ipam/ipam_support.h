// Short words for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "ipam/ipam.h"

namespace fairlead::ipam {

inline Prefix prefix(std::string_view text) {
  auto parsed = Prefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Prefix();
}

inline Address address(std::string_view text) {
  auto parsed = Address::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Address();
}

inline TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(1'000'000 + seconds)); }

inline Settings settings() {
  return {.ranges_v4 = {{prefix("10.64.0.0/16"), 24}, {prefix("172.20.0.0/23"), 24}},
          .ranges_v6 = {{prefix("fd5a:1:2::/48"), 64}},
          .cooldown = std::chrono::seconds(60)};
}

inline PoolRequest named(std::string_view pool, const std::string& space = "local") {
  return {.space = space, .prefix = prefix(pool), .range = {}};
}

inline PoolRequest ranged(std::string_view pool, std::string_view range) {
  return {.space = "local", .prefix = prefix(pool), .range = prefix(range)};
}

inline PoolRequest any_pool(Family family = Family::v4) {
  return {.space = "local", .prefix = {}, .range = {}, .family = family};
}

// What was handed out, or the message why not.
inline std::string text(const Result<Lease>& lease) {
  return lease ? lease->address.to_string() : lease.error().message();
}

inline std::string text(const Result<Pool>& pool) {
  return pool ? pool->prefix.to_string() : pool.error().message();
}

}  // namespace fairlead::ipam
