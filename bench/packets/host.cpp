#include "host.h"

#include <arpa/inet.h>

#include "datapath/probe.h"
#include "own_netns.h"

namespace fairlead::bench {

using test::Addr;
using test::Endpoint;
using test::Family;

namespace {

std::string folder_of(Build build) { return build == Build::counted ? "counted/" : ""; }

}  // namespace

Features features() {
  Features found{.csum_ipv6 = datapath::knows_ipv6_checksum_flag(),
                 .decap_l3 = datapath::knows_decap_l3_flags(),
                 .reads_skb = datapath::can_read_skb()};
  found.decap_l4_udp = found.decap_l3 && datapath::knows_decap_l4_udp_flag();
  return found;
}

Host::Host(Build build, std::uint32_t entries)
    : WorldTest(folder_of(build) + "tc_endpoint", entries), folder_(folder_of(build)) {}

test::BpfProgram& Host::load(const char* name) { return load_sharing(folder_ + name, config_); }

bool Host::set_up(std::string* why) {
  WorldTest::SetUp();
  if (HasFatalFailure() || IsSkipped()) {
    *why = "the programs do not load: see above";
    return false;
  }
  const Features found = features();
  config_ = config();
  config_.csum_ipv6 = found.csum_ipv6;
  config_.decap_l3 = found.decap_l3;
  config_.decap_l4_udp = found.decap_l4_udp;
  config_.reads_skb = found.reads_skb;
  reload(config_);
  if (HasFatalFailure()) {
    *why = "the programs do not load with what this kernel can: see above";
    return false;
  }
  uplink_ = &load("tc_uplink");
  stack_ = &load("tc_host");
  xdp_ = &load("xdp_uplink");
  fill();
  return true;
}

void Host::start_over() {
  reload(config_);
  fill();
}

void Host::fill() {
  const std::uint32_t zero = 0;
  program().put(
      "fl_tunnel", zero,
      // Any device does: nothing is sent by it.
      fl_tunnel{
          .ifindex = test::ifindex_of("fl_host"), .port = htons(test::kTunnelPort), .pad = {}});
  test::put_peer(program(), test::kPeerNumber, FL_PEER_DIRECT, test::kPeer.v4, test::kHost.v4,
                 {test::kPeerMac});
  test::put_remote(program(), test::kR, test::kPeerNumber);
  program().put("fl_vteps", test::kPeer.v4.raw(), test::kPeerNumber);
  const std::uint32_t yes = 1;
  program().put("fl_epoch", zero, yes);
  program().put("fl_vni_members", fl_vni_member{.network = test::kVni, .peer = test::kPeerNumber},
                yes);
}

void Host::publish(const Addr& on, std::uint16_t port, const Endpoint& to, std::uint16_t to_port) {
  WorldTest::publish(on, port, IPPROTO_TCP, to, to_port, on.family());
}

}  // namespace fairlead::bench
