// tc_endpoint: every way that a translated packet can go, in every corner of IP.
#include <gtest/gtest.h>

#include "shapes.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = kNatFirst + 7;

struct Direction {
  const char* name;
  Way way;
  fl_reason reason;
};

class EndpointCornerTest : public FamilyTest {
 protected:
  EndpointCornerTest() : FamilyTest("tc_endpoint") {}

  std::vector<Direction> directions() const {
    std::vector<Direction> out;
    const Addr out_there = of(kOutside), host = of(kHost);
    const std::uint8_t icmp = icmp_proto(GetParam());
    out.push_back({"ping outside",
                   {.proto = icmp,
                    .shows = {a(), 5353, out_there, 5353},
                    .becomes = {host, kPort, out_there, kPort}},
                   FL_FORWARD_MASQUERADE});
    out.push_back({"SCTP of a published port",
                   {.proto = IPPROTO_SCTP,
                    .shows = {a(), 80, out_there, 6000},
                    .becomes = {host, 80, out_there, 6000},
                    .kind = FL_NAT_PUBLISHED,
                    .flags = FL_NAT_REPLY},
                   FL_FORWARD_PUBLISHED_REPLY});
    for (const std::uint8_t proto : std::initializer_list<std::uint8_t>{IPPROTO_TCP, IPPROTO_UDP}) {
      out.push_back({"outside",
                     {.proto = proto,
                      .shows = {a(), 5353, out_there, 53},
                      .becomes = {host, kPort, out_there, 53}},
                     FL_FORWARD_MASQUERADE});
      out.push_back({"outside, address kept",
                     {.proto = proto,
                      .shows = {a(), 5353, out_there, 53},
                      .becomes = {a(), 5353, out_there, 53},
                      .kind = FL_NAT_ROUTED},
                     FL_FORWARD_ROUTED});
      out.push_back({"answer of a published port",
                     {.proto = proto,
                      .shows = {a(), 80, out_there, 6000},
                      .becomes = {host, 8080, out_there, 6000},
                      .kind = FL_NAT_PUBLISHED,
                      .flags = FL_NAT_REPLY},
                     FL_FORWARD_PUBLISHED_REPLY});
      out.push_back({"to another container's published port",
                     {.proto = proto,
                      .shows = {a(), 5000, host, 8080},
                      .becomes = {of(kGateway2), kPort, c(), 80},
                      .kind = FL_NAT_HAIRPIN,
                      .to = &kC},
                     FL_FORWARD_HAIRPIN});
      out.push_back({"to its own published port",
                     {.proto = proto,
                      .shows = {a(), 5000, host, 8080},
                      .becomes = {of(kGateway1), kPort, a(), 80},
                      .kind = FL_NAT_HAIRPIN,
                      .to = &kA},
                     FL_FORWARD_HAIRPIN});
      out.push_back({"answer to another container",
                     {.proto = proto,
                      .shows = {a(), 80, of(kGateway1), kPort},
                      .becomes = {host, 8080, c(), 5000},
                      .kind = FL_NAT_HAIRPIN,
                      .flags = FL_NAT_REPLY,
                      .to = &kC},
                     FL_FORWARD_HAIRPIN});
    }
    return out;
  }
  // What the packets of `way` become, in the same shape.
  std::vector<Packet> sent(const Way& way, const Shape& shape) const {
    const Eth eth = way.to != nullptr ? gateway_to(*way.to) : to_router();
    return shaped(shape, way.proto, eth, way.becomes, way.to != nullptr ? 64 : 63, false);
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointCornerTest);

TEST_P(EndpointCornerTest, EveryShapeGoesEveryWay) {
  for (const Direction& d : directions()) {
    for (const Shape& shape : shapes(GetParam())) {
      if (!shape.fits(d.way.proto, GetParam())) continue;
      SCOPED_TRACE(std::string(d.name) + ", protocol " + std::to_string(d.way.proto) + ", " +
                   shape.name);
      program().clear<fl_frag_key>("fl_frags");
      program().clear<fl_flow>("fl_nat");
      program().put("fl_nat", key(d.way), entry(d.way));
      const auto in = shaped(shape, d.way.proto, by_gateway(kA), d.way.shows, 64, false);
      const auto out = sent(d.way, shape);
      for (std::size_t i = 0; i < in.size(); ++i) {
        EXPECT_EQ(from(kA, in[i]), redirected(d.reason, out[i])) << "fragment " << i;
      }
    }
  }
}

// Its checksum is a CRC over the ports, too long a sum to mend.
TEST_P(EndpointCornerTest, SctpWithAnotherPortIsRefused) {
  const Way way{.proto = IPPROTO_SCTP,
                .shows = {a(), 80, of(kOutside), 6000},
                .becomes = {of(kHost), 8080, of(kOutside), 6000},
                .kind = FL_NAT_PUBLISHED,
                .flags = FL_NAT_REPLY};
  program().put("fl_nat", key(way), entry(way));

  EXPECT_EQ(
      from(kA, shaped(shapes(GetParam())[0], way.proto, by_gateway(kA), way.shows, 64, false)[0]),
      dropped(FL_DROP_NAT_PROTOCOL));
}

}  // namespace
}  // namespace fairlead::test
