// A host with three containers, another host's container, flows and published ports: the world of
// tests/bpf, with all programs on the same maps, as the daemon loads them.
#pragma once

#include <string>

#include "bpf_program.h"
#include "tunnel_world.h"

namespace fairlead::bench {

// Features of the kernel that the programs' configuration depends on.
struct Features {
  bool csum_ipv6 = false;
  bool decap_l3 = false;
  bool decap_l4_udp = false;
  bool reads_skb = false;

  bool operator==(const Features&) const = default;
};
Features features();

// Programs as they are installed, or those that count their instructions (count_blocks.py).
enum class Build { plain, counted };

class Host : public test::WorldTest {
 public:
  Host(Build build, std::uint32_t entries);
  // Loads the programs and fills their maps. False and a message in `why`; gtest has printed more.
  bool set_up(std::string* why);
  // Takes everything back to what set_up() left.
  void start_over();

  test::BpfProgram& endpoint() { return program(); }
  test::BpfProgram& uplink() { return *uplink_; }
  test::BpfProgram& stack() { return *stack_; }  // tc_host
  test::BpfProgram& xdp() { return *xdp_; }

  void publish(const test::Addr& on, std::uint16_t port, const test::Endpoint& to,
               std::uint16_t to_port);

 private:
  void TestBody() override {}
  void fill();
  test::BpfProgram& load(const char* name);

  fl_config config_{};
  std::string folder_;
  test::BpfProgram* uplink_ = nullptr;
  test::BpfProgram* stack_ = nullptr;
  test::BpfProgram* xdp_ = nullptr;
};

}  // namespace fairlead::bench
