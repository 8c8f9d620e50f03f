#include "engine/underlay.h"

#include <algorithm>
#include <string_view>

#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::engine {
namespace {

using netlink::LinkInfo;
using netlink::Neighbour;
using netlink::Way;
using netlink::WayHop;
using test::addr;
using test::prefix;

constexpr int kWire = 2;
constexpr int kOtherWire = 3;
constexpr int kTun = 4;
constexpr int kHostDevice = 5;

Mac mac(std::uint8_t last) { return Mac({2, 0, 0, 0, 0, last}); }

const std::vector<LinkInfo> kLinks = {
    {.index = kWire,
     .name = "eth0",
     .kind = "",
     .mtu = 1500,
     .mac = mac(0xa2),
     .up = true,
     .ethernet = true},
    {.index = kOtherWire,
     .name = "eth1",
     .kind = "",
     .mtu = 9000,
     .mac = mac(0xa3),
     .up = true,
     .ethernet = true},
    {.index = kTun, .name = "wg0", .kind = "wireguard", .mtu = 1420, .mac = {}, .up = true},
    {.index = kHostDevice,
     .name = "fl_host",
     .kind = "veth",
     .mtu = 65535,
     .mac = mac(0xa5),
     .up = true,
     .ethernet = true},
};

WayHop direct(int link) { return {.link = link, .gateway = Address::any(Family::v4)}; }
WayHop via(int link, std::string_view gateway, unsigned weight = 1) {
  return {.link = link, .gateway = addr(gateway), .weight = weight};
}
Neighbour answers(int link, std::string_view address, std::uint8_t last) {
  return {.link = link, .address = addr(address), .mac = mac(last), .usable = true};
}

// --- choose_vteps ---------------------------------------------------------------------

TEST(ChooseVtepsTest, PrefersAFamilyButTakesTheOneThatBothHave) {
  const Address a4 = addr("198.18.0.1");
  const Address a6 = addr("2001:db8::1");
  const Address b4 = addr("198.18.0.2");
  const Address b6 = addr("2001:db8::2");
  const VtepPair v4{.remote = b4, .local = a4};
  const VtepPair v6{.remote = b6, .local = a6};
  EXPECT_EQ(choose_vteps({b4, b6}, {a4, a6}, Family::v4), v4);
  EXPECT_EQ(choose_vteps({b4, b6}, {a4, a6}, Family::v6), v6);
  EXPECT_EQ(choose_vteps({b6}, {a4, a6}, Family::v4), v6);
  EXPECT_EQ(choose_vteps({b4, b6}, {a4}, Family::v6), v4);
  EXPECT_EQ(choose_vteps({b6}, {a4}, Family::v4), std::nullopt);
  EXPECT_EQ(choose_vteps({addr("198.18.0.9"), b4}, {a4}, Family::v4)->remote, addr("198.18.0.9"))
      << "the first is where it wants them";
}

// --- resolve_way ----------------------------------------------------------------------

struct WayCase {
  const char* name;
  Way way;
  std::vector<Neighbour> neighbours;
  std::vector<std::pair<int, std::uint8_t>> hops;  // device and last byte of the MAC
  std::size_t kept;                                // neighbours that are to be resolved
  const char* problem;                             // part of it; "": none
};

class ResolveWayTest : public testing::TestWithParam<WayCase> {};

TEST_P(ResolveWayTest, Gives) {
  const WayCase& want = GetParam();
  Surroundings now;
  for (const LinkInfo& link : kLinks) now.links.emplace(link.index, link);
  for (const Neighbour& entry : want.neighbours)
    now.neighbours.emplace(KeptNeighbour(entry.link, entry.address), entry);

  const PeerWay got = resolve_way(now, want.way, addr("198.18.0.2"));

  std::vector<std::pair<int, std::uint8_t>> hops;
  for (const datapath::NextHop& hop : got.hops) {
    hops.emplace_back(hop.device, hop.destination.bytes()[5]);
    EXPECT_EQ(hop.source, now.links.at(hop.device).mac);
  }
  EXPECT_EQ(hops, want.hops);
  EXPECT_EQ(got.neighbours.size(), want.kept);
  if (std::string(want.problem).empty()) {
    EXPECT_EQ(got.problem, "");
  } else {
    EXPECT_NE(got.problem.find(want.problem), std::string::npos) << got.problem;
  }
}

using Hops = std::vector<std::pair<int, std::uint8_t>>;

const WayCase kWays[] = {
    {"OnTheLink",
     {.hops = {direct(kWire)}},
     {answers(kWire, "198.18.0.2", 1)},
     {{kWire, 1}},
     1,
     ""},
    {"NotTheSameAddressOfAnotherDevice",
     {.hops = {direct(kWire)}},
     {answers(kOtherWire, "198.18.0.2", 1)},
     {},
     1,
     "198.18.0.2 on eth0 does not answer"},
    {"ByAGateway",
     {.hops = {via(kWire, "198.18.0.254")}},
     {answers(kWire, "198.18.0.2", 1), answers(kWire, "198.18.0.254", 2)},
     {{kWire, 2}},
     1,
     ""},
    {"ByAGatewayOfTheOtherFamily",
     {.hops = {via(kWire, "fe80::1")}},
     {answers(kWire, "fe80::1", 3)},
     {{kWire, 3}},
     1,
     ""},
    {"BySeveral",
     {.hops = {via(kWire, "198.18.0.254"), via(kOtherWire, "198.18.1.254")}},
     {answers(kWire, "198.18.0.254", 1), answers(kOtherWire, "198.18.1.254", 2)},
     {{kWire, 1}, {kOtherWire, 2}},
     2,
     ""},
    {"BySeveralOfDifferentWeight",
     {.hops = {via(kWire, "198.18.0.254", 3), via(kOtherWire, "198.18.1.254", 1)}},
     {answers(kWire, "198.18.0.254", 1), answers(kOtherWire, "198.18.1.254", 2)},
     Hops{{kWire, 1},
          {kWire, 1},
          {kWire, 1},
          {kWire, 1},
          {kWire, 1},
          {kWire, 1},
          {kOtherWire, 2},
          {kOtherWire, 2}},
     2,
     ""},
    {"ByTheOneOfSeveralThatAnswers",
     {.hops = {via(kWire, "198.18.0.254"), via(kOtherWire, "198.18.1.254")}},
     {answers(kOtherWire, "198.18.1.254", 2)},
     {{kOtherWire, 2}},
     2,
     "198.18.0.254 on eth0 does not answer"},
    {"ByTheKernelWhileNobodyAnswers",
     {.hops = {direct(kWire)}},
     {{.link = kWire, .address = addr("198.18.0.2")}},
     {},
     1,
     "does not answer"},
    {"ByTheKernelWhoseNeighbourAnsweredOnce",
     {.hops = {direct(kWire)}},
     {{.link = kWire, .address = addr("198.18.0.2"), .mac = mac(1)}},
     {},
     1,
     "does not answer"},
    {"ByTheKernelWhereTheDeviceIsNotEthernet",
     {.hops = {via(kWire, "198.18.0.254"), direct(kTun)}},
     {answers(kWire, "198.18.0.254", 1)},
     {},
     0,
     "by wg0"},
    {"ByTheKernelIntoOnesOwnNetworks",
     {.hops = {direct(kHostDevice)}},
     {answers(kHostDevice, "198.18.0.2", 1)},
     {},
     0,
     "by fl_host"},
    {"ByTheKernelWhereRoutesWrapPackets",
     {.hops = {direct(0)}},
     {answers(0, "198.18.0.2", 1)},
     {},
     0,
     "wraps packets"},
    {"ByTheKernelToThisHost", {.local = true}, {}, {}, 0, "this host itself"},
    {"NotAtAllWithoutARoute", {}, {}, {}, 0, "no route to 198.18.0.2"},
};

INSTANTIATE_TEST_SUITE_P(Ways, ResolveWayTest, testing::ValuesIn(kWays),
                         [](const auto& one) { return one.param.name; });

TEST(ResolveWayMtuTest, IsTheRoutesUnlessTheDevicesIsSmaller) {
  Surroundings now;
  for (const LinkInfo& link : kLinks) now.links.emplace(link.index, link);
  now.neighbours.emplace(KeptNeighbour(kWire, addr("198.18.0.2")), answers(kWire, "198.18.0.2", 1));
  for (const auto& [route, want] : {std::pair{0U, 1500U}, {1400U, 1400U}, {9000U, 1500U}}) {
    const Way way{.hops = {direct(kWire)}, .mtu = route};
    EXPECT_EQ(resolve_way(now, way, addr("198.18.0.2")).hops.at(0).mtu, want) << route;
  }
}

TEST(ResolveWayCountTest, NoMoreHopsThanThereAreSlots) {
  Surroundings now;
  for (const LinkInfo& link : kLinks) now.links.emplace(link.index, link);
  Way way;
  for (std::uint8_t i = 1; i <= 12; ++i) {
    const std::string gateway = "198.18.0." + std::to_string(100 + i);
    way.hops.push_back(via(kWire, gateway, i));
    now.neighbours.emplace(KeptNeighbour(kWire, addr(gateway)), answers(kWire, gateway, i));
  }
  EXPECT_EQ(resolve_way(now, way, addr("198.18.0.2")).hops.size(), 8U);
}

// --- own_underlay ---------------------------------------------------------------------

class OwnUnderlayTest : public testing::Test {
 protected:
  static datapath::Uplink uplink(int index, std::uint32_t mtu, std::string_view v4,
                                 std::string_view v6 = "", bool masquerade = true) {
    return {.name = "eth" + std::to_string(index),
            .index = index,
            .mtu = mtu,
            .v4 = v4.empty() ? Address() : addr(v4),
            .v6 = v6.empty() ? Address() : addr(v6),
            .masquerade = masquerade};
  }
  static netlink::RouteInfo default_by(int link) {
    return {.destination = prefix("0.0.0.0/0"), .link = link};
  }
  static netlink::AddressInfo has(int link, std::string_view text) {
    return {.link = link, .address = prefix(text), .global = true};
  }

