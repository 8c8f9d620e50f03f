// tc_uplink: every way that a translated packet can come in, in every corner of IP.
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

class UplinkCornerTest : public FamilyTest {
 protected:
  UplinkCornerTest() : FamilyTest("tc_uplink") {}

  std::vector<Direction> directions() const {
    const std::uint8_t icmp = icmp_proto(GetParam());
    std::vector<Direction> out;
    out.push_back({"answer to a ping",
                   {.proto = icmp,
                    .shows = {of(kOutside), kPort, of(kHost), kPort},
                    .becomes = {of(kOutside), 5353, a(), 5353},
                    .flags = FL_NAT_REPLY,
                    .to = &kA},
                   FL_FORWARD_MASQUERADE_REPLY});
    for (const std::uint8_t proto : std::initializer_list<std::uint8_t>{IPPROTO_TCP, IPPROTO_UDP}) {
      out.push_back({"answer",
                     {.proto = proto,
                      .shows = {of(kOutside), 53, of(kHost), kPort},
                      .becomes = {of(kOutside), 53, a(), 5353},
                      .flags = FL_NAT_REPLY,
                      .to = &kA},
                     FL_FORWARD_MASQUERADE_REPLY});
      out.push_back({"answer to the container's own address",
                     {.proto = proto,
                      .shows = {of(kOutside), 53, a(), kPort},
                      .becomes = {of(kOutside), 53, a(), kPort},
                      .kind = FL_NAT_ROUTED,
                      .flags = FL_NAT_REPLY,
                      .to = &kA},
                     FL_FORWARD_MASQUERADE_REPLY});
    }
    for (const std::uint8_t proto :
         std::initializer_list<std::uint8_t>{IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP}) {
      const std::uint16_t port = proto == IPPROTO_SCTP ? 80 : 8080;  // SCTP's cannot change
      out.push_back({"to a published port",
                     {.proto = proto,
                      .shows = {of(kOutside), 6000, of(kHost), port},
                      .becomes = {of(kOutside), 6000, a(), 80},
                      .kind = FL_NAT_PUBLISHED,
                      .to = &kA},
                     FL_FORWARD_PUBLISHED});
    }
    return out;
  }
  void prepare(const Way& way) {
    program().clear<fl_frag_key>("fl_frags");
    program().clear<fl_flow>("fl_nat");
    if (way.kind == FL_NAT_PUBLISHED) {
      publish(of(kAny), way.shows.dport, way.proto, kA, 80, GetParam());
    } else {
      program().put("fl_nat", key(way), entry(way));
    }
  }
  // A UDP checksum of zero does not make up for another port, so the network card's sum over the
  // packet goes stale; no receiver looks (udp4_csum_init()).
  Ran receive(const Packet& in, const Shape& shape) {
    if (shape.checksum) return from_uplink(in);
    return program().run(in, {.ifindex = uplink(), .ingress_ifindex = uplink()});
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkCornerTest);

TEST_P(UplinkCornerTest, EveryShapeComesEveryWay) {
  for (const Direction& d : directions()) {
    for (const Shape& shape : shapes(GetParam())) {
      if (!shape.fits(d.way.proto, GetParam())) continue;
      SCOPED_TRACE(std::string(d.name) + ", protocol " + std::to_string(d.way.proto) + ", " +
                   shape.name);
      prepare(d.way);
      const auto in = shaped(shape, d.way.proto, from_router(), d.way.shows, 64, true);
      const auto out = shaped(shape, d.way.proto, gateway_to(kA), d.way.becomes, 63, true);
      for (std::size_t i = 0; i < in.size(); ++i) {
        EXPECT_EQ(receive(in[i], shape), redirected(d.reason, out[i])) << "fragment " << i;
      }
    }
  }
}

TEST_P(UplinkCornerTest, SctpToAnotherPortIsRefused) {
  publish(of(kAny), 8080, IPPROTO_SCTP, kA, 80, GetParam());
  const Tuple to{of(kOutside), 6000, of(kHost), 8080};

  EXPECT_EQ(
      from_uplink(shaped(shapes(GetParam())[0], IPPROTO_SCTP, from_router(), to, 64, false)[0]),
      dropped(FL_DROP_NAT_PROTOCOL));
}

}  // namespace
}  // namespace fairlead::test
