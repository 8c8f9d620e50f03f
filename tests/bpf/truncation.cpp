#include "truncation.h"

#include <algorithm>

namespace fairlead::test {
namespace {

constexpr std::size_t kEth = 14;

std::size_t ip_size(Family family) { return family == Family::v4 ? 20 : 40; }

const char* suffix(Family family) { return family == Family::v4 ? " over IPv4" : " over IPv6"; }

// The four transports with ports or identifiers that need their header read.
void add_transports(std::vector<Kind>& out, const std::string& name, const Eth& eth, const Ip& ip,
                    std::uint16_t sport, std::uint16_t dport, std::uint16_t id, bool reply) {
  const Family family = ip.dst.family();
  const std::size_t l4 = kEth + ip_size(family);
  out.push_back({"UDP " + name + suffix(family),
                 packet(eth, ip, Udp{.sport = sport, .dport = dport}, payload(20)), l4 + 8});
  out.push_back(
      {"TCP " + name + suffix(family),
       packet(eth, ip, Tcp{.sport = sport, .dport = dport, .options = {2, 4, 5, 0xb4}}, payload(9)),
       l4 + 20});
  out.push_back({"ping " + name + suffix(family),
                 packet(eth, ip, Echo{.id = id, .reply = reply}, payload(20)), l4 + 8});
}

void add_neighbour_discovery(std::vector<Kind>& out) {
  Bytes target{Buffer(kB.addr6.bytes.begin(), kB.addr6.bytes.end())};
  target.bytes.insert(target.bytes.end(), {1, 1, 2, 0x42, 0x0a, 0x4d, 1, 2});
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{133, 134, 135, 136, 137}) {
    out.push_back(
        {"ND type " + std::to_string(type),
         packet(Eth{.dst = "33:33:00:00:00:01", .src = kA.mac},
                Ipv6{.src = kA.addr6, .dst = "ff02::1", .ttl = 255}, Icmp{.type = type}, target),
         kEth + 40 + 8 + 16});
  }
}

bool answers_sender(const Ran& got, const Packet& in) {
  if (got.action != kRedirect || got.packet.size() < kEth) return false;
  const bool answer = got.reasons.contains(FL_FORWARD_ICMP_ERROR) ||
                      got.reasons == Reasons{FL_FORWARD_ND} ||
                      got.reasons == Reasons{FL_FORWARD_ARP};
  return answer &&
         std::equal(got.packet.bytes.begin(), got.packet.bytes.begin() + 6, in.bytes.begin() + 6);
}

}  // namespace

std::vector<Kind> kinds_from_a() {
  std::vector<Kind> out;
  for (const Family family : {Family::v4, Family::v6}) {
    const Addr& a = kA.addr(family);
    const std::size_t ip = kEth + ip_size(family);
    const auto to = [&](const Addr& dst) { return Ip{.src = a, .dst = dst}; };
    const Eth eth = by_gateway(kA);
    add_transports(out, "outside", eth, to(kOutside(family)), kNatFirst, 53, kNatFirst, false);
    add_transports(out, "to the gateway", eth, to(kGateway1(family)), 1000, 22, 7, false);
    add_transports(out, "to a published port", eth, to(kHost(family)), 1000, 8080, 7, false);
    add_transports(out, "to another network", eth, to(kC.addr(family)), 1000, 80, 7, false);
    out.push_back({std::string("to a neighbour") + suffix(family),
                   packet(between(kA, kB), to(kB.addr(family)), Udp{}, payload(20)), ip});
    out.push_back({std::string("to nobody") + suffix(family),
                   packet(eth, to(kNobody(family)), Udp{}, payload(20)), ip});
    out.push_back({std::string("SCTP outside") + suffix(family),
                   packet(eth, to(kOutside(family)), Sctp{}, payload(20)), ip});
    const auto cut =
        fragments(packet(eth, to(kOutside(family)), Udp{.sport = kNatFirst}, payload(40)), 24, 9);
    const std::size_t fragment = ip + (family == Family::v4 ? 0 : 8);
    out.push_back({std::string("first fragment") + suffix(family), cut.first, fragment + 8});
    out.push_back({std::string("last fragment") + suffix(family), cut.second, fragment});
  }
  out.push_back({"IPv4 with options",
                 packet(by_gateway(kA),
                        Ipv4{.src = kA.addr4, .dst = kOutside.v4, .options = {7, 7, 4, 0, 0, 0, 0}},
                        Udp{.sport = kNatFirst}, payload(9)),
                 kEth + 28 + 8});
  out.push_back(
      {"IPv6 with extension headers",
       packet(by_gateway(kA), Ipv6{.src = kA.addr6, .dst = kOutside.v6}, Extension{.type = 0},
              Extension{.type = 60, .body = payload(20).bytes}, Tcp{.sport = kNatFirst}),
       kEth + 40 + 8 + 24 + 20});
  out.push_back({"ARP request",
                 packet(Eth{.dst = "ff:ff:ff:ff:ff:ff", .src = kA.mac},
                        Arp{.sender_mac = kA.mac, .sender = kA.addr4, .target = kB.addr4}),
                 kEth + 28});
  add_neighbour_discovery(out);
  out.push_back({"broadcast",
                 packet(Eth{.dst = "ff:ff:ff:ff:ff:ff", .src = kA.mac},
                        Ipv4{.src = kA.addr4, .dst = "255.255.255.255"}, Udp{}, payload(9)),
                 kEth + 20});
  return out;
}

