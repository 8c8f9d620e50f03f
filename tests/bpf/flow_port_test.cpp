// Which port a new flow gets: one that nobody uses, or that of a flow that gives way; and when a
// container has its share of flows.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kFirst = 40500;

class FlowPortTest : public FamilyTest {
 protected:
  FlowPortTest() : FamilyTest("tc_endpoint") {}

  // Ports kFirst and those behind it.
  void use_ports(std::uint16_t count) {
    fl_config few = config();
    few.nat_port_first = kFirst;
    few.nat_port_last = static_cast<std::uint16_t>(kFirst + count - 1);
    reload(few);
  }
  Addr of(const Endpoint& endpoint) const { return endpoint.addr(GetParam()); }
  using FamilyTest::of;

  Ran udp(const Endpoint& sender, std::uint16_t sport) {
    return from(sender, packet(by_gateway(sender), Ip{.src = of(sender), .dst = of(kOutside)},
                               Udp{.sport = sport, .dport = 53}));
  }
  Ran tcp(const Endpoint& sender, std::uint16_t sport, std::uint8_t flags = kSyn) {
    return from(sender, packet(by_gateway(sender), Ip{.src = of(sender), .dst = of(kOutside)},
                               Tcp{.sport = sport, .dport = 80, .flags = flags}));
  }
  static fl_flow key(std::uint8_t proto, const Addr& src, std::uint16_t sport, const Addr& dst) {
    const std::uint16_t dport = proto == IPPROTO_TCP ? 80 : 53;
    return flow(proto, src, sport, dst, dport);
  }
  fl_flow answer_key(std::uint8_t proto, std::uint16_t port) const {
    return flow(proto, of(kOutside), proto == IPPROTO_TCP ? 80 : 53, of(kHost), port);
  }
  // The port that a flow of the sender got; 0: none.
  std::uint16_t port_of(std::uint8_t proto, const Endpoint& sender, std::uint16_t sport) {
    const auto entry = nat(key(proto, of(sender), sport, of(kOutside)));
    return entry ? ntohs(entry->sport) : std::uint16_t{0};
  }
  void flag(const fl_flow& at, int flags) {
    auto entry = nat(at);
    ASSERT_TRUE(entry);
    entry->flags = static_cast<std::uint8_t>(entry->flags | flags);
    program().put("fl_nat", at, *entry);
  }
  // As the other end's packets do, in tc_uplink.
  void answer(std::uint8_t proto, std::uint16_t port, int flags = 0) {
    flag(answer_key(proto, port), FL_NAT_SEEN | flags);
  }
  fl_flow_count counted(const Endpoint& endpoint) {
    return program()
        .get<std::uint32_t, fl_flow_count>("fl_flow_counts", endpoint.ifindex())
        .value_or(fl_flow_count{});
  }
  std::size_t entries() { return program().keys<fl_flow>("fl_nat").size(); }
};
FAIRLEAD_BOTH_FAMILIES(FlowPortTest);

// A socket of the host, bound to a port on every address.
class HostSocket {
 public:
  HostSocket(Family family, int type, std::uint16_t port)
      : fd_(::socket(family == Family::v4 ? AF_INET : AF_INET6, type, 0)) {
    sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(port)};
    sockaddr_in6 v6{.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const auto* any = family == Family::v4 ? reinterpret_cast<const sockaddr*>(&v4)
                                           : reinterpret_cast<const sockaddr*>(&v6);
    const socklen_t size = family == Family::v4 ? sizeof(v4) : sizeof(v6);
    EXPECT_EQ(::bind(fd_, any, size), 0) << strerror(errno);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(fd_, 1), 0) << strerror(errno);
    }
  }
  ~HostSocket() { ::close(fd_); }
  HostSocket(const HostSocket&) = delete;
  HostSocket& operator=(const HostSocket&) = delete;

 private:
  int fd_;
};

TEST_P(FlowPortTest, LastFreePortIsFound) {
  use_ports(64);
  for (std::uint16_t i = 0; i < 64; ++i) {
    udp(kA, i + 1);
    const std::uint16_t port = port_of(IPPROTO_UDP, kA, i + 1);
    ASSERT_NE(port, 0) << i;
    answer(IPPROTO_UDP, port);
  }
  EXPECT_EQ(entries(), 128U);
  EXPECT_EQ(udp(kA, 100), dropped(FL_DROP_NAT_EXHAUSTED));
  EXPECT_EQ(udp(kC, 100), dropped(FL_DROP_NAT_EXHAUSTED));
  EXPECT_EQ(entries(), 128U);
  EXPECT_EQ(udp(kA, 1).reasons, Reasons{FL_FORWARD_MASQUERADE});
}

