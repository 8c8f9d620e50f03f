#include "cluster/pool_room.h"

#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

SharedPool pool(std::string_view text, std::string_view range = "") {
  SharedPool pool{
      .id = pool_id(prefix(text)), .prefix = prefix(text), .range = {}, .block = 0, .gateway = {}};
  if (!range.empty()) pool.range = prefix(range);
  pool.block = block_length(block_room(pool));
  return pool;
}

void take(View& view, const Record& record) {
  view.apply({.erased = false,
              .entry = {.key = layout().key(record),
                        .value = format(record),
                        .created = 1,
                        .modified = view.revision() + 1}});
}

TEST(PoolRoom, BlocksAreASixteenthOfThePoolWithinBounds) {
  const std::pair<const char*, unsigned> expected[] = {
      {"10.0.0.0/8", 26},  {"10.1.0.0/20", 26}, {"10.1.0.0/22", 26}, {"10.1.0.0/23", 27},
      {"10.1.0.0/24", 28}, {"10.1.0.0/26", 28}, {"10.1.0.0/27", 31}, {"10.1.0.0/28", 32},
      {"10.1.0.0/29", 32}, {"10.1.0.0/30", 32}, {"fd00::/64", 120},  {"fd00::/112", 120},
      {"fd00::/118", 122}, {"fd00::/120", 124}, {"fd00::/123", 127}, {"fd00::/126", 128},
  };
  for (const auto& [room, length] : expected) EXPECT_EQ(block_length(prefix(room)), length) << room;
}

TEST(PoolRoom, BlocksAreCutFromTheRangeIfThereIsOne) {
  const View view(layout());
  const auto ranged = pool("10.1.0.0/16", "10.1.5.0/24");
  EXPECT_EQ(free_blocks(view, ranged, 1), std::vector{prefix("10.1.5.0/28")});
  EXPECT_EQ(free_blocks(view, ranged, 99).size(), 16u);
  EXPECT_EQ(block_around(ranged, address("10.1.5.77")), prefix("10.1.5.64/28"));
  EXPECT_EQ(block_around(ranged, address("10.1.6.1")), std::nullopt);
}

TEST(PoolRoom, ABlockWithAStaticAddressIsNotFree) {
  View view(layout());
  const auto all = pool("10.1.0.0/24");
  take(view, Static{all.id, address("10.1.0.5"), "a"});
  take(view, Block{all.id, prefix("10.1.0.32/28"), "a", {}});
  EXPECT_EQ(free_blocks(view, all, 2),
            (std::vector{prefix("10.1.0.16/28"), prefix("10.1.0.48/28")}));
}

TEST(PoolRoom, ABlockWhoseValueCannotBeReadIsNotFree) {
  View view(layout());
  const auto all = pool("10.1.0.0/24");
  view.apply({.erased = false,
              .entry = {.key = layout().block(all.id, prefix("10.1.0.0/28")),
                        .value = "newer",
                        .created = 1,
                        .modified = 1}});
  EXPECT_EQ(free_blocks(view, all, 1), std::vector{prefix("10.1.0.16/28")});
}

TEST(PoolRoom, InATinyPoolBlocksOfReservedAddressesAreNone) {
  const View view(layout());
  auto tiny = pool("10.1.0.0/29");
  tiny.gateway = address("10.1.0.1");
  const auto free = free_blocks(view, tiny, 99);
  ASSERT_EQ(free.size(), 5u);  // .2 to .6
  EXPECT_EQ(free.front(), prefix("10.1.0.2/32"));
  EXPECT_EQ(free.back(), prefix("10.1.0.6/32"));

  auto small = pool("10.1.0.0/27");
  small.gateway = address("10.1.0.1");
  EXPECT_EQ(free_blocks(view, small, 1), std::vector{prefix("10.1.0.2/31")});
}

TEST(PoolRoom, AHugePoolTakesNoTime) {
  const View view(layout());
  EXPECT_EQ(free_blocks(view, pool("fd00::/16"), 2),
            (std::vector{prefix("fd00::/120"), prefix("fd00::100/120")}));
}

}  // namespace
}  // namespace fairlead::cluster