  datapath::HostView view_{
      .local = {},
      .uplinks = {uplink(2, 1500, "198.18.0.1", "2001:db8::1"), uplink(3, 9000, "198.18.1.1"),
                  uplink(4, 1400, "172.17.0.1", "", /*masquerade=*/false)}};
};

TEST_F(OwnUnderlayTest, IsWhereTheDefaultRouteLeads) {
  const auto own = own_underlay(view_, {}, {default_by(3), default_by(4)}, {});
  ASSERT_TRUE(own) << own.error().message();
  EXPECT_EQ(own->vteps, std::vector{addr("198.18.1.1")});
  EXPECT_EQ(own->mtu, 9000U);
  EXPECT_EQ(own->prefer, Family::v4);
}

TEST_F(OwnUnderlayTest, HasTheFirstAddressOfEachFamily) {
  const auto own = own_underlay(view_, {}, {default_by(2), default_by(3)}, {});
  ASSERT_TRUE(own) << own.error().message();
  EXPECT_EQ(own->vteps, (std::vector{addr("198.18.0.1"), addr("2001:db8::1")}));
  EXPECT_EQ(own->mtu, 1500U);
}

TEST_F(OwnUnderlayTest, IsTheOnlyUplinkWithoutADefaultRoute) {
  view_.uplinks.erase(view_.uplinks.begin() + 1);
  const auto own = own_underlay(view_, {}, {}, {});
  ASSERT_TRUE(own) << own.error().message();
  EXPECT_EQ(own->vteps.front(), addr("198.18.0.1"));
}

TEST_F(OwnUnderlayTest, HasToBeSaidWhereSeveralCouldBeMeant) {
  const auto own = own_underlay(view_, {}, {}, {});
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code(), Errc::invalid_argument);
  EXPECT_NE(own.error().message().find("underlay ="), std::string::npos);
}

