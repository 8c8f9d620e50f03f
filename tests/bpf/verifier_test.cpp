// Every object loads under every combination of what the configuration can switch, and far from
// the verifier's limit. The numbers are printed, so that a log shows how they grow.
#include <gtest/gtest.h>
#include <unistd.h>

#include <iostream>

#include "bpf_program.h"
#include "require.h"

namespace fairlead::test {
namespace {

// BPF_COMPLEXITY_LIMIT_INSNS is a million; other kernels' verifiers walk other paths.
constexpr std::uint32_t kComfortable = 500'000;

struct Object {
  const char* name;
  const char* function;  // any of it
};

class VerifierTest : public ::testing::TestWithParam<Object> {};

TEST_P(VerifierTest, LoadsUnderEveryConfiguration) {
  if (geteuid() != 0) FAIRLEAD_CANNOT_RUN("loading BPF programs needs root");

  constexpr std::uint8_t kOffOn[] = {0, 1};
  constexpr std::uint16_t kPorts[] = {0, 1024, 40000};
  for (const std::uint8_t newer : kOffOn) {
    for (const std::uint8_t host_rules : kOffOn) {
      for (const std::uint16_t nat_port_first : kPorts) {
        // Every helper and flag that is newer than Linux 6.1, or none.
        const fl_config config{.host_netns = 1,
                               .host_ifindex = 1,
                               .nat_port_first = nat_port_first,
                               .nat_port_last = 40000,
                               .gateway_mac = {2, 0, 0, 0, 0, 1},
                               .csum_ipv6 = newer,
                               .decap_l3 = newer,
                               .decap_l4_udp = newer,
                               .host_rules = host_rules,
                               .reads_skb = newer && can_read_skb(),
                               .pad = 0};
        std::string why;
        const auto loaded = BpfProgram::load(GetParam().name, config, &why, GetParam().function);

        ASSERT_NE(loaded, nullptr) << why;
        for (const auto& [function, instructions] : loaded->verified_instructions()) {
          std::cout << "verified " << function << " newer=" << int{newer}
                    << " host_rules=" << int{host_rules} << " nat_port_first=" << nat_port_first
                    << ": " << instructions << "\n";
          EXPECT_LT(instructions, kComfortable) << function;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierTest,
    ::testing::Values(Object{"tc_endpoint", "tc_endpoint"}, Object{"tc_uplink", "tc_uplink"},
                      Object{"tc_host", "tc_host"}, Object{"tc_tunnel", "tc_tunnel"},
                      Object{"tc_limit", "tc_limit"}, Object{"xdp_uplink", "xdp_uplink"},
                      Object{"collect", "collect"}, Object{"collect_refused", "collect_refused"},
                      Object{"cgroup_sockets", "connect4"},
                      Object{"socket_shortcut", "shortcut_send"}),
    [](const auto& object) { return object.param.name; });

}  // namespace
}  // namespace fairlead::test
