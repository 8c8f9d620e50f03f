// tc_endpoint: frames whose headers are not in the linear part of the skb, as sendfile() and GRO
// make them. Test runs have only linear ones, so these go through real devices.
#include <gtest/gtest.h>

#include "capture.h"
#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::size_t kMoreThanAPage = 5000;
constexpr std::uint16_t kEthernetOnly = 14;

class EndpointNonlinearTest : public FamilyTest {
 protected:
  EndpointNonlinearTest() : FamilyTest("tc_endpoint") {}
  Ip ip_to(const Addr& dst) const { return {.src = a(), .dst = dst}; }
  Reasons send(const Packet& in) {
    return program().run_on_wire(kA.device, BpfProgram::Hook::ingress, in, kEthernetOnly);
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointNonlinearTest);

TEST_P(EndpointNonlinearTest, MasqueradedPacketLeavesWhole) {
  for (const Layer& l4 : {Layer(Udp{.sport = kNatFirst, .dport = 53}),
                          Layer(Tcp{.sport = kNatFirst, .dport = 80, .options = {1, 1, 1}}),
                          Layer(Echo{.id = kNatFirst})}) {
    Capture wire("up0_p", Reports::ignore);
    const auto body = payload(kMoreThanAPage);

    EXPECT_EQ(send(build({by_gateway(kA), ip_to(of(kOutside)), l4, body})),
              Reasons{FL_FORWARD_MASQUERADE});

    const Ip seen{.src = of(kHost), .dst = of(kOutside), .ttl = 63};
    EXPECT_EQ(wire.received(), (std::vector<Packet>{build({to_router(), seen, l4, body})}));
  }
}

TEST_P(EndpointNonlinearTest, PacketToTheHostArrivesWhole) {
  Capture host("fl_host");
  const Packet in = packet(by_gateway(kA), ip_to(of(kGateway1)), Tcp{}, payload(kMoreThanAPage));

  EXPECT_EQ(send(in), Reasons{FL_FORWARD_HOST_IN});
  const auto got = host.received();
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(got.front(), in);
}

TEST_P(EndpointNonlinearTest, PingOfTheGatewayIsAnswered) {
  Capture container("ep_a_p");
  const auto body = payload(kMoreThanAPage);

  EXPECT_EQ(send(packet(by_gateway(kA), ip_to(of(kGateway1)), Echo{}, body)),
            Reasons{FL_FORWARD_ECHO});
  const Ip back{.src = of(kGateway1), .dst = a()};
  EXPECT_EQ(container.received(),
            (std::vector<Packet>{packet(gateway_to(kA), back, Echo{.reply = true}, body)}));
}

TEST_P(EndpointNonlinearTest, SpoofedSourceIsSeen) {
  EXPECT_EQ(
      send(packet(between(kA, kB), Ip{.src = b(), .dst = a()}, Udp{}, payload(kMoreThanAPage))),
      Reasons{FL_DROP_SPOOFED_SOURCE});
}

TEST_P(EndpointNonlinearTest, SenderIsToldWithAQuote) {
  Capture container("ep_a_p");

  EXPECT_TRUE(send(packet(by_gateway(kA), ip_to(of(kSmallMtu)), Udp{.sport = kNatFirst},
                          payload(kMoreThanAPage)))
                  .contains(FL_DROP_TOO_BIG));
  EXPECT_EQ(container.received().size(), 1U);
}

}  // namespace
}  // namespace fairlead::test
