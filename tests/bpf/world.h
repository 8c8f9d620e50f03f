// The small world every packet test starts from: two networks with both families, three
// endpoints, an uplink with a router, and the host's own addresses.
//
//   network 1: A, B (gateway .1)      network 2: C      all masqueraded
//   up0: 198.18.0.2 / 2001:db8:f::2, default route by the router on it
//   up1: an uplink without any address, lan0: a device that is no uplink
//
// Devices, routes and neighbours are in a network namespace of the test process.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

#include "bpf/shared/endpoint.h"
#include "bpf/shared/host.h"
#include "bpf/shared/nat.h"
#include "bpf_program.h"
#include "packet.h"

namespace fairlead::test {

struct Endpoint {
  const char* device;
  std::uint32_t network;
  Mac mac;
  Addr addr4;
  Addr addr6;

  std::uint32_t ifindex() const;
  const Addr& addr(Family family) const { return family == Family::v4 ? addr4 : addr6; }
};

inline const Endpoint kA{"ep_a", 1, "02:42:0a:4d:01:02", "10.77.1.2", "2001:db8:77:1::2"};
inline const Endpoint kB{"ep_b", 1, "02:42:0a:4d:01:03", "10.77.1.3", "2001:db8:77:1::3"};
inline const Endpoint kC{"ep_c", 2, "02:42:0a:4d:02:02", "10.77.2.2", "2001:db8:77:2::2"};

std::uint32_t uplink();       // ifindex of up0
std::uint32_t bare_uplink();  // ifindex of up1

inline const Mac kGatewayMac = "02:fa:1e:ad:00:01";
inline const Mac kUplinkMac = "02:00:00:00:f0:02";
inline const Mac kRouterMac = "02:00:00:00:f0:01";
inline constexpr std::uint16_t kNatFirst = 40000;
inline constexpr std::uint16_t kNatLast = 40999;

// One address for each family, picked by the test's parameter.
struct Pair {
  Addr v4;
  Addr v6;
  const Addr& operator()(Family family) const { return family == Family::v4 ? v4 : v6; }
};
inline const Pair kGateway1{"10.77.1.1", "2001:db8:77:1::1"};
inline const Pair kGateway2{"10.77.2.1", "2001:db8:77:2::1"};
inline const Pair kNobody{"10.77.1.99", "2001:db8:77:1::99"};   // of network 1
inline const Pair kHost{"198.18.0.2", "2001:db8:f::2"};         // of up0
inline const Pair kOutside{"198.18.5.5", "2001:db8:f5::5"};     // by the router
inline const Pair kSmallMtu{"198.18.9.9", "2001:db8:f9::9"};    // by the router, MTU 1300
inline const Pair kBareUplink{"198.18.8.8", "2001:db8:f8::8"};  // by up1
inline const Pair kLan{"198.18.7.7", "2001:db8:f7::7"};         // by lan0
inline const Pair kNoRoute{"198.18.6.6", "2001:db8:f6::6"};
inline const Pair kLoopback{"127.0.0.1", "::1"};
inline const Pair kAny{"0.0.0.0", "::"};
inline constexpr std::uint32_t kSmallMtuBytes = 1300;

// Loads one program into the world. A test that derives from it names the program.
class WorldTest : public ::testing::Test {
 protected:
  // `entries`: of maps that would be larger.
  explicit WorldTest(std::string program, std::uint32_t entries = kTestEntries)
      : program_name_(std::move(program)), entries_(entries) {}
  void SetUp() override;

  static fl_config config();
  // Takes the program with this configuration, loaded once a process, and fills its maps afresh.
  void reload(const fl_config& config);

  BpfProgram& program() { return *program_; }
  // Another program of the same world, with maps of its own; this test's stays program().
  BpfProgram& load_also(const std::string& name);
  // Another program that uses this one's maps, loaded once a process for each configuration.
  BpfProgram& load_sharing(const std::string& name, const fl_config& config);
  Ran from(const Endpoint& sender, const Packet& packet);  // out of a container
  Ran from_uplink(const Packet& packet);                   // into up0
  Ran to_fl_host(const Packet& packet);                    // out of the host's stack

  // Sets the flags of a network and of its endpoints' copies.
  void set_flags(std::uint32_t network, std::uint32_t flags);
  void put_endpoint(const Endpoint& endpoint, std::uint32_t flags);
  void put_target(std::uint32_t network, const Addr& addr, fl_target_kind kind,
                  std::uint32_t ifindex, const Mac& mac, std::uint32_t flags = 0);
  void publish(const Addr& on, std::uint16_t port, std::uint8_t proto, const Endpoint& to,
               std::uint16_t to_port, Family family);

  std::optional<fl_nat> nat(const fl_flow& key) {
    return program().get<fl_flow, fl_nat>("fl_nat", key);
  }

 private:
  void fill_maps();
  void put_network(std::uint32_t id, const Pair& gateway, const Addr& subnet4, const Addr& subnet6);

  std::string program_name_;
  std::uint32_t entries_;
  BpfProgram* program_ = nullptr;
};

// The same under IPv4 and IPv6.
class FamilyTest : public WorldTest, public ::testing::WithParamInterface<Family> {
 protected:
  using WorldTest::WorldTest;
  Addr a() const { return kA.addr(GetParam()); }
  Addr b() const { return kB.addr(GetParam()); }
  Addr c() const { return kC.addr(GetParam()); }
  Addr of(const Pair& pair) const { return pair(GetParam()); }
  bool v4() const { return GetParam() == Family::v4; }
};

#define FAIRLEAD_BOTH_FAMILIES(fixture)                     \
  INSTANTIATE_TEST_SUITE_P(                                 \
      , fixture, ::testing::Values(Family::v4, Family::v6), \
      [](const auto& value) { return value.param == Family::v4 ? "V4" : "V6"; })

inline std::uint8_t icmp_proto(Family family) {
  if (family == Family::v4) return IPPROTO_ICMP;
  return IPPROTO_ICMPV6;
}

fl_flow flow(std::uint8_t proto, const Addr& src, std::uint16_t sport, const Addr& dst,
             std::uint16_t dport);

// Ethernet headers by who sent the frame.
inline Eth by_gateway(const Endpoint& sender) { return {.dst = kGatewayMac, .src = sender.mac}; }
inline Eth between(const Endpoint& sender, const Endpoint& to) {
  return {.dst = to.mac, .src = sender.mac};
}
inline Eth to_router() { return {.dst = kRouterMac, .src = kUplinkMac}; }
inline Eth from_router() { return {.dst = kUplinkMac, .src = kRouterMac}; }
inline Eth gateway_to(const Endpoint& to) { return {.dst = to.mac, .src = kGatewayMac}; }

}  // namespace fairlead::test
