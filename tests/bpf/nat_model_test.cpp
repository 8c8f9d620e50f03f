// NAT, by a table: each case is a few packets, and the model predicts what every one of them
// becomes. The table says which reason each has, so that model and programs cannot be wrong
// together about that.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "nat_bench.h"

namespace fairlead::test {
namespace {

using model::Publication;
using model::Tuple;

enum class Place : std::uint8_t { a, b, c, wire };
enum class Proto : std::uint8_t { tcp, udp, sctp, echo };

// One packet. Either its own tuple, or the answer to, or a repetition of, that of an earlier step.
struct Step {
  Place from = Place::a;
  Proto proto = Proto::udp;
  const Pair* to = nullptr;  // null: by `answer` or `again`
  std::uint16_t sport = 0;
  std::uint16_t dport = 0;
  int answer = -1;  // step whose packet is answered by who got it
  int again = -1;   // step whose packet is sent once more
  int forget = -1;  // step whose flow is collected before
  fl_reason want = FL_OK;
  std::uint8_t flags = kSyn;
  bool checksum = true;
  int fragment = 0;                // 1: a first one, 2: a later one
  const Pair* source = &kOutside;  // of what comes by the wire
};

struct Port {
  const Pair* on = &kAny;
  std::uint16_t first = 8080;
  std::uint16_t to_first = 80;
  std::uint16_t count = 1;
  Proto proto = Proto::tcp;
  const Endpoint* to = &kA;
  std::uint32_t list = 0;
};

struct Case {
  const char* name;
  std::vector<Port> ports;
  std::vector<Step> steps;
  std::uint16_t nat_ports = 128;
  std::uint32_t cap = 1000;
  bool masquerade = true;
};

std::uint8_t number(Proto proto, Family family) {
  if (proto == Proto::tcp) return IPPROTO_TCP;
  if (proto == Proto::udp) return IPPROTO_UDP;
  if (proto == Proto::sctp) return IPPROTO_SCTP;
  return icmp_proto(family);
}

const Endpoint* endpoint(Place place) {
  const Endpoint* all[] = {&kA, &kB, &kC, nullptr};
  return all[static_cast<int>(place)];
}

// kOutside may reach list 1; list 2 excepts kLan out of everyone.
const Pair kList1Net = {"198.18.5.0", "2001:db8:f5::"};

constexpr auto kTcp = Proto::tcp;
constexpr auto kUdp = Proto::udp;
constexpr auto kEcho = Proto::echo;
constexpr auto kOut = FL_FORWARD_MASQUERADE;
constexpr auto kBack = FL_FORWARD_MASQUERADE_REPLY;
constexpr auto kIn = FL_FORWARD_PUBLISHED;
constexpr auto kInBack = FL_FORWARD_PUBLISHED_REPLY;
constexpr auto kHairpin = FL_FORWARD_HAIRPIN;
constexpr auto kHosts = FL_PUNT_NOT_OURS;

// A first packet, from a container or by the wire.
Step first(Place from, Proto proto, const Pair& to, std::uint16_t sport, std::uint16_t dport,
           fl_reason want, std::uint8_t flags = kSyn) {
  return {.from = from,
          .proto = proto,
          .to = &to,
          .sport = sport,
          .dport = dport,
          .want = want,
          .flags = flags};
}
Step answer(int step, fl_reason want, std::uint8_t flags = kSyn | kAck) {
  return {.answer = step, .want = want, .flags = flags};
}
Step again(int step, fl_reason want, std::uint8_t flags = kAck) {
  return {.again = step, .want = want, .flags = flags};
}
Step from(const Pair& source, Step step) {
  step.source = &source;
  return step;
}
Step piece(int which, Step step) {
  step.fragment = which;
  return step;
}
Step unsummed(Step step) {
  step.checksum = false;
  return step;
}

Step after_collecting(int flow_of, Step step) {
  step.forget = flow_of;
  return step;
}

const std::vector<Case> kCases = {
    {"MasqueradeTcpAndItsAnswer",
     {},
     {first(Place::a, kTcp, kOutside, 5000, 443, kOut), answer(0, kBack), again(0, kOut),
      answer(0, kBack, kAck)}},
    {"MasqueradeUdpAndItsAnswer",
     {},
     {first(Place::a, kUdp, kOutside, 5000, 53, kOut), answer(0, kBack), again(0, kOut)}},
    {"MasqueradePingAndItsAnswer",
     {},
     {first(Place::a, kEcho, kOutside, 77, 77, kOut), answer(0, kBack), again(0, kOut)}},
    {"PortInTheRangeIsKept",
     {},
     {first(Place::a, kUdp, kOutside, 40005, 53, kOut), answer(0, kBack)}},
    {"PortOfAnotherContainerIsNotTaken",
     {},
     {first(Place::a, kTcp, kOutside, 40005, 443, kOut),
      first(Place::b, kTcp, kOutside, 40005, 443, kOut),
      first(Place::c, kTcp, kOutside, 40005, 443, kOut), answer(0, kBack), answer(1, kBack),
      answer(2, kBack)}},
    {"PortServesTwoDestinations",
     {},
     {first(Place::a, kTcp, kOutside, 40005, 443, kOut),
      first(Place::b, kTcp, kOutside, 40005, 444, kOut), answer(0, kBack), answer(1, kBack)},
     1},
    {"PublishedPortIsNotMasqueradedWith",
     {{.first = 40005}},
     {first(Place::b, kTcp, kOutside, 40005, 443, kOut),
      first(Place::b, kUdp, kOutside, 40005, 443, kOut), answer(0, kBack), answer(1, kBack)}},
    {"NobodyMayAnswerButTheOneWhoWasAsked",
     {},
     {first(Place::a, kUdp, kOutside, 40005, 53, kOut),
      from(kLan, first(Place::wire, kUdp, kHost, 53, 40005, kHosts)),
      first(Place::wire, kUdp, kHost, 54, 40005, kHosts),
      first(Place::wire, kTcp, kHost, 53, 40005, kHosts)}},
    {"OpenFlowsKeepTheirPorts",
     {},
     {first(Place::a, kUdp, kOutside, 1, 53, kOut), answer(0, kBack),
      first(Place::b, kUdp, kOutside, 2, 53, FL_DROP_NAT_EXHAUSTED), again(0, kOut)},
     1},
    {"HalfOpenFlowOfTheSameContainerGivesWay",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), first(Place::a, kTcp, kOutside, 2, 443, kOut),
      answer(1, kBack)},
     1},
    {"HalfOpenFlowOfAnEquallyBusyContainerStays",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), first(Place::b, kTcp, kOutside, 4, 444, kOut),
      first(Place::b, kTcp, kOutside, 2, 443, FL_DROP_NAT_EXHAUSTED)},
     1},
    {"HalfOpenFlowOfABusierContainerGivesWay",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), first(Place::b, kTcp, kOutside, 2, 443, kOut),
      answer(1, kBack), again(1, kOut), answer(1, kBack, kAck)},
     1},
    {"ResetFlowGivesWay",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), answer(0, kBack), again(0, kOut),
      answer(0, kBack, kRst | kAck), first(Place::b, kTcp, kOutside, 2, 443, kOut),
      answer(4, kBack)},
     1},
    {"ResetBeforeItOpenedStaysForABusierContainer",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), answer(0, kBack, kAck), again(0, kOut, kRst),
      first(Place::b, kTcp, kOutside, 3, 444, kOut),
      first(Place::b, kTcp, kOutside, 2, 443, FL_DROP_NAT_EXHAUSTED), again(0, kOut, kSyn),
      answer(0, kBack), again(0, kOut)},
     1},
    {"FlowFinishedByBothGivesWay",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), answer(0, kBack), again(0, kOut),
      again(0, kOut, kFin | kAck), answer(0, kBack, kFin | kAck),
      first(Place::b, kTcp, kOutside, 2, 443, kOut), answer(5, kBack)},
     1},
    {"FlowFinishedByOneStays",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), answer(0, kBack), again(0, kOut),
      again(0, kOut, kFin | kAck), first(Place::b, kTcp, kOutside, 2, 443, FL_DROP_NAT_EXHAUSTED),
      answer(0, kBack, kAck)},
     1},
    {"ForgedResetDoesNotEndALiveFlow",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), answer(0, kBack), again(0, kOut),
      answer(0, kBack, kRst), answer(0, kBack, kAck),
      first(Place::b, kTcp, kOutside, 2, 443, FL_DROP_NAT_EXHAUSTED)},
     1},
    {"ResetFlowIsOpenedAnewByItsClient",
     {},
     {first(Place::a, kTcp, kOutside, 1, 443, kOut), answer(0, kBack), again(0, kOut),
      answer(0, kBack, kRst), again(0, kOut, kSyn), answer(0, kBack), again(0, kOut),
      first(Place::b, kTcp, kOutside, 2, 443, FL_DROP_NAT_EXHAUSTED)},
     1},
    {"MoreFlowsThanAContainerMayHave",
     {},
     {first(Place::a, kUdp, kOutside, 1, 53, kOut), first(Place::a, kUdp, kOutside, 2, 53, kOut),
      first(Place::a, kUdp, kOutside, 3, 53, FL_DROP_FLOW_CAP),
      first(Place::b, kUdp, kOutside, 3, 53, kOut), again(0, kOut), answer(1, kBack)},
     128,
     2},
    {"UdpWithoutAChecksum",
     {{.first = 53, .to_first = 5353, .proto = kUdp}},
     {unsummed(first(Place::a, kUdp, kOutside, 5000, 53, kOut)), unsummed(answer(0, kBack)),
      unsummed(first(Place::wire, kUdp, kHost, 6000, 53, kIn)), unsummed(answer(2, kInBack))}},
    {"FragmentsOut",
     {},
     {piece(1, first(Place::a, kUdp, kOutside, 5000, 53, kOut)), piece(2, again(0, kOut)),
      piece(1, answer(0, kBack)), piece(2, answer(0, kBack))}},
    {"FragmentsIn",
     {{.first = 53, .to_first = 5353, .proto = kUdp}},
     {piece(1, first(Place::wire, kUdp, kHost, 6000, 53, kIn)), piece(2, again(0, kIn)),
      piece(1, answer(0, kInBack)), piece(2, answer(0, kInBack))}},
    {"FragmentsWithoutTheirFirst",
     {{.first = 53, .to_first = 5353, .proto = kUdp}},
     {piece(2, first(Place::a, kUdp, kOutside, 5000, 53, FL_DROP_FRAGMENT)),
      piece(2, first(Place::wire, kUdp, kHost, 6000, 53, kHosts))}},
    {"PublishedTcpAndItsAnswer",
     {{}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn), answer(0, kInBack), again(0, kIn),
      again(0, kIn, kFin | kAck), answer(0, kInBack, kFin | kAck)}},
    {"PublishedSctpKeepsItsPort",
     {{.first = 3868, .to_first = 3868, .proto = Proto::sctp}},
     {first(Place::wire, Proto::sctp, kHost, 6000, 3868, kIn), answer(0, kInBack)}},
    {"ExactAddressWinsOverAny",
     {{}, {.on = &kHost, .to = &kC}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn), answer(0, kInBack)}},
    {"OnePortOnTwoHostAddresses",
     {{.on = &kHost}, {.on = &kGateway2, .to = &kC}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn),
      first(Place::wire, kTcp, kGateway2, 6000, 8080, kIn), answer(0, kInBack),
      answer(1, kInBack)}},
    {"RangeOfPorts",
     {{.first = 7000, .to_first = 17000, .count = 500}},
     {first(Place::wire, kTcp, kHost, 6000, 7000, kIn),
      first(Place::wire, kTcp, kHost, 6000, 7499, kIn),
      first(Place::wire, kTcp, kHost, 6000, 7500, kHosts),
      first(Place::wire, kTcp, kHost, 6000, 6999, kHosts),
      first(Place::wire, kUdp, kHost, 6000, 7100, kHosts), answer(0, kInBack), answer(1, kInBack)}},
    {"HairpinToANeighbour",
     {{}},
     {first(Place::b, kTcp, kHost, 5000, 8080, kHairpin), answer(0, kHairpin), again(0, kHairpin)}},
    {"HairpinToOneself",
     {{}},
     {first(Place::a, kTcp, kHost, 5000, 8080, kHairpin), answer(0, kHairpin), again(0, kHairpin)}},
    {"HairpinFromAnotherNetwork",
     {{}},
     {first(Place::c, kTcp, kHost, 5000, 8080, kHairpin), answer(0, kHairpin)}},
    {"HairpinByTheGatewaysAddress",
     {{}},
     {first(Place::b, kTcp, kGateway1, 5000, 8080, kHairpin), answer(0, kHairpin)}},
    {"TwoHairpinsByOneClientPort",
     {{}},
     {first(Place::b, kTcp, kHost, 40001, 8080, kHairpin),
      first(Place::a, kTcp, kHost, 40001, 8080, kHairpin), answer(0, kHairpin),
      answer(1, kHairpin)}},
    {"PortsThatAreNotPublishedAreTheHosts",
     {{}},
     {first(Place::wire, kTcp, kHost, 6000, 22, kHosts),
      first(Place::wire, kUdp, kHost, 6000, 8080, kHosts),
      first(Place::wire, kEcho, kHost, 5, 5, kHosts),
      first(Place::b, kTcp, kHost, 5000, 22, FL_FORWARD_HOST_IN)}},
    {"AllowListLetsItsMembersIn",
     {{.list = 1}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn), answer(0, kInBack)}},
    {"AllowListKeepsOthersOut",
     {{.list = 1}},
     {from(kLan, first(Place::wire, kTcp, kHost, 6000, 8080, FL_DROP_NOT_ALLOWED)),
      first(Place::b, kTcp, kHost, 5000, 8080, FL_DROP_NOT_ALLOWED)}},
    {"LongestPrefixDecides",
     {{.list = 2}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn),
      from(kLan, first(Place::wire, kTcp, kHost, 6000, 8080, FL_DROP_NOT_ALLOWED)),
      first(Place::b, kTcp, kHost, 5000, 8080, kHairpin)}},
    {"ForgedSourcesAreDropped",
     {{}},
     {from(kHost, first(Place::wire, kTcp, kHost, 6000, 8080, FL_DROP_MARTIAN)),
      from(kNobody, first(Place::wire, kTcp, kHost, 6000, 8080, FL_DROP_MARTIAN)),
      from(kGateway1, first(Place::wire, kTcp, kHost, 6000, 8080, FL_DROP_MARTIAN))}},
    {"ClientUsesItsPortAgain",
     {{}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn), answer(0, kInBack),
      again(0, kIn, kFin | kAck), answer(0, kInBack, kFin | kAck), again(0, kIn, kSyn),
      answer(0, kInBack)}},
    {"FlowsThatCouldNotBeToldApartCollide",
     {{}, {.first = 8081}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn),
      first(Place::wire, kTcp, kHost, 6000, 8081, FL_DROP_NAT_COLLISION), again(0, kIn)}},
    {"FlowThatIsOverDoesNotCollide",
     {{}, {.first = 8081}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn), answer(0, kInBack, kRst | kAck),
      first(Place::wire, kTcp, kHost, 6000, 8081, kIn), answer(2, kInBack)}},
    {"CollectedMasqueradeFlowIsUnknown",
     {},
     {first(Place::a, kUdp, kOutside, 40005, 53, kOut), answer(0, kBack),
      after_collecting(0, answer(0, kHosts)), again(0, kOut), answer(0, kBack)}},
    {"CollectedPublishedFlowIsOpenedAnew",
     {{}},
     {first(Place::wire, kTcp, kHost, 6000, 8080, kIn), answer(0, kInBack), again(0, kIn),
      after_collecting(0, again(0, kIn)), answer(0, kInBack, kAck)}},
    {"WithoutMasqueradeAddressesAreKept",
     {},
     {first(Place::a, kTcp, kOutside, 5000, 443, FL_FORWARD_ROUTED), answer(0, kBack),
      first(Place::a, Proto::sctp, kOutside, 5000, 443, FL_FORWARD_ROUTED)},
     128,
     1000,
     false},
    {"SctpIsNotMasqueraded",
     {},
     {first(Place::a, Proto::sctp, kOutside, 5000, 443, FL_DROP_NAT_PROTOCOL)}},
};

