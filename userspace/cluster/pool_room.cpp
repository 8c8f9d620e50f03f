#include "cluster/pool_room.h"

#include <algorithm>
#include <cstdint>

#include "cluster/key.h"
#include "cluster/transact.h"
#include "ipam/choose_pool.h"

namespace fairlead::cluster {

namespace {

constexpr unsigned kBlocksBits = 4;    // 16 blocks
constexpr unsigned kSmallestBits = 4;  // of 16 addresses
constexpr unsigned kFewestBits = 2;    // 4 blocks

unsigned bits(Family family) { return family == Family::v4 ? 32 : 128; }

Prefix single(const Address& address) { return {address, bits(address.family())}; }

// By their keys: a value that a newer version wrote and we cannot read takes its place all the
// same.
std::vector<Prefix> occupied(const View& view, const std::string& pool) {
  std::vector<Prefix> out;
  for (const auto& id : keys_under(view, view.layout().blocks(pool)))
    if (const auto prefix = parse_pool_id(id)) out.push_back(*prefix);
  for (const auto& text : keys_under(view, view.layout().statics(pool)))
    if (const auto address = Address::parse(text)) out.push_back(single(*address));
  return out;
}

// Blocks of one, two or four addresses can consist of reserved ones.
bool is_useful(const SharedPool& pool, const Prefix& block) {
  if (bits(block.family()) - block.length() >= 2) return true;
  for (Address each = block.first(); each <= block.last(); each = each.plus(1))
    if (!is_reserved(pool, each)) return true;
  return false;
}

}  // namespace

Prefix block_room(const SharedPool& pool) { return pool.range.value_or(pool.prefix); }

unsigned block_length(const Prefix& room) {
  const unsigned all = bits(room.family());
  const unsigned widest = all - (room.family() == Family::v4 ? 6 : 8);
  const unsigned narrowest = all - kSmallestBits;
  const unsigned sixteenth = room.length() + kBlocksBits;
  if (room.length() + kFewestBits <= narrowest) return std::clamp(sixteenth, widest, narrowest);
  return std::min(sixteenth, all);
}

bool is_reserved(const SharedPool& pool, const Address& address) {
  const bool has_broadcast = pool.prefix.family() == Family::v4;
  return address == pool.prefix.first() || (has_broadcast && address == pool.prefix.last()) ||
         address == pool.gateway;
}

std::optional<Prefix> block_around(const SharedPool& pool, const Address& address) {
  if (!block_room(pool).contains(address)) return std::nullopt;
  return Prefix(address, pool.block).network();
}

std::vector<Prefix> free_blocks(const View& view, const SharedPool& pool, std::size_t most) {
  std::vector<Prefix> blocked = occupied(view, pool.id);
  std::vector<Prefix> free;
  while (free.size() < most) {
    const auto next = ipam::choose_pool({{block_room(pool), pool.block}}, blocked);
    if (!next) break;
    if (is_useful(pool, *next)) free.push_back(*next);
    blocked.push_back(*next);
  }
  return free;
}

}  // namespace fairlead::cluster
