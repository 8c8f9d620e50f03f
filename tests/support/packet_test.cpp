// The builder is what every packet test trusts, so it is checked against published bytes.
#include "packet.h"

#include <gtest/gtest.h>

namespace fairlead::test {
namespace {

Buffer slice(const Packet& p, std::size_t from, std::size_t length) {
  const auto begin = p.bytes.begin() + static_cast<std::ptrdiff_t>(from);
  return Buffer(begin, begin + static_cast<std::ptrdiff_t>(length));
}

TEST(PacketTest, ChecksumOfTheExampleInRfc1071) {
  const Buffer example{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

  EXPECT_EQ(internet_checksum(example), 0xffff & ~0xddf2);
}

TEST(PacketTest, OddLengthIsPaddedWithZero) {
  EXPECT_EQ(internet_checksum({0x12, 0x34, 0x56}), internet_checksum({0x12, 0x34, 0x56, 0}));
}

TEST(PacketTest, Ipv4HeaderEqualsAKnownOne) {
  const Packet p = packet(Ipv4{
      .src = "192.168.0.1", .dst = "192.168.0.199", .proto = 17, .df = true, .total_length = 0x73});

  const Buffer known{0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                     0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
  EXPECT_EQ(p.bytes, known);
}

TEST(PacketTest, LengthsAndProtocolsComeFromTheNextLayer) {
  const Packet p = packet(Eth{}, Ipv6{}, Extension{.type = 0}, Udp{}, payload(3));

  EXPECT_EQ(slice(p, 12, 2), (Buffer{0x86, 0xdd}));
  EXPECT_EQ(slice(p, 14 + 4, 3), (Buffer{0, 8 + 8 + 3, 0}));
  EXPECT_EQ(slice(p, 14 + 40, 2), (Buffer{17, 0}));
  EXPECT_EQ(slice(p, 14 + 48 + 4, 2), (Buffer{0, 11}));
}

// A receiver sums the pseudo-header and the whole segment, checksum included, to zero.
std::uint16_t receiver_sum(const Packet& p, std::uint8_t proto) {
  const bool v4 = p.bytes[12] == 8;
  Buffer all = v4 ? slice(p, 26, 8) : slice(p, 22, 32);
  const std::size_t l4 = v4 ? 34 : 54;
  const std::size_t length = p.size() - l4;
  all.insert(all.end(),
             {static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length), 0, proto});
  const Buffer segment = slice(p, l4, length);
  all.insert(all.end(), segment.begin(), segment.end());
  return internet_checksum(all);
}

TEST(PacketTest, TransportChecksumsSatisfyAReceiver) {
  for (const char* dst : {"192.0.2.2", "2001:db8::2"}) {
    const Ip ip{.src = std::string_view(dst) == "192.0.2.2" ? "192.0.2.1" : "2001:db8::1",
                .dst = dst};

    EXPECT_EQ(receiver_sum(packet(Eth{}, ip, Udp{}, payload(7)), 17), 0);
    EXPECT_EQ(receiver_sum(packet(Eth{}, ip, Tcp{.options = {1, 1, 1}}, payload(8)), 6), 0);
  }
  EXPECT_EQ(receiver_sum(packet(Eth{}, Ipv6{}, Echo{}, payload(5)), 58), 0);
}

TEST(PacketTest, IcmpHasNoPseudoHeader) {
  const Packet p = packet(Eth{}, Ipv4{}, Echo{.id = 0x1234}, payload(5));

  EXPECT_EQ(internet_checksum(slice(p, 34, p.size() - 34)), 0);
  EXPECT_EQ(slice(p, 38, 2), (Buffer{0x12, 0x34}));
}

TEST(PacketTest, UdpWithoutChecksumHasZero) {
  EXPECT_EQ(slice(packet(Ipv4{}, Udp{.checksum = false}), 26, 2), (Buffer{0, 0}));
}

TEST(PacketTest, FragmentsCarryTheWholeDatagram) {
  for (const auto& whole :
       {packet(Eth{}, Ip{.src = "192.0.2.1", .dst = "192.0.2.2"}, Udp{}, payload(40)),
        packet(Eth{}, Ipv6{}, Udp{}, payload(40))}) {
    const bool v4 = whole.bytes[12] == 8;
    const std::size_t header = v4 ? 34 : 54 + 8;

    const auto [first, last] = fragments(whole, 24, 77);

    Buffer joined = slice(first, header, first.size() - header);
    EXPECT_EQ(joined.size(), 24U);
    const Buffer rest = slice(last, header, last.size() - header);
    joined.insert(joined.end(), rest.begin(), rest.end());
    EXPECT_EQ(joined, slice(whole, v4 ? 34 : 54, whole.size() - (v4 ? 34 : 54)));
    if (v4) {
      EXPECT_EQ(internet_checksum(slice(last, 14, 20)), 0);
    }
  }
}

TEST(PacketTest, PrintsOneLineAHeader) {
  const std::string text = describe(packet(Eth{}, Ipv4{}, Udp{}, payload(2)));

  EXPECT_NE(text.find("eth 02:00:00:00:00:0a > 02:00:00:00:00:0b type 0x0800"), text.npos) << text;
  EXPECT_NE(text.find("ipv4 192.0.2.1 > 192.0.2.2 ttl 64 proto 17"), text.npos) << text;
  EXPECT_NE(text.find("udp 1000 > 2000 len 10"), text.npos) << text;
}

TEST(PacketTest, EveryPrefixOfAPacketPrints) {
  const Packet p = packet(Eth{}, Ipv6{}, Extension{}, Fragment6{}, Tcp{}, payload(4));

  for (std::size_t n = 0; n <= p.size(); ++n) EXPECT_FALSE(describe(p.first(n)).empty());
}

TEST(MacTest, LinkLocalAddressIsTheModifiedEui64) {
  EXPECT_EQ(Mac("02:42:ac:11:00:02").link_local(), Addr("fe80::42:acff:fe11:2"));
}

}  // namespace
}  // namespace fairlead::test