struct Param {
  const Case* test;
  Family family;
};

class NatModelTest : public NatBench, public ::testing::WithParamInterface<Param> {
 protected:
  Addr of(const Pair& pair) const { return pair(GetParam().family); }
  std::uint8_t proto(Proto p) const { return number(p, GetParam().family); }

  void prepare(const Case& test);
  Shot shot_of(const Step& step) const;
  void forget_flow_of(const Tuple& shows);

  std::vector<Shot> shots_;
  std::vector<Played> played_;
};

void NatModelTest::prepare(const Case& test) {
  begin(kFirst, static_cast<std::uint16_t>(kFirst + test.nat_ports - 1), test.cap);
  const bool v4 = GetParam().family == Family::v4;
  const std::vector<Publication::Rule> lists[] = {
      {},
      {{.net = of(kList1Net), .length = v4 ? 120 : 48, .allow = true}},
      {{.net = of(kAny), .length = v4 ? 96 : 0, .allow = true},
       {.net = of(kLan), .length = 128, .allow = false}}};
  put_list(1, lists[1]);
  put_list(2, lists[2]);
  for (const Port& p : test.ports) {
    publish({.on = of(*p.on),
             .first = p.first,
             .count = p.count,
             .proto = proto(p.proto),
             .to = p.to,
             .to_first = p.to_first,
             .rules = lists[p.list]},
            p.list);
  }
  if (!test.masquerade) set_masquerade(1, false);
}