std::vector<Kind> kinds_from_outside() {
  std::vector<Kind> out;
  for (const Family family : {Family::v4, Family::v6}) {
    const Ip ip{.src = kOutside(family), .dst = kHost(family)};
    const Eth eth = from_router();
    add_transports(out, "to a published port", eth, ip, 6000, 8080, 7, false);
    add_transports(out, "as an answer", eth, ip, 53, kNatFirst, kNatFirst, true);
    add_transports(out, "to the host", eth, ip, 6000, 22, 7, false);
    const auto cut =
        fragments(packet(eth, ip, Udp{.sport = 6000, .dport = 8080}, payload(40)), 24, 9);
    const std::size_t fragment = kEth + ip_size(family) + (family == Family::v4 ? 0 : 8);
    out.push_back({std::string("first fragment") + suffix(family), cut.first, fragment + 8});
    out.push_back({std::string("last fragment") + suffix(family), cut.second, fragment});
  }
  out.push_back({"IPv4 with options",
                 packet(from_router(),
                        Ipv4{.src = kOutside.v4, .dst = kHost.v4, .options = {7, 7, 4, 0, 0, 0, 0}},
                        Udp{.sport = 6000, .dport = 8080}, payload(9)),
                 kEth + 28 + 8});
  out.push_back({"IPv6 with extension headers",
                 packet(from_router(), Ipv6{.src = kOutside.v6, .dst = kHost.v6},
                        Extension{.type = 60}, Udp{.sport = 6000, .dport = 8080}, payload(9)),
                 kEth + 40 + 8 + 8});
  out.push_back({"ARP", packet(from_router(), Arp{.target = kHost.v4}), kEth + 28});
  return out;
}

std::vector<Kind> kinds_from_host() {
  std::vector<Kind> out;
  const Eth eth{.dst = kGatewayMac, .src = kGatewayMac};
  for (const Family family : {Family::v4, Family::v6}) {
    const std::size_t ip = kEth + ip_size(family);
    for (const auto& [name, dst] : {std::pair{"to a container", kB.addr(family)},
                                    {"to nobody", kNobody(family)},
                                    {"to no network", kOutside(family)}}) {
      out.push_back({std::string(name) + suffix(family),
                     packet(eth, Ip{.src = kGateway1(family), .dst = dst}, Udp{}, payload(20)),
                     ip});
    }
  }
  return out;
}

std::size_t shortest_run(const Packet& packet) {
  const unsigned type = static_cast<unsigned>(packet.bytes[12] << 8 | packet.bytes[13]);
  return kEth + (type == 0x0800 ? 20 : type == 0x86dd ? 40 : 0);
}

void expect_cut_ip_headers(BpfProgram& program, const std::string& device, BpfProgram::Hook hook,
                           const Eth& eth, fl_reason reason) {
  for (const Family family : {Family::v4, Family::v6}) {
    const Packet whole =
        packet(eth, Ip{.src = kA.addr(family), .dst = kB.addr(family)}, Udp{}, payload(20));
    for (std::size_t n = kEth; n < kEth + ip_size(family); ++n) {
      EXPECT_EQ(program.run_on_wire(device, hook, whole.first(n)), Reasons{reason})
          << "first " << n << " bytes" << suffix(family);
    }
  }
}

void expect_prefixes_harmless(const Kind& kind, bool may_leave_alone,
                              const std::function<void()>& prepare,
                              const std::function<Ran(const Packet&)>& run) {
  prepare();
  const Ran whole = run(kind.packet);
  for (std::size_t n = shortest_run(kind.packet); n < kind.packet.size(); ++n) {
    SCOPED_TRACE(kind.name + ", first " + std::to_string(n) + " bytes");
    const Packet in = kind.packet.first(n);
    prepare();
    const Ran got = run(in);
    const bool dropped = got.action == kDrop && !may_leave_alone;
    const bool same = n >= kind.headers && got.action == whole.action &&
                      got.reasons == whole.reasons && n <= whole.packet.size() &&
                      got.packet == whole.packet.first(n);
    const bool alone = may_leave_alone && got.action == kNext && got.packet == in;
    EXPECT_TRUE(dropped || same || alone || answers_sender(got, in))
        << ::testing::PrintToString(got)
        << "\nthe whole packet: " << ::testing::PrintToString(whole);
  }
}

}  // namespace fairlead::test
