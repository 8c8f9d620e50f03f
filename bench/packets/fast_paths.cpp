#include "fast_paths.h"

#include <linux/bpf.h>

#include <sstream>

#include "own_netns.h"

namespace fairlead::bench {

using test::Addr;
using test::Endpoint;
using test::Eth;
using test::Family;
using test::Ip;
using test::kA;
using test::kAck;
using test::kB;
using test::kHost;
using test::kOutside;
using test::kR;
using test::kSyn;
using test::Packet;
using test::packet;
using test::payload;
using test::Tcp;

namespace {

constexpr std::uint16_t kServer = 443;      // outside
constexpr std::uint16_t kPublished = 8080;  // of the host
constexpr std::uint16_t kInside = 80;       // where it leads
constexpr std::size_t kPayload = 64;        // bytes

// Both ends of a TCP connection, as one packet shows them.
struct Ends {
  Addr src;
  std::uint16_t sport;
  Addr dst;
  std::uint16_t dport;
};

Ends back(const Ends& e) { return {e.dst, e.dport, e.src, e.sport}; }

Packet tcp(const Eth& eth, const Ends& e, std::uint8_t flags = kAck) {
  return packet(eth, Ip{.src = e.src, .dst = e.dst},
                Tcp{.sport = e.sport, .dport = e.dport, .flags = flags}, payload(kPayload));
}

// Makes the paths of one address family.
class Maker {
 public:
  Maker(Host& host, Family family) : host_(host), family_(family) {}

  std::vector<FastPath> all() {
    local();
    tunnel();
    masquerade();
    published();
    hairpin();
    stack();
    not_ours();
    return std::move(paths_);
  }

 private:
  Addr of(const Endpoint& e) const { return e.addr(family_); }
  Addr of(const test::Pair& pair) const { return pair(family_); }

  Step from(const Endpoint& e, const Packet& p, fl_reason reason) {
    return {&host_.endpoint(), p, {.ifindex = e.ifindex()}, reason};
  }
  Step from_wire(const Packet& p, fl_reason reason) {
    const std::uint32_t up = test::uplink();
    return {&host_.uplink(), p, {.ifindex = up, .ingress_ifindex = up}, reason};
  }
  FastPath& add(const std::string& id, const std::string& what, const std::string& row,
                const Step& step) {
    const bool v4 = family_ == Family::v4;
    paths_.push_back({.id = id + (v4 ? "_v4" : "_v6"),
                      .what = what + (v4 ? ", IPv4" : ", IPv6"),
                      .row = row,
                      .step = step});
    return paths_.back();
  }

  void local() {
    add("local", "container to container of the same host", "",
        from(kA, tcp(between(kA, kB), {of(kA), 5000, of(kB), 5001}), FL_FORWARD_LOCAL));
  }

  void tunnel() {
    add("encap", "container to container of another host", "encap",
        from(kA, tcp(between(kA, kR), {of(kA), 5000, of(kR), 5001}), FL_FORWARD_REMOTE))
        .grows = true;
    const Packet arriving =
        packet(test::from_peer(), Ip{.src = test::kPeer.v4, .dst = kHost.v4},
               test::Udp{.sport = 50000, .dport = test::kTunnelPort, .checksum = false},
               test::Vxlan{.vni = test::kVni}, between(kR, kA), Ip{.src = of(kR), .dst = of(kA)},
               Tcp{.sport = 5001, .dport = 5000, .flags = kAck}, payload(kPayload));
    add("decap_tc", "from another host's container, by tc_uplink", "decap_tc",
        from_wire(arriving, FL_FORWARD_REMOTE_IN))
        .taken_off = FL_OUTER_V4;
    FastPath& xdp = add("decap_xdp", "from another host's container, by xdp_uplink", "decap_xdp",
                        {&host_.xdp(), arriving, {}, FL_OK});
    xdp.xdp = true;
    xdp.taken_off = FL_OUTER_V4;
  }

