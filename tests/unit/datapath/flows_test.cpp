#include "datapath/flows.h"

#include <gtest/gtest.h>

namespace fairlead::datapath {
namespace {

using std::chrono::seconds;

TEST(flows, a_full_table_hurries_what_was_never_answered_and_what_is_closing) {
  const Timeouts usual;
  const Timeouts fast = hurried(usual);
  EXPECT_EQ(fast.tcp_half_open, usual.tcp_half_open / 4);
  EXPECT_EQ(fast.tcp_closing, usual.tcp_closing / 4);
  EXPECT_EQ(fast.udp, usual.udp / 4);
  EXPECT_EQ(fast.tcp_established, usual.tcp_established);
  EXPECT_EQ(fast.udp_answered, usual.udp_answered);
}

TEST(flows, no_time_is_hurried_to_nothing) {
  EXPECT_EQ(hurried({.udp = seconds(3)}).udp, seconds(1));
}

}  // namespace
}  // namespace fairlead::datapath
