#include "datapath/port_ranges.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <random>

namespace fairlead::datapath {
namespace {

const fl_addr kAny = to_abi(Address::any(Family::v4));

fl_addr host(const std::string& text) { return to_abi(*Address::parse(text)); }

PortRange range(const fl_addr& address, unsigned first, unsigned last, std::uint32_t device = 1,
                __u8 proto = IPPROTO_TCP) {
  return {.key = {.addr = address,
                  .port = htons(static_cast<std::uint16_t>(first)),
                  .proto = proto,
                  .pad = 0},
          .target = {.addr = host("198.18.1.5"),
                     .network = 1,
                     .ifindex = device,
                     .port = htons(static_cast<std::uint16_t>(first)),
                     .count = static_cast<__u16>(last - first + 1),
                     .list = 0}};
}

// What the programs have: entries and bits.
class PortRangesTest : public ::testing::Test {
 protected:
  void put(const PortRange& what) {
    PortRanges::Steps steps;
    ranges_.put(what, steps);
    follow(steps);
  }
  void clear(const PortRange& what) {
    PortRanges::Steps steps;
    ranges_.clear(
        what, [](const PortRange&) { return true; }, steps);
    follow(steps);
  }

  // Writes no more than what the steps have touched, as PortTable does.
  void follow(const PortRanges::Steps& steps) {
    for (const PortRange& span : ranges_.touched(steps)) {
      const fl_port_key end = part_of(span, span.last(), span.last()).key;
      entries_.erase(entries_.lower_bound(span.key), entries_.upper_bound(end));
      for (unsigned port = span.first(); port <= span.last(); ++port)
        bits_[port] = ranges_.bits(port);
    }
    for (const PortRange& span : ranges_.touched(steps)) ranges_.cut(span, entries_);
  }

  // The container's port that a packet meets, as lib/publish.h finds it; 0: none.
  unsigned meets(const fl_addr& address, unsigned port, __u8 proto = IPPROTO_TCP) const {
    const std::size_t index = proto == IPPROTO_TCP ? 0 : proto == IPPROTO_UDP ? 1 : 2;
    const __be16 first = bits_[port].first[index];
    if (first == 0) return 0;
    const auto found = entries_.find({.addr = address, .port = first, .proto = proto, .pad = 0});
    const unsigned offset = port - ntohs(first);
    if (found == entries_.end() || offset >= found->second.count) return 0;
    return ntohs(found->second.port) + offset;
  }