TEST_F(OwnUnderlayTest, IsWhatTheSettingSays) {
  const std::vector addresses = {has(2, "2001:db8::1/64"), has(3, "198.18.1.1/24"),
                                 has(1, "198.18.255.1/32")};
  const auto own = own_underlay(view_, addresses, {}, {addr("2001:db8::1"), addr("198.18.1.1")});
  ASSERT_TRUE(own) << own.error().message();
  EXPECT_EQ(own->vteps.size(), 2U);
  EXPECT_EQ(own->mtu, 1500U);
  EXPECT_EQ(own->prefer, Family::v6) << "it is named first";

  const auto on_lo = own_underlay(view_, addresses, {}, {addr("198.18.255.1")});
  ASSERT_TRUE(on_lo) << on_lo.error().message();
  EXPECT_EQ(on_lo->mtu, 1500U) << "the smallest of all";

  const auto missing = own_underlay(view_, addresses, {}, {addr("198.18.7.7")});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
}

TEST_F(OwnUnderlayTest, NeedsAnAddress) {
  const auto own = own_underlay({}, {}, {}, {});
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code(), Errc::not_found);
}

// --- sync_underlay --------------------------------------------------------------------

class SyncUnderlayTest : public test::EngineTest {
 protected:
  SyncUnderlayTest() {
    links.all_links = kLinks;
    engine.state.underlay = {.vteps = {addr("198.18.0.1"), addr("2001:db8::1")}, .mtu = 1500};
    add("b", 1, "198.18.0.2");
  }