TEST_P(FlowPortTest, PublishedPortIsNotTaken) {
  use_ports(2);
  publish(of(kHost), kFirst, IPPROTO_UDP, kB, 53, GetParam());

  udp(kA, kFirst);
  EXPECT_EQ(port_of(IPPROTO_UDP, kA, kFirst), kFirst + 1);
  answer(IPPROTO_UDP, kFirst + 1);
  EXPECT_EQ(udp(kA, 2), dropped(FL_DROP_NAT_EXHAUSTED));
  tcp(kA, kFirst);
  EXPECT_EQ(port_of(IPPROTO_TCP, kA, kFirst), kFirst) << "published for UDP only";
}

TEST_P(FlowPortTest, PortThatTheHostListensOnIsNotTaken) {
  use_ports(2);
  const HostSocket listener(GetParam(), SOCK_STREAM, kFirst);

  tcp(kA, kFirst);
  EXPECT_EQ(port_of(IPPROTO_TCP, kA, kFirst), kFirst + 1);
  answer(IPPROTO_TCP, kFirst + 1);
  tcp(kA, kFirst, kAck);
  EXPECT_EQ(tcp(kA, 2), dropped(FL_DROP_NAT_EXHAUSTED));
  EXPECT_EQ(entries(), 2U);
}

TEST_P(FlowPortTest, PortThatTheHostReceivesDatagramsOnIsNotTaken) {
  use_ports(1);
  {
    const HostSocket receiver(GetParam(), SOCK_DGRAM, kFirst);
    EXPECT_EQ(udp(kA, kFirst), dropped(FL_DROP_NAT_EXHAUSTED));
    EXPECT_EQ(entries(), 0U);
    EXPECT_EQ(tcp(kA, kFirst).reasons, Reasons{FL_FORWARD_MASQUERADE}) << "used for UDP only";
  }
  EXPECT_EQ(udp(kA, kFirst).reasons, Reasons{FL_FORWARD_MASQUERADE});
}

TEST_P(FlowPortTest, PingNeedsAFreeIdentifier) {
  use_ports(1);
  const auto ping = [&](const Endpoint& sender) {
    return from(sender, packet(by_gateway(sender), Ip{.src = of(sender), .dst = of(kOutside)},
                               Echo{.id = 7}));
  };
  EXPECT_EQ(ping(kA).reasons, Reasons{FL_FORWARD_MASQUERADE});
  flag(flow(icmp_proto(GetParam()), of(kOutside), kFirst, of(kHost), kFirst), FL_NAT_SEEN);
  EXPECT_EQ(ping(kC), dropped(FL_DROP_NAT_EXHAUSTED));
}

TEST_P(FlowPortTest, FlowThatIsOverGivesWay) {
  use_ports(1);
  tcp(kA, 1);
  tcp(kA, 1, kAck);
  answer(IPPROTO_TCP, kFirst);
  EXPECT_EQ(tcp(kC, 2), dropped(FL_DROP_NAT_EXHAUSTED)) << "open";
  answer(IPPROTO_TCP, kFirst, FL_NAT_FIN);
  EXPECT_EQ(tcp(kC, 2), dropped(FL_DROP_NAT_EXHAUSTED)) << "finished in one direction";
  tcp(kA, 1, kFin | kAck);
  EXPECT_EQ(tcp(kC, 2).reasons, Reasons{FL_FORWARD_MASQUERADE}) << "in both";

  EXPECT_EQ(port_of(IPPROTO_TCP, kC, 2), kFirst);
  EXPECT_EQ(port_of(IPPROTO_TCP, kA, 1), 0) << "the other entry is gone too";
  EXPECT_EQ(entries(), 2U);
  EXPECT_EQ(Addr(nat(answer_key(IPPROTO_TCP, kFirst))->dst), of(kC));
  EXPECT_EQ(counted(kA).flows, 0U);
  EXPECT_EQ(counted(kC).flows, 1U);

  tcp(kC, 2, kAck);
  answer(IPPROTO_TCP, kFirst, FL_NAT_RST);
  EXPECT_EQ(tcp(kA, 3).reasons, Reasons{FL_FORWARD_MASQUERADE}) << "reset";
}

TEST_P(FlowPortTest, HalfOpenFlowGivesWayToItsOwnContainer) {
  use_ports(1);
  tcp(kA, 1);
  EXPECT_EQ(tcp(kA, 2).reasons, Reasons{FL_FORWARD_MASQUERADE});
  EXPECT_EQ(port_of(IPPROTO_TCP, kA, 1), 0);
  EXPECT_EQ(counted(kA).flows, 1U);
  EXPECT_EQ(counted(kA).half_open, 1U);
}

