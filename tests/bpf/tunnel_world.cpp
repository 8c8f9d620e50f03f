#include "tunnel_world.h"

#include <arpa/inet.h>

#include <cstring>

#include "own_netns.h"
#include "require.h"

namespace fairlead::test {
namespace {

// The kernel's bare vxlan device. Silent: it has no addresses.
bool make_device(std::string* why) {
  return ip(
      "link add fl_vxlan type vxlan external dstport 4795 udp6zerocsumrx\n"
      "link set fl_vxlan addrgenmode none\n"
      "link set fl_vxlan mtu 65000 up\n",
      why);
}

}  // namespace

fl_hop hop_header(const Addr& local, const Addr& remote, const Mac& next, std::uint32_t ifindex) {
  const bool v4 = remote.is_v4();
  const Packet whole =
      packet(Eth{.dst = next, .src = kUplinkMac}, Ip{.src = local, .dst = remote},
             Udp{.sport = 0, .dport = kTunnelPort, .checksum = false}, Vxlan{.vni = 0});
  fl_hop hop{.ifindex = ifindex,
             .mtu = kTunnelMtu,
             .len = static_cast<std::uint32_t>(whole.size()),
             .sum = 0,
             .header = {}};
  std::memcpy(hop.header, whole.bytes.data(), whole.size());
  const auto zero16 = [&](std::size_t at) { hop.header[at] = hop.header[at + 1] = 0; };
  const std::size_t udp = v4 ? 34 : 54;
  zero16(udp + 4);
  zero16(v4 ? 14 + 2 : 14 + 4);  // total or payload length
  if (!v4) return hop;
  zero16(14 + 10);  // checksum
  for (std::size_t i = 0; i < 20; i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, hop.header + 14 + i, sizeof(word));
    hop.sum += word;
  }
  return hop;
}

void put_remote(BpfProgram& program, const Endpoint& endpoint, std::uint32_t peer) {
  fl_forward value{};
  value.kind = FL_TARGET_REMOTE;
  value.peer = peer;
  endpoint.mac.copy_to(value.mac);
  for (const Addr& addr : {endpoint.addr4, endpoint.addr6, endpoint.mac.link_local()}) {
    program.put("fl_forward", fl_forward_key{.network = endpoint.network, .addr = addr.raw()},
                value);
  }
}

void put_peer(BpfProgram& program, std::uint32_t number, fl_peer_way way, const Addr& remote,
              const Addr& local, const std::vector<Mac>& next_hops) {
  fl_peer peer{};
  peer.way = static_cast<std::uint32_t>(way);
  peer.remote = remote.raw();
  peer.local = local.raw();
  for (std::uint32_t i = 0; i < FL_PEER_HOPS && !next_hops.empty(); ++i) {
    peer.hops[i] = number * FL_PEER_HOPS + i;
    program.put("fl_hops", peer.hops[i],
                hop_header(local, remote, next_hops[i % next_hops.size()], uplink()));
  }
  program.put("fl_peers", number, peer);
}

void TunnelTest::SetUp() {
  WorldTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  static std::string why;
  static const bool made = make_device(&why);
  if (!made) FAIRLEAD_CANNOT_RUN("no vxlan device: " + why);
  fill_tunnel(program());
}

void TunnelTest::fill_tunnel(BpfProgram& program) {
  const std::uint32_t zero = 0;
  program.put("fl_tunnel", zero,
              fl_tunnel{.ifindex = ifindex_of("fl_vxlan"), .port = htons(kTunnelPort), .pad = {}});
  put_peer(program, kPeerNumber, FL_PEER_DIRECT, out(kPeer), out(kHost), {kPeerMac});
  put_remote(program, kR, kPeerNumber);
  for (const Family family : {Family::v4, Family::v6}) {
    program.put("fl_vteps", kPeer(family).raw(), kPeerNumber);
    program.put("fl_vteps", kOther(family).raw(), kOtherNumber);
    program.put("fl_vteps", kStranger(family).raw(), kStrangerNumber);
    program.put("fl_local", kHost(family).raw(), uplink());
  }
  const std::uint32_t yes = 1;
  program.put("fl_vni_members", fl_vni_member{.network = kVni, .peer = kPeerNumber}, yes);
  program.put("fl_vni_members", fl_vni_member{.network = kVni, .peer = kOtherNumber}, yes);
}

}  // namespace fairlead::test
