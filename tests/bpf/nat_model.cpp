#include "nat_model.h"

#include <algorithm>
#include <ostream>
#include <tuple>

namespace fairlead::test::model {
namespace {

using Way = Verdict::Way;

bool is_echo(std::uint8_t proto) { return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6; }

Verdict dropped(fl_reason reason) { return {.reason = reason}; }

Verdict left_alone(const Tuple& t) {
  return {.reason = FL_PUNT_NOT_OURS, .way = Way::alone, .becomes = t};
}

const Pair& gateway(const Endpoint& of) { return of.network == 1 ? kGateway1 : kGateway2; }

bool is_hosts(const Addr& a) {
  for (const Pair* p : {&kHost, &kGateway1, &kGateway2, &kLoopback})
    if (a == p->v4 || a == p->v6) return true;
  return false;
}

bool matches(const Addr& a, const Addr& net, int length) {
  for (int bit = 0; bit < length; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    if ((a.bytes[at] ^ net.bytes[at]) >> (7 - bit % 8) & 1) return false;
  }
  return true;
}

bool is_containers(const Addr& a) {
  return matches(a, "10.77.1.0", 120) || matches(a, "10.77.2.0", 120) ||
         matches(a, "2001:db8:77:1::", 64) || matches(a, "2001:db8:77:2::", 64);
}

bool may_reach(const Publication& p, const Addr& source) {
  int longest = -1;
  bool allowed = p.rules.empty();
  for (const auto& rule : p.rules) {
    if (rule.length <= longest || !matches(source, rule.net, rule.length)) continue;
    longest = rule.length;
    allowed = rule.allow;
  }
  return allowed;
}

// Only the first fragment of a datagram shows its ports.
std::pair<Tuple, std::uint32_t> datagram(const Sent& sent) {
  Tuple t = sent.tuple;
  t.sport = t.dport = 0;
  return {t, sent.fragment->id};
}

}  // namespace

bool Tuple::operator<(const Tuple& other) const {
  return std::tie(src.bytes, sport, dst.bytes, dport, proto) <
         std::tie(other.src.bytes, other.sport, other.dst.bytes, other.dport, other.proto);
}

std::ostream& operator<<(std::ostream& out, const Tuple& t) {
  return out << "protocol " << int{t.proto} << " " << t.src << " " << t.sport << " -> " << t.dst
             << " " << t.dport;
}

bool Flow::is_open() const { return seen[1] && (shows[0].proto != IPPROTO_TCP || seen[0]); }

bool Flow::is_over() const { return reset[0] || reset[1] || (fin[0] && fin[1]); }

void NatModel::withdraw(const Publication& p) {
  std::erase_if(published_, [&](const Publication& other) {
    return p.on == other.on && p.first == other.first && p.proto == other.proto;
  });
}

std::optional<NatModel::Place> NatModel::find_place(const Tuple& shows) const {
  const auto at = places_.find(shows);
  return at == places_.end() ? std::nullopt : std::optional(at->second);
}

const Flow* NatModel::find(const Tuple& shows) const {
  const auto place = find_place(shows);
  return place ? &flows_.at(place->flow) : nullptr;
}

void NatModel::forget(int flow) {
  for (const Tuple& t : flows_.at(flow).shows) places_.erase(t);
  --counts_[flows_.at(flow).counted_for()];
  flows_.erase(flow);
}

const Publication* NatModel::published_at(const Addr& addr, std::uint16_t port,
                                          std::uint8_t proto) const {
  const Publication* any = nullptr;
  for (const Publication& p : published_) {
    if (p.proto != proto || port < p.first || port - p.first >= p.count) continue;
    if (p.on == addr) return &p;
    if (p.on == kAny(addr.family())) any = &p;
  }
  return any;
}

bool NatModel::is_published(std::uint16_t port, std::uint8_t proto) const {
  return std::ranges::any_of(published_, [&](const Publication& p) {
    return p.proto == proto && port >= p.first && port - p.first < p.count;
  });
}

// Whether the host may have a container's packet under this port; all else is its own.
bool NatModel::can_be_ours(const Tuple& t) const {
  return in_range(t.dport) || is_published(t.dport, t.proto) || is_any_routed();
}

bool NatModel::is_any_routed() const {
  return std::ranges::any_of(routed_, [](const auto& network) { return network.second; });
}

bool NatModel::is_at_cap(const Flow& flow) const {
  const auto count = counts_.find(flow.counted_for());
  return count != counts_.end() && count->second >= cap_;
}

// By the wire, of no flow and to no published port.
Verdict NatModel::not_ours(const Tuple& t) const {
  return is_any_routed() && is_containers(t.dst) ? dropped(FL_DROP_DIRECT) : left_alone(t);
}

std::size_t NatModel::half_open(const Endpoint* whose) const {
  return static_cast<std::size_t>(std::ranges::count_if(flows_, [&](const auto& item) {
    return item.second.counted_for() == whose && !item.second.is_open();
  }));
}

bool NatModel::borrow_ports(Sent& sent) const {
  const auto at = fragments_.find(datagram(sent));
  if (at == fragments_.end()) return false;
  std::tie(sent.tuple.sport, sent.tuple.dport) = at->second;
  return true;
}

void NatModel::note(Flow& flow, int direction, const Sent& sent) {
  const std::uint8_t flags = sent.tcp_flags;
  if (sent.fragment && sent.fragment->first) {
    fragments_[datagram(sent)] = {sent.tuple.sport, sent.tuple.dport};
  }
  const bool opening = (flags & (kSyn | kAck | kRst)) == kSyn && direction == 0;
  if (opening) {  // of a flow that had ended: anew
    const bool ended = flow.fin[0] || flow.fin[1] || flow.reset[0] || flow.reset[1];
    for (int d = 0; d < 2 && ended; ++d) flow.seen[d] = flow.fin[d] = flow.reset[d] = false;
    return;
  }
  flow.seen[direction] = flow.seen[direction] || (flags & kRst) == 0;
  flow.fin[direction] = flow.fin[direction] || (flags & kFin) != 0;
  flow.reset[direction] = (flags & kRst) != 0;
}

Verdict NatModel::verdict(const Flow& flow, int direction) const {
  Verdict out{.becomes = flow.becomes[direction], .hops = 1};
  const bool first = direction == 0;
  switch (flow.kind) {
    case FL_NAT_HAIRPIN:
      out.reason = FL_FORWARD_HAIRPIN;
      out.hops = 0;  // it never leaves the host
      out.into = first ? flow.server : flow.opener;
      break;
    case FL_NAT_PUBLISHED:
      out.reason = first ? FL_FORWARD_PUBLISHED : FL_FORWARD_PUBLISHED_REPLY;
      out.into = first ? flow.server : nullptr;
      break;
    case FL_NAT_ROUTED:
    case FL_NAT_MASQUERADE:
      out.reason = !first                       ? FL_FORWARD_MASQUERADE_REPLY
                   : flow.kind == FL_NAT_ROUTED ? FL_FORWARD_ROUTED
                                                : FL_FORWARD_MASQUERADE;
      out.into = first ? nullptr : flow.opener;
      break;
    case FL_NAT_MOVED:
      break;
  }
  out.way = out.into ? Way::into : Way::out;
  return out;
}

Verdict NatModel::follow(const Place& place, const Sent& sent) {
  Flow& flow = flows_.at(place.flow);
  note(flow, place.direction, sent);
  return verdict(flow, place.direction);
}

void NatModel::insert(const Flow& flow, const Sent& sent) {
  const int number = next_++;
  flows_[number] = flow;
  for (int d = 0; d < 2; ++d) places_[flow.shows[d]] = {number, d};
  ++counts_[flow.counted_for()];
  note(flows_[number], 0, sent);
}

Verdict NatModel::open(Flow flow, const Sent& sent) {
  if (is_at_cap(flow)) return dropped(FL_DROP_FLOW_CAP);
  flow.shows[1] = flow.becomes[0].back();
  flow.becomes[1] = flow.shows[0].back();
  if (const auto old = find_place(flow.shows[1])) {
    if (!flows_.at(old->flow).is_over()) return dropped(FL_DROP_NAT_COLLISION);
    forget(old->flow);
  }
  insert(flow, sent);
  return verdict(flow, 0);
}

Tuple NatModel::answer(const Flow& flow, std::uint16_t port) {
  Tuple t = flow.becomes[0].back();
  t.dport = port;
  if (is_echo(t.proto)) t.sport = port;
  return t;
}

Verdict NatModel::open_with_port(Flow flow, const Sent& sent) {
  if (is_at_cap(flow)) return dropped(FL_DROP_FLOW_CAP);
  if (!has_port(flow)) return dropped(FL_DROP_NAT_EXHAUSTED);
  waiting_ = flow;
  waiting_sent_ = sent;
  Verdict out = verdict(flow, 0);
  out.port_is_chosen = true;
  return out;
}

// A port that is free, or that of a flow that gives way.
bool NatModel::has_port(const Flow& flow) const {
  std::vector<const Flow*> taken;
  for (int i = first_; i <= last_; ++i) {
    const auto port = static_cast<std::uint16_t>(i);
    if (is_published(port, flow.shows[0].proto)) continue;
    const Flow* old = find(answer(flow, port));
    if (!old) return true;
    taken.push_back(old);
  }
  return std::ranges::any_of(taken, [&](const Flow* old) { return gives_way(*old, flow); });
}

// When every port is taken: what is over, and what never opened and is the same container's, or
// that of one with more of such.
bool NatModel::gives_way(const Flow& flow, const Flow& to) const {
  if (flow.is_open()) return flow.is_over();
  if (flow.shows[0].proto != IPPROTO_TCP) return false;
  return flow.counted_for() == to.counted_for() ||
         half_open(flow.counted_for()) > half_open(to.counted_for());
}

std::string NatModel::settle(std::uint16_t port) {
  const std::uint8_t proto = waiting_.shows[0].proto;
  const auto is_free = [&](std::uint16_t p) {
    return in_range(p) && !is_published(p, proto) && !find(answer(waiting_, p));
  };
  const std::uint16_t own = waiting_.shows[0].sport;
  const std::string name = "port " + std::to_string(port);
  if (!in_range(port)) return name + " is out of the range";
  if (is_published(port, proto)) return name + " is published";
  if (port != own && is_free(own)) return name + " instead of " + std::to_string(own) + ", its own";
  if (const auto old = find_place(answer(waiting_, port))) {
    for (int p = first_; p <= last_; ++p) {
      if (is_free(static_cast<std::uint16_t>(p))) {
        return name + " is taken, and " + std::to_string(p) + " is free";
      }
    }
    if (!gives_way(flows_.at(old->flow), waiting_)) return name + " is of a flow that must stay";
    forget(old->flow);
  }
  waiting_.shows[1] = answer(waiting_, port);
  waiting_.becomes[0] = waiting_.shows[1].back();
  waiting_.becomes[1] = waiting_.shows[0].back();
  insert(waiting_, waiting_sent_);
  return {};
}

Verdict NatModel::open_hairpin(const Endpoint& sender, const Publication& p, const Sent& sent) {
  const Tuple& t = sent.tuple;
  if (!may_reach(p, t.src)) return dropped(FL_DROP_NOT_ALLOWED);
  const auto port = static_cast<std::uint16_t>(p.to_first + (t.dport - p.first));
  const Family family = t.dst.family();
  Flow flow{.kind = FL_NAT_HAIRPIN, .opener = &sender, .server = p.to};
  flow.shows[0] = t;
  flow.becomes[0] = {gateway(*p.to)(family), t.sport, p.to->addr(family), port, t.proto};
  return open_with_port(flow, sent);
}

Verdict NatModel::from_container(const Endpoint& sender, Sent sent) {
  const bool later = sent.fragment && !sent.fragment->first;
  const bool known = !later || borrow_ports(sent);
  const Tuple& t = sent.tuple;
  if (const auto place = known ? find_place(t) : std::nullopt) return follow(*place, sent);
  if (is_hosts(t.dst)) {
    const Publication* p = later ? nullptr : published_at(t.dst, t.dport, t.proto);
    if (p) return open_hairpin(sender, *p, sent);
    return {.reason = FL_FORWARD_HOST_IN, .way = Way::to_host, .becomes = t};
  }
  if (later) return dropped(FL_DROP_FRAGMENT);
  Flow flow{.kind = FL_NAT_ROUTED, .opener = &sender};
  flow.shows[0] = flow.becomes[0] = t;
  const auto routed = routed_.find(sender.network);
  if (routed != routed_.end() && routed->second) return open(flow, sent);
  if (t.proto == IPPROTO_SCTP) return dropped(FL_DROP_NAT_PROTOCOL);
  flow.kind = FL_NAT_MASQUERADE;
  flow.becomes[0].src = kHost(t.src.family());
  return open_with_port(flow, sent);
}

Verdict NatModel::from_wire(Sent sent) {
  const bool later = sent.fragment && !sent.fragment->first;
  const bool known = !later || borrow_ports(sent);
  const Tuple& t = sent.tuple;
  if (!known || !can_be_ours(t)) return not_ours(t);
  if (const auto place = find_place(t)) {
    const Verdict ahead = verdict(flows_.at(place->flow), place->direction);
    const bool inward =
        ahead.reason == FL_FORWARD_PUBLISHED || ahead.reason == FL_FORWARD_MASQUERADE_REPLY;
    return inward ? follow(*place, sent) : left_alone(t);
  }
  const Publication* p = later ? nullptr : published_at(t.dst, t.dport, t.proto);
  if (!p || !is_hosts(t.dst)) return not_ours(t);
  if (is_hosts(t.src) || is_containers(t.src)) return dropped(FL_DROP_MARTIAN);
  if (!may_reach(*p, t.src)) return dropped(FL_DROP_NOT_ALLOWED);
  Flow flow{.kind = FL_NAT_PUBLISHED, .server = p->to};
  const auto port = static_cast<std::uint16_t>(p->to_first + (t.dport - p->first));
  flow.shows[0] = t;
  flow.becomes[0] = {t.src, t.sport, p->to->addr(t.dst.family()), port, t.proto};
  return open(flow, sent);
}

Verdict NatModel::error(const Endpoint* sender, const Tuple& quoted, const Addr& from,
                        Addr* source) const {
  const Tuple direction = quoted.back();
  const auto place = find_place(direction);
  *source = from;
  if (!place && !sender) return not_ours(quoted.back());
  if (!place && is_hosts(quoted.src)) return {.reason = FL_FORWARD_HOST_IN, .way = Way::to_host};
  if (!place) return dropped(FL_DROP_NAT_PROTOCOL);
  const Flow& flow = flows_.at(place->flow);
  Verdict out = verdict(flow, place->direction);
  if (from == direction.src) *source = out.becomes.src;
  out.reason = FL_FORWARD_RELATED;
  return out;
}

}  // namespace fairlead::test::model