// The answer to what it asked would reach another one.
TEST_P(FlowPortTest, FlowWhoseAnswerMayStillComeKeepsItsPort) {
  use_ports(1);
  udp(kA, 1);
  EXPECT_EQ(udp(kA, 2), dropped(FL_DROP_NAT_EXHAUSTED));

  for (const fl_flow& at :
       {key(IPPROTO_UDP, of(kA), 1, of(kOutside)), answer_key(IPPROTO_UDP, kFirst)}) {
    auto entry = *nat(at);
    if (entry.last_seen < 4'000'000'000U) GTEST_SKIP() << "the machine is up for too short";
    entry.last_seen -= 4'000'000'000U;
    program().put("fl_nat", at, entry);
  }
  EXPECT_EQ(udp(kA, 2).reasons, Reasons{FL_FORWARD_MASQUERADE});
}

TEST_P(FlowPortTest, PortsOfALargeRangeAreTakenHereAndThere) {
  use_ports(2000);
  std::set<std::uint16_t> taken;
  for (std::uint16_t i = 0; i < 60; ++i) {
    udp(kA, static_cast<std::uint16_t>(1 + i));
    taken.insert(port_of(IPPROTO_UDP, kA, static_cast<std::uint16_t>(1 + i)));
  }
  EXPECT_EQ(taken.size(), 60U);
  EXPECT_GT(*taken.rbegin() - *taken.begin(), 1000);
}

TEST_P(FlowPortTest, HalfOpenFlowGivesWayToAContainerWithFewerOfThem) {
  use_ports(2);
  tcp(kA, 1);
  tcp(kA, 2);
  EXPECT_EQ(tcp(kC, 3).reasons, Reasons{FL_FORWARD_MASQUERADE}) << "A has two, C none";
  EXPECT_EQ(counted(kA).half_open, 1U);
  EXPECT_EQ(counted(kC).half_open, 1U);
  tcp(kC, 3, kAck);
  answer(IPPROTO_TCP, port_of(IPPROTO_TCP, kC, 3));
  EXPECT_EQ(tcp(kB, 4).reasons, Reasons{FL_FORWARD_MASQUERADE}) << "A has one, B none";
  EXPECT_EQ(tcp(kC, 5), dropped(FL_DROP_NAT_EXHAUSTED)) << "B has one, and C counts one";
}

TEST_P(FlowPortTest, SameFlowGetsItsPortBackAfterHalfOfItWasLost) {
  use_ports(2);
  tcp(kA, kFirst);
  answer(IPPROTO_TCP, kFirst);
  program().erase("fl_nat", key(IPPROTO_TCP, of(kA), kFirst, of(kOutside)));

  tcp(kA, kFirst, kAck);
  EXPECT_EQ(port_of(IPPROTO_TCP, kA, kFirst), kFirst);
  EXPECT_EQ(entries(), 2U);
}

TEST_P(FlowPortTest, ContainerThatHasItsShareOpensNoMore) {
  fl_config two = config();
  two.flows_per_container = 2;
  reload(two);
  udp(kA, 1);
  udp(kA, 2);

  EXPECT_EQ(udp(kA, 3), dropped(FL_DROP_FLOW_CAP));
  EXPECT_EQ(entries(), 4U);
  EXPECT_EQ(udp(kA, 1).reasons, Reasons{FL_FORWARD_MASQUERADE}) << "a flow that it has";
  EXPECT_EQ(udp(kC, 3).reasons, Reasons{FL_FORWARD_MASQUERADE}) << "another container";
  set_flags(1, 0);
  EXPECT_EQ(udp(kA, 4), dropped(FL_DROP_FLOW_CAP)) << "routed";
}

class FlowShareTest : public FamilyTest {
 protected:
  FlowShareTest() : FamilyTest("tc_uplink") {}
};
FAIRLEAD_BOTH_FAMILIES(FlowShareTest);

TEST_P(FlowShareTest, PublishedFlowsCountForTheContainerThatPublishes) {
  fl_config one = config();
  one.flows_per_container = 1;
  reload(one);
  publish(of(kHost), 8080, IPPROTO_TCP, kA, 80, GetParam());
  publish(of(kHost), 9090, IPPROTO_TCP, kB, 80, GetParam());
  const auto connect = [&](std::uint16_t sport, std::uint16_t port) {
    return from_uplink(packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost)},
                              Tcp{.sport = sport, .dport = port}));
  };
  EXPECT_EQ(connect(1, 8080).reasons, Reasons{FL_FORWARD_PUBLISHED});
  EXPECT_EQ(connect(2, 8080), dropped(FL_DROP_FLOW_CAP));
  EXPECT_EQ(connect(1, 8080).reasons, Reasons{FL_FORWARD_PUBLISHED});
  EXPECT_EQ(connect(2, 9090).reasons, Reasons{FL_FORWARD_PUBLISHED});
}

}  // namespace
}  // namespace fairlead::test
