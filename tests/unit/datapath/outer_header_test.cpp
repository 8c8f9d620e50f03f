#include "datapath/outer_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "datapath/hop_slots.h"

namespace fairlead::datapath {
namespace {

NextHop hop() {
  return {.device = 7,
          .source = *Mac::parse("02:00:00:00:00:01"),
          .destination = *Mac::parse("02:00:00:00:00:02"),
          .mtu = 1500};
}

std::vector<unsigned> bytes_of(const fl_hop& made) {
  return {made.header, made.header + sizeof(made.header)};
}

// RFC 1071, of whole words.
std::uint16_t checksum(const std::uint8_t* data, std::size_t size) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < size; i += 2)
    sum += static_cast<std::uint32_t>(data[i] << 8 | data[i + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

TEST(OuterHeader, is_byte_by_byte_what_a_vxlan_device_sends_over_ipv4) {
  const fl_hop made =
      outer_header(hop(), *Address::parse("198.18.0.1"), *Address::parse("198.18.0.2"), 4795);
  EXPECT_EQ(made.ifindex, 7u);
  EXPECT_EQ(made.mtu, 1500u);
  EXPECT_EQ(made.len, unsigned{FL_OUTER_V4});
  std::vector<unsigned> expected = {
      2,    0, 0,    0,    0, 2, 2,    0, 0,  0,  0, 1, 8,   0,                        // Ethernet
      0x45, 0, 0,    0,    0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 0, 1, 198, 18, 0, 2,  // IPv4
      0,    0, 0x12, 0xbb, 0, 0, 0,    0,                                              // UDP
      8,    0, 0,    0,    0, 0, 0,    0};                                             // VXLAN
  expected.resize(sizeof(made.header));
  EXPECT_EQ(bytes_of(made), expected);
}

TEST(OuterHeader, is_byte_by_byte_what_a_vxlan_device_sends_over_ipv6) {
  const fl_hop made =
      outer_header(hop(), *Address::parse("2001:db8::1"), *Address::parse("2001:db8::2"), 4795);
  EXPECT_EQ(made.len, unsigned{FL_OUTER_V6});
  EXPECT_EQ(made.sum, 0u);
  std::vector<unsigned> expected = {
      2,    0,    0,    0,    0, 2, 2,  0,  0, 0, 0, 1, 0x86, 0xdd,        // Ethernet
      0x60, 0,    0,    0,    0, 0, 17, 64,                                // IPv6
      0x20, 0x01, 0x0d, 0xb8, 0, 0, 0,  0,  0, 0, 0, 0, 0,    0,    0, 1,  // source
      0x20, 0x01, 0x0d, 0xb8, 0, 0, 0,  0,  0, 0, 0, 0, 0,    0,    0, 2,  // destination
      0,    0,    0x12, 0xbb, 0, 0, 0,  0,                                 // UDP
      8,    0,    0,    0,    0, 0, 0,  0};                                // VXLAN
  expected.resize(sizeof(made.header));
  EXPECT_EQ(bytes_of(made), expected);
}

TEST(OuterHeader, its_sum_completes_to_the_checksum_of_the_header_as_sent) {
  const fl_hop made = outer_header(hop(), *Address::parse("198.18.255.254"),
                                   *Address::parse("198.19.170.85"), 4795);
  for (const unsigned length : {50u, 1500u, 65535u}) {
    for (const unsigned tos : {0u, 1u, 3u}) {
      std::array<std::uint8_t, 20> sent{};
      std::copy_n(made.header + 14, sent.size(), sent.begin());
      sent[1] = static_cast<std::uint8_t>(tos);
      sent[2] = static_cast<std::uint8_t>(length >> 8);
      sent[3] = static_cast<std::uint8_t>(length);
      // As a program does it: words as they lie in memory.
      std::uint16_t added[2];
      std::memcpy(added, sent.data(), sizeof(added));
      const std::uint8_t plain[2] = {0x45, 0};
      std::uint16_t without_tos = 0;
      std::memcpy(&without_tos, plain, sizeof(without_tos));
      std::uint32_t sum = made.sum + added[1] + static_cast<std::uint16_t>(added[0] - without_tos);
      while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
      const auto stored = static_cast<std::uint16_t>(~sum);
      const std::uint16_t expected = checksum(sent.data(), sent.size());
      std::uint8_t wire[2];
      std::memcpy(wire, &stored, sizeof(wire));
      EXPECT_EQ(wire[0] << 8 | wire[1], expected) << length << " bytes, TOS " << tos;
    }
  }
}

TEST(OuterHeader, tells_what_it_was_made_from) {
  for (const auto* remote : {"198.18.0.2", "2001:db8::2"}) {
    const Address address = *Address::parse(remote);
    const fl_hop made = outer_header(hop(), address, address, 4795);
    EXPECT_EQ(hop_of(made), hop());
    EXPECT_EQ(port_of(made), 4795);
  }
}

TEST(HopSlots, one_that_was_given_back_rests_before_it_is_taken_again) {
  HopSlots slots(3);
  EXPECT_EQ(slots.take(0), 1u) << "0 is nobody's";
  EXPECT_EQ(slots.take(0), 2u);
  EXPECT_EQ(slots.take(0), std::nullopt);
  slots.give_back(2, 100);
  EXPECT_EQ(slots.take(100), std::nullopt);
  EXPECT_EQ(slots.take(100 + HopSlots::kRest - 1), std::nullopt);
  EXPECT_EQ(slots.take(100 + HopSlots::kRest), 2u);
}

TEST(HopSlots, never_used_ones_come_first_then_the_one_that_rested_longest) {
  HopSlots slots(5);
  slots.take_over(3, {2, 1}, 0);
  const std::uint64_t later = HopSlots::kRest;
  EXPECT_EQ(slots.take(later), 3u);
  EXPECT_EQ(slots.take(later), 4u);
  EXPECT_EQ(slots.take(later), 2u);
  EXPECT_EQ(slots.take(later), 1u);
}

}  // namespace
}  // namespace fairlead::datapath