Shot NatModelTest::shot_of(const Step& step) const {
  Shot shot;
  if (step.answer >= 0) {
    const auto at = static_cast<std::size_t>(step.answer);
    shot = shots_[at];
    shot.from = played_[at].into;
    shot.tuple = played_[at].becomes.back();
    shot.reply = true;
  } else if (step.again >= 0) {
    shot = shots_[static_cast<std::size_t>(step.again)];
  } else {
    const Endpoint* sender = endpoint(step.from);
    shot.from = sender;
    const Addr src = sender ? sender->addr(GetParam().family) : of(*step.source);
    shot.tuple = {src, step.sport, of(*step.to), step.dport, proto(step.proto)};
  }
  shot.tcp_flags = step.flags;
  shot.checksum = step.checksum || GetParam().family == Family::v6;
  shot.fragment.reset();
  shot.length = step.fragment ? 40 : 8;
  if (step.fragment) {
    const auto id = static_cast<std::uint32_t>(7 + (step.answer >= 0));
    shot.fragment = model::Fragment{.first = step.fragment == 1, .id = id};
  }
  return shot;
}

void NatModelTest::forget_flow_of(const Tuple& shows) {
  for (const auto& [number, flow] : nat_model().flows()) {
    if (flow.shows[0] == shows) return forget(number);
  }
  FAIL() << "no flow shows " << shows;
}

TEST_P(NatModelTest, Agrees) {
  const Case& test = *GetParam().test;
  prepare(test);
  for (std::size_t i = 0; i < test.steps.size(); ++i) {
    if (const int gone = test.steps[i].forget; gone >= 0) {
      forget_flow_of(shots_[static_cast<std::size_t>(gone)].tuple);
    }
    Shot shot = shot_of(test.steps[i]);
    // Sums of the network card, where nothing but the program's own care keeps them right.
    shot.complete = shot.from == nullptr && shot.checksum;
    const Played played = play(shot);
    ASSERT_EQ(played.wrong, "") << "step " << i;
    ASSERT_EQ(played.reason, test.steps[i].want) << "step " << i;
    shots_.push_back(shot);
    played_.push_back(played);
  }
  EXPECT_EQ(check_counters(), "");
}

std::vector<Param> params() {
  std::vector<Param> out;
  for (const Case& test : kCases) {
    for (const Family family : {Family::v4, Family::v6}) out.push_back({&test, family});
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(, NatModelTest, ::testing::ValuesIn(params()), [](const auto& value) {
  return std::string(value.param.test->name) + (value.param.family == Family::v4 ? "V4" : "V6");
});

}  // namespace
}  // namespace fairlead::test
