// Which network an attachment is on. Internal to attachments.cpp.
#pragma once

#include "base/undo.h"
#include "engine/attachments.h"

namespace fairlead::engine {

// Finds or makes it; what is made goes again with `undo`. `given`: addresses of another IPAM, from
// which a network that is made has its subnets. Errors: as attach().
Result<Network> network_for(Engine& engine, const NetworkWish& want,
                            const std::vector<GivenAddress>& given, Undo& undo);

// The pool that the network's addresses of that family come from; nothing: they are another IPAM's.
std::optional<ipam::Pool> pool_of(const Engine& engine, const Network& network, Family family);

// Has the cluster removed it, or is about to?
bool is_forgotten(const Engine& engine, const Network& network);

// As drop_network(), with its pools. Other hosts keep theirs.
Status drop_attached_network(Engine& engine, const Network& network);

}  // namespace fairlead::engine
