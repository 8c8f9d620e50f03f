#include "cni-shim/lease_range.h"

#include <gtest/gtest.h>

namespace fairlead::cni {
namespace {

std::string prefix(const std::string& subnet, const std::string& first, const std::string& last) {
  const auto done = prefix_of_range(subnet, first, last);
  return done ? *done : "refused";
}

TEST(LeaseRange, IsThePrefixThatPodmanMadeItOf) {
  EXPECT_EQ(prefix("10.9.0.0/24", "10.9.0.129", "10.9.0.255"), "10.9.0.128/25");
  EXPECT_EQ(prefix("10.9.0.0/24", "10.9.0.128", "10.9.0.254"), "10.9.0.128/25");
  EXPECT_EQ(prefix("10.9.0.0/24", "10.9.0.128", ""), "10.9.0.128/25");
  EXPECT_EQ(prefix("10.9.0.0/24", "", "10.9.0.127"), "10.9.0.0/25");
  EXPECT_EQ(prefix("10.9.0.0/24", "10.9.0.7", "10.9.0.7"), "10.9.0.7/32");
  EXPECT_EQ(prefix("fd00::/64", "fd00::1:1", "fd00::1:ffff"), "fd00::1:0/112");
  EXPECT_EQ(prefix("", "", ""), "");
}

TEST(LeaseRange, RefusesWhatIsNone) {
  EXPECT_EQ(prefix("10.9.0.0/24", "10.9.0.10", "10.9.0.20"), "refused");
  EXPECT_EQ(prefix("10.9.0.0/24", "10.9.0.20", "10.9.0.10"), "refused");
  EXPECT_EQ(prefix("10.9.0.0/24", "10.9.0.1", "fd00::1"), "refused");
  EXPECT_EQ(prefix("10.9.0.0/24", "fd00::1", "10.9.0.9"), "refused");
  EXPECT_EQ(prefix("10.9.0.0/24", "x", ""), "refused");
  EXPECT_EQ(prefix("x", "", "10.9.0.1"), "refused");
}

}  // namespace
}  // namespace fairlead::cni
