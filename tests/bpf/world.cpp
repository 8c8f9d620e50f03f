#include "world.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "own_netns.h"
#include "require.h"

namespace fairlead::test {
namespace {

// Each device is one end of a veth pair whose other end, NAME_p, stands for the container or
// the wire. The MTU lets frames be larger than a page. No automatic IPv6 addresses, so that
// captures hold only what a test sent.
bool make_devices(std::string* why) {
  std::string commands;
  const auto device = [&](const std::string& name, const Mac& mac) {
    commands += "link add " + name + " address " + mac.to_string() + " type veth peer name " +
                name + "_p\n";
    for (const auto& end : {name, name + "_p"}) {
      commands += "link set " + end + " addrgenmode none\n";
      commands += "link set " + end + " mtu 9000 arp off up\n";
    }
  };
  device("fl_host", kGatewayMac);
  device("up0", kUplinkMac);
  device("up1", "02:00:00:00:f1:02");
  device("lan0", "02:00:00:00:f2:02");
  for (const auto* e : {"ep_a", "ep_b", "ep_c"}) device(e, "02:00:00:00:ee:01");
  commands += "link set up0 arp on\nlink set up1 arp on\nlink set lan0 arp on\n";
  for (const char* net : {"1", "2"}) {
    commands += std::string("address add 10.77.") + net + ".1/24 dev fl_host\n";
    commands += std::string("address add 2001:db8:77:") + net + "::1/64 nodad dev fl_host\n";
  }
  return ip(commands, why);
}

bool make_routes(std::string* why) {
  const std::string router = "lladdr " + kRouterMac.to_string() + " nud permanent\n";
  return ip(
      "address add 198.18.0.2/24 dev up0\n"
      "address add 2001:db8:f::2/64 nodad dev up0\n"
      "route add default via 198.18.0.1 dev up0\n"
      "route add ::/0 via 2001:db8:f::1 dev up0\n"
      "neigh add 198.18.0.1 dev up0 " +
          router + "neigh add 2001:db8:f::1 dev up0 " + router +
          "route add 198.18.9.0/24 via 198.18.0.1 dev up0 mtu lock 1300\n"
          "route add 2001:db8:f9::/64 via 2001:db8:f::1 dev up0 mtu lock 1300\n"
          "route add 198.18.8.0/24 dev up1\n"
          "route add 2001:db8:f8::/64 dev up1\n"
          "route add 198.18.7.0/24 dev lan0\n"
          "route add 2001:db8:f7::/64 dev lan0\n"
          "route add unreachable 198.18.6.0/24\n"
          "route add unreachable 2001:db8:f6::/64\n",
      why);
}

// A route's MTU counts for forwarded IPv4 only if it is locked (ip_mtu_from_fib_result()).
// Ends that need no IPv6 of their own have none, and so report no multicast groups.
bool silence(std::string* why) {
  for (const char* device : {"ep_a", "ep_b", "ep_c", "ep_a_p", "ep_b_p", "ep_c_p", "fl_host_p",
                             "up0_p", "up1_p", "lan0_p"}) {
    if (!set_sysctl(std::string("ipv6/conf/") + device + "/disable_ipv6", "1", why)) return false;
  }
  return true;
}

// fl_host forwards, so that bpf_fib_lookup with it as the incoming device answers.
bool make_world(std::string* why) {
  return enter_own_netns(why) && make_devices(why) && silence(why) && make_routes(why) &&
         set_sysctl("ipv4/conf/fl_host/forwarding", "1", why) &&
         set_sysctl("ipv6/conf/fl_host/forwarding", "1", why);
}

fl_addr none() { return {}; }

}  // namespace

std::uint32_t Endpoint::ifindex() const { return ifindex_of(device); }
std::uint32_t uplink() { return ifindex_of("up0"); }
std::uint32_t bare_uplink() { return ifindex_of("up1"); }

fl_flow flow(std::uint8_t proto, const Addr& src, std::uint16_t sport, const Addr& dst,
             std::uint16_t dport) {
  return {.src = src.raw(),
          .dst = dst.raw(),
          .sport = htons(sport),
          .dport = htons(dport),
          .proto = proto,
          .pad = {}};
}

void WorldTest::SetUp() {
  if (geteuid() != 0) FAIRLEAD_CANNOT_RUN("packet tests load BPF programs: run them as root");
  static std::string why;
  static const bool made = make_world(&why);
  ASSERT_TRUE(made) << why;
  reload(config());
}

fl_config WorldTest::config() {
  fl_config config{};
  config.host_ifindex = ifindex_of("fl_host");
  config.nat_port_first = kNatFirst;
  config.nat_port_last = kNatLast;
  config.flows_per_container = 1'000'000;
  kGatewayMac.copy_to(config.gateway_mac);
  // BPF_F_IPV6 is older than the test run's checksum option.
  config.csum_ipv6 = can_check_checksum_complete() ? 1 : 0;
  config.reads_skb = can_read_skb() ? 1 : 0;
  return config;
}

void WorldTest::reload(const fl_config& config) {
  static std::map<std::string, std::unique_ptr<BpfProgram>> loaded;
  const std::string bytes(reinterpret_cast<const char*>(&config), sizeof(config));
  auto& program = loaded[program_name_ + bytes];
  std::string why;
  if (program == nullptr)
    program = BpfProgram::load(program_name_, config, &why, {}, nullptr, entries_);
  program_ = program.get();
  ASSERT_NE(program_, nullptr) << why;
  program_->clear_maps();
  fill_maps();
}

BpfProgram& WorldTest::load_also(const std::string& name) {
  BpfProgram* const own = program_;
  std::string other = name;
  program_name_.swap(other);
  reload(config());
  program_name_.swap(other);
  return *std::exchange(program_, own);
}

BpfProgram& WorldTest::load_sharing(const std::string& name, const fl_config& config) {
  static std::map<std::pair<const BpfProgram*, std::string>, std::unique_ptr<BpfProgram>> loaded;
  auto& program = loaded[{program_, name}];
  std::string why;
  if (program == nullptr) program = BpfProgram::load(name, config, &why, {}, program_, entries_);
  EXPECT_NE(program, nullptr) << why;
  return *program;
}

Ran WorldTest::from(const Endpoint& sender, const Packet& packet) {
  return program().run(packet, {.ifindex = sender.ifindex()});
}

Ran WorldTest::from_uplink(const Packet& packet) {
  const std::uint32_t up0 = uplink();
  return program().run(
      packet,
      {.ifindex = up0, .ingress_ifindex = up0, .checksum_complete = can_check_checksum_complete()});
}

Ran WorldTest::to_fl_host(const Packet& packet) {
  return program().run(packet, {.ifindex = ifindex_of("fl_host")});
}

void WorldTest::put_endpoint(const Endpoint& e, std::uint32_t flags) {
  fl_endpoint value{.network = e.network,
                    .flags = flags,
                    .addr4 = e.addr4.raw(),
                    .addr6 = e.addr6.raw(),
                    .link_local = e.mac.link_local().raw(),
                    .mac = {},
                    .pad = {}};
  e.mac.copy_to(value.mac);
  std::memcpy(value.net6.b, e.addr6.bytes.data(), 8);  // 2001:db8:77:1::/64, 10.77.1.0/24 ...
  std::memset(value.mask6.b, 0xff, 8);
  std::memcpy(&value.net4, e.addr4.bytes.data() + 12, 3);
  value.mask4 = htonl(0xffffff00);
  program().put("fl_endpoints", e.ifindex(), value);
}

void WorldTest::put_target(std::uint32_t network, const Addr& addr, fl_target_kind kind,
                           std::uint32_t ifindex, const Mac& mac, std::uint32_t flags) {
  fl_forward value{.kind = static_cast<std::uint32_t>(kind),
                   .ifindex = ifindex,
                   .peer = 0,
                   .mac = {},
                   .flags = static_cast<std::uint8_t>(flags),
                   .pad = 0};
  mac.copy_to(value.mac);
  program().put("fl_forward", fl_forward_key{.network = network, .addr = addr.raw()}, value);
}

void WorldTest::put_network(std::uint32_t id, const Pair& gateway, const Addr& subnet4,
                            const Addr& subnet6) {
  const fl_network value{.flags = FL_NET_MASQUERADE,
                         .mtu = 1500,
                         .members = 0,
                         .prefix4 = 24,
                         .gateway4 = gateway.v4.raw(),
                         .gateway6 = gateway.v6.raw(),
                         .subnet4 = subnet4.raw()};
  program().put("fl_networks", id, value);
  program().put("fl_subnets", fl_subnet_key{.prefix = 96 + 24, .addr = subnet4.raw()}, id);
  program().put("fl_subnets", fl_subnet_key{.prefix = 64, .addr = subnet6.raw()}, id);
  for (const Addr& addr : {gateway.v4, gateway.v6, kGatewayMac.link_local()}) {
    put_target(id, addr, FL_TARGET_GATEWAY, ifindex_of("fl_host"), kGatewayMac);
  }
}

void WorldTest::set_flags(std::uint32_t network, std::uint32_t flags) {
  auto value = program().get<std::uint32_t, fl_network>("fl_networks", network);
  ASSERT_TRUE(value);
  value->flags = flags;
  program().put("fl_networks", network, *value);
  for (const Endpoint* e : {&kA, &kB, &kC}) {
    if (e->network != network) continue;
    put_endpoint(*e, flags);
    for (const Addr& addr : {e->addr4, e->addr6, e->mac.link_local()}) {
      put_target(network, addr, FL_TARGET_LOCAL, e->ifindex(), e->mac, flags);
    }
  }
}

void WorldTest::fill_maps() {
  put_network(1, kGateway1, "10.77.1.0", "2001:db8:77:1::");
  put_network(2, kGateway2, "10.77.2.0", "2001:db8:77:2::");
  for (const Endpoint* e : {&kA, &kB, &kC}) {
    put_endpoint(*e, FL_NET_MASQUERADE);
    for (const Addr& addr : {e->addr4, e->addr6, e->mac.link_local()}) {
      put_target(e->network, addr, FL_TARGET_LOCAL, e->ifindex(), e->mac);
    }
    auto network = *program().get<std::uint32_t, fl_network>("fl_networks", e->network);
    program().put("fl_members", fl_member_key{.network = e->network, .slot = network.members++},
                  e->ifindex());
    program().put("fl_networks", e->network, network);
  }
  program().put("fl_uplinks", uplink(),
                fl_uplink{.flags = FL_UPLINK_MASQUERADE,
                          .mtu = 1500,
                          .addr4 = kHost.v4.raw(),
                          .addr6 = kHost.v6.raw()});
  program().put(
      "fl_uplinks", bare_uplink(),
      fl_uplink{.flags = FL_UPLINK_MASQUERADE, .mtu = 1500, .addr4 = none(), .addr6 = none()});
  for (const Pair& pair : {kHost, kGateway1, kGateway2, kLoopback}) {
    program().put("fl_local", pair.v4.raw(), uplink());
    program().put("fl_local", pair.v6.raw(), uplink());
  }
}

void WorldTest::publish(const Addr& on, std::uint16_t port, std::uint8_t proto, const Endpoint& to,
                        std::uint16_t to_port, Family family) {
  const std::size_t slot = proto == IPPROTO_TCP ? 0 : proto == IPPROTO_UDP ? 1 : 2;
  const std::uint32_t index = port;
  auto bits =
      program().get<std::uint32_t, fl_port_bits>("fl_port_bits", index).value_or(fl_port_bits{});
  bits.flags |= 1U << slot;
  bits.first[slot] = htons(port);
  program().put("fl_port_bits", index, bits);
  program().put("fl_ports",
                fl_port_key{.addr = on.raw(), .port = htons(port), .proto = proto, .pad = 0},
                fl_port{.addr = to.addr(family).raw(),
                        .network = to.network,
                        .ifindex = to.ifindex(),
                        .port = htons(to_port),
                        .count = 1,
                        .list = 0});
}

}  // namespace fairlead::test
