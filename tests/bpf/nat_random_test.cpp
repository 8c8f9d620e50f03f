// One million random packets of random flows through tc_endpoint and tc_uplink, both families at
// once: the model agrees with each about where it goes and about every byte of it.
//
// FAIRLEAD_SEED repeats a run, FAIRLEAD_PACKETS shortens or lengthens it. Which ports the programs
// choose differs from run to run all the same.
#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "nat_bench.h"

// Where each of very many short-lived buffers was made is of no interest: half the time goes into
// noting it.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=1:quarantine_size_mb=4";
}

namespace fairlead::test {
namespace {

using model::Flow;
using model::Publication;
using model::Tuple;

constexpr int kPackets = 1'000'000;
constexpr std::size_t kMostFlows = 1200;    // far below the size of fl_nat, so that LRU takes none
constexpr std::uint32_t kOrphans = 0xf000;  // identifiers from here on are of lone later fragments
const std::array<const Endpoint*, 3> kEndpoints{&kA, &kB, &kC};

// Outside, all by the router.
const std::array<Pair, 5> kRemotes{{{"198.18.5.5", "2001:db8:f5::5"},
                                    {"198.18.5.6", "2001:db8:f5::6"},
                                    {"198.18.77.1", "2001:db8:f4::1"},
                                    {"198.19.255.254", "2001:db8:1234:5678:9abc:def0:ffff:fffe"},
                                    {"198.19.0.1", "2001:db8:ffff::ffff"}}};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class NatRandomTest : public NatBench {
 protected:
  void SetUp() override;

  std::uint32_t dice(std::uint32_t sides) { return static_cast<std::uint32_t>(random_() % sides); }
  bool chance(std::uint32_t percent) { return dice(100) < percent; }
  template <typename T, std::size_t N>
  const T& one_of(const std::array<T, N>& all) {
    return all[dice(N)];
  }
  Family family() { return chance(50) ? Family::v4 : Family::v6; }
  std::uint16_t port(std::uint32_t first, std::uint32_t count) {
    return static_cast<std::uint16_t>(first + dice(count));
  }
  std::uint16_t any_port() { return chance(50) ? port(kFirst, 128) : port(1, 65535); }
  std::uint8_t protocol(Family family);
  std::uint8_t flags_of_a_connection();

  Shot dressed(const Endpoint* from, const Tuple& tuple, bool reply);
  Shot of_a_flow();
  Shot to_the_outside();
  Shot by_the_wire();
  Shot to_the_host();
  Shot noise();
  bool send(const Shot& shot);
  bool send_pieces(Shot shot);
  bool send_error();
  bool step();
  void change_something();
  void shed_flows();
  const Flow* some_flow();
  struct Part {
    int ports;  // to choose from
    std::uint32_t cap;
  };
  void run_part(const Part& part, int wanted);
  std::vector<Publication> offers() const;

  std::mt19937_64 random_;
  std::vector<Publication> offers_;
  std::vector<bool> offered_;
  bool masqueraded_ = true;
  std::chrono::steady_clock::time_point shed_ = std::chrono::steady_clock::now();
  std::uint32_t datagrams_ = 0;
  int sent_ = 0;
  std::string wrong_;
  std::map<fl_reason, int> outcomes_;
};

// Ranges and single ports, on any and on exact addresses, some among the ports to choose from, some
// with lists.
std::vector<Publication> NatRandomTest::offers() const {
  std::vector<Publication> out;
  for (const Family f : {Family::v4, Family::v6}) {
    const bool v4 = f == Family::v4;
    const std::vector<Publication::Rule> listed = {
        {.net = kRemotes[0](f), .length = v4 ? 120 : 64, .allow = true},
        {.net = kRemotes[1](f), .length = 128, .allow = false},
        {.net = kA.addr(f), .length = 128, .allow = true}};
    const Addr any = kAny(f);
    const Addr host = kHost(f);
    out.push_back({any, 80, 1, IPPROTO_TCP, &kA, 80});
    out.push_back({any, 443, 1, IPPROTO_TCP, &kB, 80, listed});
    out.push_back({host, 443, 1, IPPROTO_TCP, &kC, 80});
    out.push_back({any, 53, 1, IPPROTO_UDP, &kA, 53});
    out.push_back({host, 54, 1, IPPROTO_UDP, &kA, 53});  // the same container port: may collide
    out.push_back({any, 7000, 40, IPPROTO_TCP, &kB, 17000, listed});
    out.push_back({any, 7000, 40, IPPROTO_UDP, &kC, 7000});
    out.push_back({host, 7000, 40, IPPROTO_UDP, &kA, 9000});
    out.push_back({any, 40100, 8, IPPROTO_TCP, &kA, 5000});
    out.push_back({any, 40110, 1, IPPROTO_UDP, &kC, 40110});
    out.push_back({any, 3868, 1, IPPROTO_SCTP, &kB, 3868});
  }
  return out;
}

void NatRandomTest::SetUp() {
  NatBench::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  const std::uint64_t seed = from_environment("FAIRLEAD_SEED", std::random_device{}());
  std::cout << "FAIRLEAD_SEED=" << seed << "\n";
  random_.seed(seed);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof(one), &one);  // an LRU's free places are kept by CPU
  offers_ = offers();
}

std::uint8_t NatRandomTest::protocol(Family family) {
  const std::uint32_t n = dice(10);
  if (n < 5) return IPPROTO_TCP;
  return n < 8 ? std::uint8_t{IPPROTO_UDP} : icmp_proto(family);
}

std::uint8_t NatRandomTest::flags_of_a_connection() {
  const std::uint32_t n = dice(100);
  if (n < 70) return kAck;
  if (n < 78) return kSyn;
  if (n < 84) return kSyn | kAck;
  if (n < 94) return kFin | kAck;
  return n < 97 ? std::uint8_t{kRst} : std::uint8_t{kRst | kAck};
}

Shot NatRandomTest::dressed(const Endpoint* from, const Tuple& tuple, bool reply) {
  Shot shot;
  shot.from = from;
  shot.tuple = tuple;
  shot.reply = reply;
  shot.tcp_flags = flags_of_a_connection();
  shot.length = chance(2) ? dice(1300) : dice(40);
  shot.ttl = static_cast<std::uint8_t>(2 + dice(254));
  shot.tos = static_cast<std::uint8_t>(dice(256));
  shot.checksum = !tuple.dst.is_v4() || chance(80);
  shot.complete = from == nullptr && shot.checksum && chance(50);
  return shot;
}

const Flow* NatRandomTest::some_flow() {
  const auto& all = nat_model().flows();
  if (all.empty()) return nullptr;
  const auto span = static_cast<std::uint32_t>(all.rbegin()->first - all.begin()->first + 1);
  return &all.lower_bound(all.begin()->first + static_cast<int>(dice(span)))->second;
}

// Who sends a flow's packet of this direction; null: somebody outside.
const Endpoint* sender(const Flow& flow, int direction) {
  return direction == 0                  ? flow.opener
         : flow.kind == FL_NAT_HAIRPIN   ? flow.server
         : flow.kind == FL_NAT_PUBLISHED ? flow.server
                                         : nullptr;
}

Shot NatRandomTest::of_a_flow() {
  const Flow* flow = some_flow();
  if (flow == nullptr) return to_the_outside();
  const int direction = static_cast<int>(dice(2));
  return dressed(sender(*flow, direction), flow->shows[direction], direction == 1);
}

Shot NatRandomTest::to_the_outside() {
  const Endpoint* from = one_of(kEndpoints);
  const Family f = family();
  Tuple t{from->addr(f), any_port(), one_of(kRemotes)(f), port(80, 4), protocol(f)};
  if (t.proto == icmp_proto(f)) t.dport = t.sport;
  if (chance(1)) t.proto = IPPROTO_SCTP;
  return dressed(from, t, false);
}

// To a published port, or one beside it, or one that we choose from.
Shot NatRandomTest::by_the_wire() {
  const Publication& p = offers_[dice(static_cast<std::uint32_t>(offers_.size()))];
  const Family f = p.on.family();
  const auto dport = static_cast<std::uint16_t>(p.first + dice(p.count + 2u));
  return dressed(nullptr, {one_of(kRemotes)(f), port(30000, 60), kHost(f), dport, p.proto}, false);
}

Shot NatRandomTest::to_the_host() {
  const Publication& p = offers_[dice(static_cast<std::uint32_t>(offers_.size()))];
  const Family f = p.on.family();
  const Endpoint* from = one_of(kEndpoints);
  const auto dport = static_cast<std::uint16_t>(p.first + dice(p.count + 1u));
  const Addr to = chance(70) ? kHost(f) : chance(50) ? kGateway1(f) : kGateway2(f);
  const std::uint8_t proto = p.proto == IPPROTO_SCTP ? std::uint8_t{IPPROTO_TCP} : p.proto;
  return dressed(from, {from->addr(f), any_port(), to, dport, proto}, false);
}

// What belongs to nothing: answers that nobody asked for, echoes, forged sources.
Shot NatRandomTest::noise() {
  const Family f = family();
  Tuple t{one_of(kRemotes)(f), any_port(), kHost(f), any_port(), protocol(f)};
  if (t.proto == icmp_proto(f)) t.sport = t.dport;
  if (chance(10)) t.src = chance(50) ? kHost(f) : one_of(kEndpoints)->addr(f);
  return dressed(nullptr, t, true);
}

bool NatRandomTest::send(const Shot& shot) {
  const Played played = play(shot);
  ++sent_;
  ++outcomes_[played.reason];
  wrong_ = played.wrong;
  return wrong_.empty();
}

// A datagram in two pieces, or only the second.
bool NatRandomTest::send_pieces(Shot shot) {
  if (shot.tuple.proto != IPPROTO_UDP) return send(shot);
  shot.length = 16 + dice(60);
  shot.complete = false;
  shot.checksum = true;
  if (chance(20)) {
    shot.fragment = model::Fragment{.first = false, .id = kOrphans + dice(0x0fff)};
    return send(shot);
  }
  const std::uint32_t id = ++datagrams_ % kOrphans;
  shot.fragment = model::Fragment{.first = true, .id = id};
  if (!send(shot)) return false;
  shot.fragment->first = false;
  return send(shot);
}

// About a packet of a flow, by its receiver or a router on the way; or about no flow.
bool NatRandomTest::send_error() {
  const Flow* flow = some_flow();
  if (flow == nullptr) return true;
  const int direction = static_cast<int>(dice(2));
  Tuple quoted = flow->becomes[direction];
  const Endpoint* by = sender(*flow, 1 - direction);
  if (quoted.proto == IPPROTO_SCTP) return true;
  if (chance(10)) quoted.dport = quoted.sport = port(1, 1000);
  if (by && nat_model().find(quoted.back()) == nullptr && !quoted.src.is_v4()) return true;
  const Addr from = by || chance(50) ? quoted.dst : one_of(kRemotes)(quoted.dst.family());
  Shot shot = dressed(by, quoted, direction == 1);
  const std::size_t least = quoted.dst.is_v4() ? 28 : 48;
  std::size_t more = chance(50) ? dice(24) : 500;
  if (more == 9) more = 10;  // half a checksum of TCP cannot be mended
  const Played played = play_error(shot, by, from, least + more);
  ++sent_;
  ++outcomes_[played.reason];
  wrong_ = played.wrong;
  return wrong_.empty();
}

void NatRandomTest::change_something() {
  if (dice(40) == 0) {
    masqueraded_ = !masqueraded_;
    set_masquerade(2, masqueraded_);
    return;
  }
  const std::size_t n = dice(static_cast<std::uint32_t>(offers_.size()));
  if (offered_[n])
    withdraw(offers_[n]);
  else
    publish(offers_[n], offers_[n].rules.empty() ? 0 : offers_[n].on.is_v4() ? 4 : 6);
  offered_[n] = !offered_[n];
}

// No flow lives long enough for its age to count: of those without an answer, a second.
void NatRandomTest::shed_flows() {
  const auto now = std::chrono::steady_clock::now();
  if (now - shed_ > std::chrono::seconds(1)) {
    shed_ = now;
    std::vector<int> old;
    for (const auto& [number, flow] : nat_model().flows()) {
      if (!flow.is_open() && flow.shows[0].proto != IPPROTO_TCP) old.push_back(number);
    }
    for (const int number : old) forget(number);
  }
  while (nat_model().flows().size() > kMostFlows) {
    for (int i = 0; i < 20; ++i) forget(nat_model().flows().begin()->first);
  }
}

bool NatRandomTest::step() {
  const std::uint32_t n = dice(1000);
  if (n < 2) change_something();
  if (n < 40)
    return send_pieces(chance(50) ? of_a_flow() : chance(50) ? by_the_wire() : to_the_outside());
  if (n < 100) return send_error();
  if (n < 600) return send(of_a_flow());
  if (n < 750) return send(to_the_outside());
  if (n < 880) return send(by_the_wire());
  if (n < 950) return send(to_the_host());
  return send(noise());
}

// A part of the million with these settings.
void NatRandomTest::run_part(const Part& part, int wanted) {
  begin(kFirst, static_cast<std::uint16_t>(kFirst + part.ports - 1), part.cap);
  ASSERT_FALSE(HasFatalFailure());
  offered_.assign(offers_.size(), false);
  masqueraded_ = true;
  for (const Publication& p : offers_) {
    if (!p.rules.empty()) put_list(p.on.is_v4() ? 4 : 6, p.rules);
  }
  for (std::size_t i = 0; i < offers_.size(); ++i) change_something();
  for (const int end = sent_ + wanted; sent_ < end; shed_flows()) {
    ASSERT_TRUE(step()) << "packet " << sent_ << ": " << wrong_;
    if (sent_ % 4096 == 0) {
      ASSERT_EQ(check_counters(), "") << "packet " << sent_;
    }
  }
  EXPECT_EQ(check_counters(), "");
}

TEST_F(NatRandomTest, OneMillionPacketsAgreeWithTheModel) {
  const auto wanted = static_cast<int>(from_environment("FAIRLEAD_PACKETS", kPackets));
  run_part({.ports = 128, .cap = 1'000'000}, wanted / 2);
  if (HasFatalFailure()) return;
  run_part({.ports = 2, .cap = 140}, wanted - sent_);  // never enough of either
  for (const auto& [reason, count] : outcomes_) std::cout << reason << " " << count << "\n";
}

}  // namespace
}  // namespace fairlead::test
