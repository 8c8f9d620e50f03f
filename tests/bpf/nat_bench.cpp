#include "nat_bench.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "own_netns.h"

namespace fairlead::test {
namespace {

using model::Publication;
using model::Tuple;
using model::Verdict;
using Way = Verdict::Way;

constexpr std::size_t kEthernet = 14;
constexpr std::uint16_t kCut = 16;  // bytes of a datagram that its first fragment carries

bool is_echo(std::uint8_t proto) { return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6; }

Layer l4(const Shot& shot, const Tuple& t) {
  switch (t.proto) {
    case IPPROTO_TCP:
      return Tcp{.sport = t.sport, .dport = t.dport, .flags = shot.tcp_flags, .ack = 7};
    case IPPROTO_UDP:
      return Udp{.sport = t.sport, .dport = t.dport, .checksum = shot.checksum};
    case IPPROTO_SCTP:
      return Sctp{.sport = t.sport, .dport = t.dport};
    default:
      return Echo{.id = t.sport, .seq = 9, .reply = shot.reply};
  }
}

Packet build_whole(const Shot& shot, const Eth& eth, const Tuple& t, int hops) {
  const Ip ip{.src = t.src,
              .dst = t.dst,
              .ttl = static_cast<std::uint8_t>(shot.ttl - hops),
              .df = !shot.fragment,
              .tos = shot.tos};
  return packet(eth, ip, l4(shot, t), payload(shot.length));
}

// The packet of a shot under this tuple, as it is after `hops` routers.
Packet build_shot(const Shot& shot, const Eth& eth, const Tuple& t, int hops) {
  Packet whole = build_whole(shot, eth, t, hops);
  if (!shot.fragment) return whole;
  auto both = fragments(whole, kCut, static_cast<std::uint16_t>(shot.fragment->id));
  return shot.fragment->first ? std::move(both.first) : std::move(both.second);
}

Eth header_in(const Endpoint* from) { return from ? by_gateway(*from) : from_router(); }

Eth header_out(const Verdict& verdict, const Endpoint* from) {
  if (verdict.way == Way::out) return to_router();
  if (verdict.way == Way::into) return gateway_to(*verdict.into);
  return header_in(from);  // to the gateway's MAC, as it was
}

int action_of(Way way) { return way == Way::drop ? kDrop : way == Way::alone ? kNext : kRedirect; }

std::uint16_t source_port(const Packet& p, const Shot& shot) {
  const bool v4 = shot.tuple.dst.is_v4();
  std::size_t at = kEthernet + (v4 ? 20 : 40) + (shot.fragment && !v4 ? 8 : 0);
  if (is_echo(shot.tuple.proto)) at += 4;
  if (p.size() < at + 2) return 0;
  return static_cast<std::uint16_t>(p.bytes[at] << 8 | p.bytes[at + 1]);
}

Packet error_packet(const Eth& eth, const Addr& src, const Addr& dst, std::uint8_t ttl,
                    const Bytes& quoted) {
  const bool v4 = dst.is_v4();
  return packet(eth, Ip{.src = src, .dst = dst, .ttl = ttl},
                Icmp{.type = static_cast<std::uint8_t>(v4 ? 3 : 1),
                     .code = static_cast<std::uint8_t>(v4 ? 3 : 4)},
                quoted);
}

Bytes quote_of(const Shot& shot, const Tuple& t, std::size_t length) {
  const Packet whole = build_whole(shot, Eth{}, t, 0);
  const auto end = std::min(whole.size(), kEthernet + length);
  return Bytes{Buffer(whole.bytes.begin() + kEthernet,
                      whole.bytes.begin() + static_cast<std::ptrdiff_t>(end))};
}

std::size_t slot_of(std::uint8_t proto) {
  return proto == IPPROTO_TCP ? 0 : proto == IPPROTO_UDP ? 1 : 2;
}

}  // namespace

void NatBench::SetUp() {
  WorldTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  begin(kFirst, kLast, 1'000'000);
}

void NatBench::begin(std::uint16_t first, std::uint16_t last, std::uint32_t cap) {
  fl_config settings = config();
  settings.nat_port_first = first_ = first;
  settings.nat_port_last = last_ = last;
  settings.flows_per_container = cap;
  reload(settings);
  if (HasFatalFailure()) return;
  uplink_program_ = &load_sharing("tc_uplink", settings);
  const std::uint32_t zero = 0, first_epoch = 1;  // flows remember their way
  program().put("fl_epoch", zero, first_epoch);
  program().clear_counters();
  model_.emplace(first, last, cap);
  published_.clear();
  counts_.clear();
}

std::uint64_t NatBench::counted(fl_reason reason) const {
  if (reason < FL_DROP_TRUNCATED) return uplink_program_->forwarded(reason).packets;
  std::uint64_t sum = 0;
  for (std::uint32_t network = 0; network <= 2; ++network) {
    sum += uplink_program_->drops(network, reason).packets;
  }
  return sum;
}

std::string NatBench::check_counters() {
  for (int number = 0; number < FL_REASON_MAX; ++number) {
    const auto reason = static_cast<fl_reason>(number);
    if (counted(reason) == counts_[reason]) continue;
    std::ostringstream out;
    out << reason << " was counted " << counted(reason) << " times, not " << counts_[reason];
    return out.str();
  }
  return {};
}

Played NatBench::play(const Shot& shot) {
  const Packet in = build_shot(shot, header_in(shot.from), shot.tuple, 0);
  const model::Sent sent{
      .tuple = shot.tuple,
      .tcp_flags = shot.tuple.proto == IPPROTO_TCP ? shot.tcp_flags : std::uint8_t{0},
      .ttl = shot.ttl,
      .fragment = shot.fragment};
  const Verdict verdict =
      shot.from ? model_->from_container(*shot.from, sent) : model_->from_wire(sent);
  return run(shot, in, {.verdict = verdict, .packet = {}});
}

Played NatBench::play_error(const Shot& quoted, const Endpoint* by, const Addr& from,
                            std::size_t length) {
  Addr source;
  const Verdict verdict = model_->error(by, quoted.tuple, from, &source);
  Shot shot = quoted;
  shot.from = by;
  const Packet in = error_packet(header_in(by), from, quoted.tuple.src, quoted.ttl,
                                 quote_of(quoted, quoted.tuple, length));
  if (verdict.way != Way::into && verdict.way != Way::out) {
    return run(shot, in, {.verdict = verdict, .packet = in});
  }
  const auto ttl = static_cast<std::uint8_t>(quoted.ttl - verdict.hops);
  return run(shot, in,
             {.verdict = verdict,
              .packet = error_packet(header_out(verdict, by), source, verdict.becomes.dst, ttl,
                                     quote_of(quoted, verdict.becomes.back(), length))});
}

Played NatBench::run(const Shot& shot, const Packet& in, const Expected& expected) {
  static const std::uint32_t up0 = uplink();
  RunOptions options;
  options.ifindex = shot.from ? shot.from->ifindex() : up0;
  options.ingress_ifindex = shot.from ? 0 : up0;
  options.checksum_complete = shot.complete && can_check_checksum_complete();
  int action = 0;
  Packet out;
  const BpfProgram& program = shot.from ? this->program() : *uplink_program_;
  const int error = program.run_only(in, options, &action, &out);
  if (error != 0) {
    return {.wrong = std::string("the kernel failed the run: ") + std::strerror(error) +
                     (error == EBADMSG ? " (skb->csum went stale)\n" : "\n") + describe(in)};
  }
  return judge(shot, in, expected, action, out);
}

Played NatBench::judge(const Shot& shot, const Packet& in, const Expected& expected, int action,
                       const Packet& out) {
  Verdict verdict = expected.verdict;
  std::ostringstream wrong;
  wrong << count(verdict);
  if (action != action_of(verdict.way)) {
    wrong << "verdict " << action << " instead of " << action_of(verdict.way) << "\n";
  }
  if (verdict.port_is_chosen && wrong.str().empty()) {
    verdict.becomes.sport = source_port(out, shot);
    if (is_echo(shot.tuple.proto)) verdict.becomes.dport = verdict.becomes.sport;
    wrong << model_->settle(verdict.becomes.sport);
  }
  if (verdict.way != Way::drop && wrong.str().empty()) {
    const Packet want =
        expected.packet.size() != 0
            ? expected.packet
            : build_shot(shot, header_out(verdict, shot.from), verdict.becomes, verdict.hops);
    if (!(out == want)) {
      wrong << "it became\n" << describe(out) << "\ninstead of\n" << describe(want);
    }
  }
  Played played{.reason = verdict.reason, .becomes = verdict.becomes, .into = verdict.into};
  if (wrong.str().empty()) return played;
  played.wrong = wrong.str() + "\nexpected " + std::to_string(verdict.reason) + "; sent " +
                 (shot.from ? shot.from->device : "by the wire") + ":\n" + describe(in);
  return played;
}

// One packet for the predicted reason; check_counters() sees to the others.
std::string NatBench::count(const Verdict& verdict) {
  ++counts_[verdict.reason];
  if (counted(verdict.reason) == counts_[verdict.reason]) return {};
  std::ostringstream text;
  text << verdict.reason << " was not counted once, but";
  for (int number = 0; number < FL_REASON_MAX; ++number) {
    const auto reason = static_cast<fl_reason>(number);
    if (counted(reason) != counts_[reason]) text << " " << reason;
  }
  text << "\n";
  return text.str();
}

void NatBench::put_list(std::uint32_t list, const std::vector<Publication::Rule>& rules) {
  for (const auto& rule : rules) {
    program().put("fl_sources",
                  fl_source_key{.prefix = 32 + static_cast<std::uint32_t>(rule.length),
                                .list = list,
                                .addr = rule.net.raw()},
                  std::uint32_t{rule.allow ? FL_SOURCE_ALLOW : FL_SOURCE_DENY});
  }
}

// The flags and the first port of the ranges on any address; ranges of one protocol that overlap
// are the same one.
void NatBench::write_ports(const Publication& p) {
  for (std::uint32_t port = p.first; port < std::uint32_t{p.first} + p.count; ++port) {
    fl_port_bits bits{};
    for (const auto& [other, list] : published_) {
      if (port < other.first || port >= std::uint32_t{other.first} + other.count) continue;
      bits.flags |= 1U << slot_of(other.proto);
      bits.first[slot_of(other.proto)] = htons(other.first);
    }
    program().put("fl_port_bits", port, bits);
  }
}

void NatBench::publish(const Publication& p, std::uint32_t list) {
  published_.emplace_back(p, list);
  model_->publish(p);
  program().put("fl_ports",
                fl_port_key{.addr = p.on.raw(), .port = htons(p.first), .proto = p.proto, .pad = 0},
                fl_port{.addr = p.to->addr(p.on.family()).raw(),
                        .network = p.to->network,
                        .ifindex = p.to->ifindex(),
                        .port = htons(p.to_first),
                        .count = p.count,
                        .list = list});
  write_ports(p);
}

void NatBench::withdraw(const Publication& p) {
  std::erase_if(published_, [&](const auto& item) {
    return item.first.on == p.on && item.first.first == p.first && item.first.proto == p.proto;
  });
  model_->withdraw(p);
  program().erase(
      "fl_ports",
      fl_port_key{.addr = p.on.raw(), .port = htons(p.first), .proto = p.proto, .pad = 0});
  write_ports(p);
  std::vector<int> gone;
  for (const auto& [number, flow] : model_->flows()) {
    const Tuple& t = flow.shows[0];
    if (flow.server != nullptr && t.proto == p.proto && t.dport >= p.first &&
        t.dport - p.first < p.count) {
      gone.push_back(number);
    }
  }
  for (const int number : gone) forget(number);
}

void NatBench::set_masquerade(std::uint32_t network, bool on) {
  set_flags(network, on ? FL_NET_MASQUERADE : 0);
  model_->set_masquerade(network, on);
  const std::uint32_t zero = 0;
  program().put(
      "fl_port_bits", zero,
      fl_port_bits{.flags = on ? 0U : std::uint32_t{FL_PORT_ROUTED}, .first = {}, .pad = {}});
}

void NatBench::forget(int flow) {
  const model::Flow& gone = model_->flows().at(flow);
  for (const Tuple& t : gone.shows) {
    program().erase("fl_nat", test::flow(t.proto, t.src, t.sport, t.dst, t.dport));
  }
  const std::uint32_t whose = gone.counted_for()->ifindex();
  if (auto count = program().get<std::uint32_t, fl_flow_count>("fl_flow_counts", whose)) {
    count->flows -= count->flows ? 1 : 0;
    count->half_open -= count->half_open && !gone.is_open() ? 1 : 0;
    program().put("fl_flow_counts", whose, *count);
  }
  model_->forget(flow);
}

}  // namespace fairlead::test