  void masquerade() {
    const Ends there{of(kA), 40000, of(kOutside), kServer};
    const Ends answer{of(kOutside), kServer, of(kHost), 40000};
    const auto out = [&](std::uint8_t flags) {
      return from(kA, tcp(test::by_gateway(kA), there, flags), FL_FORWARD_MASQUERADE);
    };
    const auto in = [&](std::uint8_t flags) {
      return from_wire(tcp(test::from_router(), answer, flags), FL_FORWARD_MASQUERADE_REPLY);
    };
    const std::vector<Step> opening{out(kSyn), in(kSyn | kAck), out(kAck), in(kAck)};
    add("masquerade_out", "container to outside, masqueraded", "nat", out(kAck)).opening = opening;
    add("masquerade_in", "answer from outside to a masqueraded container", "nat", in(kAck))
        .opening = opening;
  }

  void published() {
    host_.publish(of(kHost), kPublished, kA, kInside);
    const Ends there{of(kOutside), 50000, of(kHost), kPublished};
    const Ends answer{of(kA), kInside, of(kOutside), 50000};
    const auto in = [&](std::uint8_t flags) {
      return from_wire(tcp(test::from_router(), there, flags), FL_FORWARD_PUBLISHED);
    };
    const auto out = [&](std::uint8_t flags) {
      return from(kA, tcp(test::by_gateway(kA), answer, flags), FL_FORWARD_PUBLISHED_REPLY);
    };
    const std::vector<Step> opening{in(kSyn), out(kSyn | kAck), in(kAck), out(kAck)};
    add("published_in", "outside to a published port", "nat", in(kAck)).opening = opening;
    add("published_out", "answer of a published port", "nat", out(kAck)).opening = opening;
  }

  void hairpin() {
    const Ends there{of(kB), 40001, of(kHost), kPublished};
    const Ends answer{of(kA), kInside, of(test::kGateway1), 40001};
    const auto go = [&](std::uint8_t flags) {
      return from(kB, tcp(test::by_gateway(kB), there, flags), FL_FORWARD_HAIRPIN);
    };
    const auto come = [&](std::uint8_t flags) {
      return from(kA, tcp(test::by_gateway(kA), answer, flags), FL_FORWARD_HAIRPIN);
    };
    const std::vector<Step> opening{go(kSyn), come(kSyn | kAck), go(kAck), come(kAck)};
    add("hairpin", "container to a published port of its own host", "", go(kAck)).opening = opening;
  }

  void stack() {
    const Eth by_stack{.dst = test::kGatewayMac, .src = test::kGatewayMac};
    const Ends ends{of(test::kGateway1), 5000, of(kA), kInside};
    add("host_out", "host to container", "",
        {&host_.stack(),
         tcp(by_stack, ends),
         {.ifindex = test::ifindex_of("fl_host")},
         FL_FORWARD_HOST_OUT});
    add("host_in", "container to host", "",
        from(kA, tcp(test::by_gateway(kA), back(ends)), FL_FORWARD_HOST_IN));
  }

  void not_ours() {
    add("not_ours", "the host's own packet, passed by", "",
        from_wire(tcp(test::from_router(), {of(kOutside), 5000, of(kHost), 22}), FL_PUNT_NOT_OURS));
  }

  Host& host_;
  Family family_;
  std::vector<FastPath> paths_;
};

std::string text_of(const test::Reasons& reasons) {
  std::ostringstream text;
  for (const fl_reason reason : reasons) text << " " << reason;
  return text.str();
}

}  // namespace

std::vector<FastPath> fast_paths(Host& host) {
  std::vector<FastPath> paths = Maker(host, Family::v4).all();
  for (FastPath& path : Maker(host, Family::v6).all()) paths.push_back(std::move(path));
  return paths;
}

bool send(const Step& step, bool xdp, std::string* why) {
  const test::Reasons reasons = xdp ? step.program->run_xdp(step.packet).reasons
                                    : step.program->run(step.packet, step.options).reasons;
  const test::Reasons expected = xdp ? test::Reasons{} : test::Reasons{step.reason};
  if (reasons == expected) return true;
  *why = "a packet of a fast path went another way:" + text_of(reasons) + " instead of" +
         text_of(expected) + ": " + describe(step.packet);
  return false;
}

bool open_flow(const FastPath& path, std::string* why) {
  for (const Step& step : path.opening) {
    if (!send(step, false, why)) return false;
  }
  return true;
}

}  // namespace fairlead::bench
