// tc_endpoint: containers and published ranges of their host, and lists that hold them.
#include "ranges.h"

namespace fairlead::test {
namespace {

constexpr std::uint32_t kList = 7;
constexpr std::uint16_t kOnePort = 40500;  // the whole masquerade range here

class EndpointRangesTest : public RangeTest {
 protected:
  EndpointRangesTest() : RangeTest("tc_endpoint") {}

  void SetUp() override {
    RangeTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    fl_config one_port = config();
    one_port.nat_port_first = one_port.nat_port_last = kOnePort;
    reload(one_port);
  }
  Packet request(std::uint16_t port) const {
    return packet(by_gateway(kA), Ip{.src = a(), .dst = of(kHost)},
                  Tcp{.sport = 5000, .dport = port});
  }
  Packet at_b(std::uint16_t port) const {
    return packet(gateway_to(kB), Ip{.src = of(kGateway1), .dst = b()},
                  Tcp{.sport = kOnePort, .dport = port});
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointRangesTest);

TEST_P(EndpointRangesTest, NeighbourIsReachedByAnyPortOfItsRange) {
  publish_range(of(kAny), {.first = 20000, .count = 5000, .to_port = 30000}, kB);

  EXPECT_EQ(from(kA, request(24999)), redirected(FL_FORWARD_HAIRPIN, at_b(34999)));
}

TEST_P(EndpointRangesTest, AnswerComesFromThePortThatWasAsked) {
  publish_range(of(kAny), {.first = 20000, .count = 5000, .to_port = 30000}, kB);
  from(kA, request(22500));

  const Packet answer = packet(by_gateway(kB), Ip{.src = b(), .dst = of(kGateway1)},
                               Tcp{.sport = 32500, .dport = kOnePort, .flags = kSyn | kAck});
  EXPECT_EQ(from(kB, answer),
            redirected(FL_FORWARD_HAIRPIN,
                       packet(gateway_to(kA), Ip{.src = of(kHost), .dst = a()},
                              Tcp{.sport = 22500, .dport = 5000, .flags = kSyn | kAck})));
}

TEST_P(EndpointRangesTest, ContainerCountsByItsOwnAddress) {
  publish_range(of(kAny), {.first = 8080, .count = 1, .to_port = 80, .list = kList}, kB);
  say_to_everyone(kList, FL_SOURCE_DENY);
  say(kList, of(kHost), whole(), FL_SOURCE_ALLOW);
  say(kList, of(kGateway1), whole(), FL_SOURCE_ALLOW);

  EXPECT_EQ(from(kA, request(8080)), dropped(FL_DROP_NOT_ALLOWED));
  EXPECT_FALSE(nat(flow(IPPROTO_TCP, a(), 5000, of(kHost), 8080)));

  say(kList, a(), whole(), FL_SOURCE_ALLOW);
  EXPECT_EQ(from(kA, request(8080)), redirected(FL_FORWARD_HAIRPIN, at_b(80)));
}

}  // namespace
}  // namespace fairlead::test
