#include "datapath/flows.h"

#include <gtest/gtest.h>

#include "datapath/local_ports.h"

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

TEST(local_ports, overlap_with_masquerade_ports_is_a_problem_and_says_what_to_do) {
  EXPECT_FALSE(local_ports_problem("32768\t60999\n", 61000, 65535));
  EXPECT_FALSE(local_ports_problem("", 61000, 65535));
  EXPECT_FALSE(local_ports_problem("50000 60000", 1024, 49999));
  const auto problem = local_ports_problem("1024\t65535", 61000, 65535);
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->find("1024-65535"), std::string::npos) << *problem;
  EXPECT_NE(problem->find("ip_local_port_range"), std::string::npos) << *problem;
  EXPECT_TRUE(local_ports_problem("32768 61000", 61000, 65535));
  EXPECT_TRUE(local_ports_problem("65535 65535", 61000, 65535));
}

}  // namespace
}  // namespace fairlead::datapath