  void add(const std::string& name, datapath::PeerId number, const std::string& vtep) {
    PeerState& peer = engine.state.peers[name];
    peer.number = number;
    peer.node.name = name;
    peer.node.vteps = {addr(vtep)};
    links.ways[addr(vtep)] = {.hops = {direct(kWire)}};
  }

  void sync() {
    const auto done = sync_underlay(engine);
    EXPECT_TRUE(done) << done.error().message();
  }

  PeerState& peer(const std::string& name = "b") { return engine.state.peers.at(name); }
};

TEST_F(SyncUnderlayTest, AnUnresolvedPeerIsTheKernelsAndItsNeighbourIsKept) {
  sync();

  EXPECT_TRUE(datapath.peers.at(1).hops.empty());
  EXPECT_EQ(datapath.peers.at(1).remote, addr("198.18.0.2"));
  EXPECT_EQ(datapath.peers.at(1).local, addr("198.18.0.1"));
  EXPECT_EQ(datapath.peers.at(1).vteps, std::vector{addr("198.18.0.2")});
  EXPECT_TRUE(links.kept.contains({kWire, addr("198.18.0.2")}));
  EXPECT_NE(peer().last_error.find("does not answer"), std::string::npos);
}

TEST_F(SyncUnderlayTest, APeerFollowsItsNeighboursMac) {
  for (const std::uint8_t last : {std::uint8_t{7}, std::uint8_t{8}}) {
    links.resolve(kWire, addr("198.18.0.2"), mac(last));
    sync();
    ASSERT_EQ(datapath.peers.at(1).hops.size(), 1U);
    EXPECT_EQ(datapath.peers.at(1).hops[0].destination, mac(last));
    EXPECT_EQ(datapath.peers.at(1).hops[0].source, mac(0xa2));
    EXPECT_EQ(peer().last_error, "");
  }
}

TEST_F(SyncUnderlayTest, WhatHasNotChangedIsNotWrittenAgain) {
  links.resolve(kWire, addr("198.18.0.2"), mac(7));
  sync();
  datapath.refuse_next("put_peer");
  sync();
  EXPECT_EQ(peer().written, datapath.peers.at(1));
}

