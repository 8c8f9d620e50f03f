#include "store/time_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>

namespace fairlead::store {
namespace {

using std::chrono::nanoseconds;

TEST(TimeText, IsIsoInUtcWithNanoseconds) {
  EXPECT_EQ(to_text(TimePoint{}), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(to_text(TimePoint(nanoseconds(1'763'688'605'123'456'789))),
            "2025-11-21T01:30:05.123456789Z");
  EXPECT_EQ(to_text(TimePoint(nanoseconds(-1))), "1969-12-31T23:59:59.999999999Z");
}

TEST(TimeText, WhatItWritesItReads) {
  for (const std::int64_t count :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{951'782'400'000'000'001},
        std::int64_t{1'763'688'605'123'456'789}}) {
    const TimePoint time{nanoseconds(count)};
    EXPECT_EQ(parse_time(to_text(time)), time);
  }
}

TEST(TimeText, OtherFormsAreRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "2025-11-21"sv, "2025-11-21 01:30:05.123456789Z"sv, "2025-11-21T01:30:05Z"sv,
        "2025-11-21T01:30:05.123456789"sv, "2025-11-21T01:30:05.123456789ZZ"sv,
        "2025-02-29T00:00:00.000000000Z"sv, "2025-13-01T00:00:00.000000000Z"sv,
        "2025-01-00T00:00:00.000000000Z"sv, "2025-01-01T24:00:00.000000000Z"sv,
        "2025-01-01T00:60:00.000000000Z"sv, "2025-01-01T00:00:60.000000000Z"sv,
        "9999-01-01T00:00:00.000000000Z"sv, "0001-01-01T00:00:00.000000000Z"sv,
        "-025-01-01T00:00:00.000000000Z"sv, "2025-01-01T00:00:00.00000000\0Z"sv}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  EXPECT_TRUE(parse_time("2024-02-29T23:59:59.999999999Z"));
}

}  // namespace
}  // namespace fairlead::store
