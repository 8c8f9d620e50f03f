// How a pool is cut into blocks, and which of them are free.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cluster/view.h"

namespace fairlead::cluster {

// Where blocks are cut from: the range, or else the pool.
Prefix block_room(const SharedPool& pool);

// The prefix length of the blocks of such a room: 64 addresses (IPv6: 256), fewer in a small one,
// so that about 16 hosts have a block each; not under 16 addresses as long as that leaves 4 blocks.
unsigned block_length(const Prefix& room);

// The network address, an IPv4 broadcast address, the gateway: no container gets them.
bool is_reserved(const SharedPool& pool, const Address& address);

// The block that would hold `address`; nullopt if it lies outside the room.
std::optional<Prefix> block_around(const SharedPool& pool, const Address& address);

// The lowest blocks, `most` at most, that nobody has, that hold no static address and some that a
// container can get.
std::vector<Prefix> free_blocks(const View& view, const SharedPool& pool, std::size_t most);

}  // namespace fairlead::cluster