  PortRanges ranges_;
  PortRanges::Entries entries_;
  std::array<fl_port_bits, 65536> bits_{};
};

TEST_F(PortRangesTest, a_range_of_thousands_is_one_entry) {
  put(range(kAny, 20000, 24999));
  EXPECT_EQ(entries_.size(), 1u);
  for (const unsigned port : {20000u, 20001u, 22500u, 24999u}) EXPECT_EQ(meets(kAny, port), port);
  EXPECT_EQ(meets(kAny, 19999), 0u);
  EXPECT_EQ(meets(kAny, 25000), 0u);
  EXPECT_EQ(ranges_.bits(25000).flags, 0u);
  clear(range(kAny, 20000, 24999));
  EXPECT_TRUE(entries_.empty());
  EXPECT_EQ(bits_[22500].flags, 0u);
  EXPECT_EQ(bits_[22500].first[0], 0u);
}

TEST_F(PortRangesTest, every_port_from_1_to_65535_may_be_one_range) {
  put(range(kAny, 1, 65535));
  EXPECT_EQ(entries_.size(), 1u);
  EXPECT_EQ(meets(kAny, 1), 1u);
  EXPECT_EQ(meets(kAny, 65535), 65535u);
  EXPECT_EQ(bits_[0].flags, 0u);
}

TEST_F(PortRangesTest, overlapping_ranges_on_other_addresses_are_cut_where_another_begins) {
  const fl_addr a = host("192.0.2.1"), b = host("192.0.2.2");
  put(range(a, 20, 29));
  put(range(b, 25, 34, 2));
  EXPECT_EQ(entries_.size(), 3u) << "20-24 and 25-29 on a, 25-34 on b";
  EXPECT_EQ(ntohs(bits_[24].first[0]), 20);
  EXPECT_EQ(ntohs(bits_[27].first[0]), 25);
  EXPECT_EQ(ntohs(bits_[34].first[0]), 25);
  EXPECT_EQ(meets(a, 27), 27u);
  EXPECT_EQ(meets(a, 30), 0u);
  EXPECT_EQ(meets(b, 24), 0u);
  EXPECT_EQ(meets(b, 30), 30u);
  clear(range(b, 25, 34, 2));
  EXPECT_EQ(entries_.size(), 1u) << "whole again";
  EXPECT_EQ(meets(a, 27), 27u);
}

TEST_F(PortRangesTest, protocols_do_not_cut_each_other) {
  put(range(kAny, 20, 29));
  put(range(kAny, 25, 34, 1, IPPROTO_UDP));
  EXPECT_EQ(entries_.size(), 2u);
  EXPECT_EQ(ntohs(bits_[27].first[0]), 20);
  EXPECT_EQ(ntohs(bits_[27].first[1]), 25);
}

TEST_F(PortRangesTest, on_the_same_address_the_later_one_takes_the_ports) {
  put(range(kAny, 20, 29, 1));
  PortRange other = range(kAny, 24, 25, 2);
  other.target.port = htons(80);
  put(other);
  EXPECT_EQ(meets(kAny, 23), 23u);
  EXPECT_EQ(meets(kAny, 25), 81u);
  EXPECT_EQ(meets(kAny, 26), 26u);
  EXPECT_EQ(ranges_.of_device(1).size(), 2u);
}

TEST_F(PortRangesTest, what_was_done_can_be_undone) {
  put(range(kAny, 20, 29, 1));
  put(range(host("192.0.2.1"), 25, 40, 2));
  const PortRanges::Entries before = ranges_.all();
  PortRanges::Steps steps;
  ranges_.put(range(kAny, 22, 24, 3), steps);
  ranges_.clear(
      range(kAny, 15, 60), [](const PortRange&) { return true; }, steps);
  EXPECT_EQ(ranges_.all().size(), 1u);
  ranges_.undo(steps);
  ASSERT_EQ(ranges_.all().size(), before.size());
  for (const auto& [key, target] : before) {
    ASSERT_TRUE(ranges_.all().contains(key));
    EXPECT_TRUE(same(ranges_.all().at(key), target));
  }
  EXPECT_FALSE(ranges_.of_device(1).empty());
  EXPECT_TRUE(ranges_.of_device(3).empty());
  for (unsigned port = 1; port < 50; ++port) EXPECT_TRUE(same(ranges_.bits(port), bits_[port]));
}

// Random ranges come and go; a plain table of single ports says what must be found.
TEST_F(PortRangesTest, programs_find_what_a_table_of_single_ports_says) {
  std::mt19937 engine(4);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  const std::array<fl_addr, 3> addresses = {kAny, host("192.0.2.1"), host("192.0.2.2")};
  std::map<std::pair<std::size_t, unsigned>, unsigned> expected;
  for (int round = 0; round < 3000; ++round) {
    const std::size_t at = random() % addresses.size();
    const unsigned first = 1 + random() % 60;
    const unsigned last = first + random() % 20;
    PortRange what = range(addresses[at], first, last, 1 + random() % 4);
    const unsigned to = 100 + random() % 1000;
    what.target.port = htons(static_cast<std::uint16_t>(to));
    const bool adds = random() % 3 != 0;
    adds ? put(what) : clear(what);
    for (unsigned port = first; port <= last; ++port)
      expected[{at, port}] = adds ? to + (port - first) : 0;

    for (std::size_t address = 0; address < addresses.size(); ++address) {
      for (unsigned port = 1; port < 82; ++port)
        ASSERT_EQ(meets(addresses[address], port), (expected[{address, port}]))
            << "round " << round << ", address " << address << ", port " << port;
    }
  }
}

}  // namespace
}  // namespace fairlead::datapath
