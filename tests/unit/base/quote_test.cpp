#include "base/quote.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(Quoted, PlainTextIsOnlyPutInQuotes) {
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("10.1.0.5/24 ~!"), "\"10.1.0.5/24 ~!\"");
}

TEST(Quoted, WhatCouldForgeALineIsEscaped) {
  using namespace std::string_view_literals;
  EXPECT_EQ(quoted("a\nb\0c\x1b\x7f\xff\"\\"sv), R"("a\x0ab\x00c\x1b\x7f\xff\x22\x5c")");
}

TEST(Quoted, LongTextIsCut) {
  EXPECT_EQ(fairlead::quoted(std::string(64, 'a')), '"' + std::string(64, 'a') + '"');
  EXPECT_EQ(fairlead::quoted(std::string(65, 'a')), '"' + std::string(64, 'a') + "...\"");
}

}  // namespace
}  // namespace fairlead
