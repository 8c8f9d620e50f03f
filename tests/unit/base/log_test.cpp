#include "base/log.h"

#include <gtest/gtest.h>

namespace fairlead::log {
namespace {

TEST(Log, AnEventIsItsNameAndItsFields) {
  EXPECT_EQ(format("network_created", {{"network", "f00"}, {"mtu", "1450"}}),
            "network_created network=f00 mtu=1450");
}

TEST(Log, ValuesThatCouldBeMisreadAreQuoted) {
  EXPECT_EQ(format("x", {{"a", "two words"}}), "x a=\"two words\"");
  EXPECT_EQ(format("x", {{"a", ""}}), "x a=\"\"");
  EXPECT_EQ(format("x", {{"a", "b=c"}}), "x a=\"b=c\"");
  EXPECT_EQ(format("x", {{"a", "say \"hi\" \\"}}), "x a=\"say \\\"hi\\\" \\\\\"");
}

TEST(Log, AValueCannotForgeALine) {
  const std::string line = format("x", {{"a", "b\nready version=9\r\x1b[0m"}});

  EXPECT_EQ(line.find_first_of("\n\r\x1b"), std::string::npos) << line;
}

TEST(Log, UnknownLevelsAreRefusedByName) {
  const auto done = configure("loud", false);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("loud"), std::string::npos);
  EXPECT_TRUE(configure("info", false));
}

}  // namespace
}  // namespace fairlead::log