TEST_F(SyncUnderlayTest, TheDevicesOfContainersAreNotLookedAt) {
  sync();
  EXPECT_EQ(links.links_listed, 0);
}

TEST_F(SyncUnderlayTest, AFailedWriteIsTriedAgainAndHoldsUpNobodyElse) {
  add("c", 2, "198.18.0.3");
  datapath.refuse_next("put_peer");
  EXPECT_FALSE(sync_underlay(engine));
  EXPECT_NE(peer().last_error, "");
  EXPECT_FALSE(datapath.peers.contains(1));
  EXPECT_TRUE(datapath.peers.contains(2));
  sync();
  EXPECT_TRUE(datapath.peers.contains(1));
}

TEST_F(SyncUnderlayTest, AnotherRouteKeepsTheNewNeighbourAndDropsTheOld) {
  sync();
  links.ways[addr("198.18.0.2")] = {.hops = {via(kOtherWire, "198.18.1.254")}, .mtu = 1400};
  links.resolve(kOtherWire, addr("198.18.1.254"), mac(9));
  sync();

  EXPECT_EQ(links.kept, (std::set<KeptNeighbour>{{kOtherWire, addr("198.18.1.254")}}));
  EXPECT_EQ(datapath.peers.at(1).hops.at(0).device, kOtherWire);
  EXPECT_EQ(datapath.peers.at(1).hops.at(0).mtu, 1400U);
}

TEST_F(SyncUnderlayTest, ANeighbourThatSeveralPeersGoByIsKeptUntilTheLastIsGone) {
  add("c", 2, "198.18.0.3");
  for (const auto* vtep : {"198.18.0.2", "198.18.0.3"})
    links.ways[addr(vtep)] = {.hops = {via(kWire, "198.18.0.254")}};
  sync();
  engine.state.peers.erase("c");
  sync();
  EXPECT_EQ(links.kept, (std::set<KeptNeighbour>{{kWire, addr("198.18.0.254")}}));
}

TEST_F(SyncUnderlayTest, WhatAnEarlierDaemonKeptAndNobodyNeedsIsDropped) {
  ASSERT_TRUE(links.keep_neighbour(kWire, addr("198.18.0.77")));
  sync();
  EXPECT_EQ(links.kept, (std::set<KeptNeighbour>{{kWire, addr("198.18.0.2")}}));
}

TEST_F(SyncUnderlayTest, WithoutAFamilyInCommonThePeerIsKnownAllTheSame) {
  engine.state.underlay.vteps = {addr("2001:db8::1")};
  sync();
  EXPECT_EQ(datapath.peers.at(1).vteps, std::vector{addr("198.18.0.2")});
  EXPECT_TRUE(datapath.peers.at(1).hops.empty());
  EXPECT_NE(peer().last_error.find("family"), std::string::npos) << peer().last_error;
}

TEST_F(SyncUnderlayTest, AHostWithoutAClusterIsNotLookedAt) {
  engine.state.peers.clear();
  ASSERT_TRUE(links.keep_neighbour(kWire, addr("198.18.0.77")));
  sync();
  EXPECT_EQ(links.ways_asked, 0);
  EXPECT_EQ(links.kept.size(), 1U);
}

// --- sync_path_mtus -------------------------------------------------------------------

TEST_F(SyncUnderlayTest, ALoweredPathMtuIsShownAndForgottenAfterTenMinutes) {
  using namespace std::chrono_literals;
  sync();
  datapath.lowered[1] = {.peer = 1, .mtu = 1300, .age = 9min};
  ASSERT_TRUE(sync_path_mtus(engine));
  EXPECT_EQ(peer().path_mtu, 1300U);
  EXPECT_TRUE(datapath.lowered.contains(1));

  datapath.lowered[1].age = 10min;
  ASSERT_TRUE(sync_path_mtus(engine));
  EXPECT_EQ(peer().path_mtu, 0U);
  EXPECT_FALSE(datapath.lowered.contains(1));
}

}  // namespace
}  // namespace fairlead::engine
