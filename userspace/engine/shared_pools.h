// Pools and addresses that hosts share: what the verbs of addresses.cpp ask the cluster. Only for
// an engine that is in one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/verbs.h"

namespace fairlead::engine {

// Of a network that asks for none: the first address of its range or pool, as with Docker's own
// IPAM.
Address usual_gateway(const Prefix& pool, const std::optional<Prefix>& range);

// The blocks of a pool that this host owns, in order.
std::vector<Prefix> own_blocks(const Engine& engine, const std::string& shared_pool);

// `taken`: what a chosen subnet must keep off besides the cluster's pools. Errors: as
// cluster::Registry::request_pool(), not_found (no network of that name in the cluster).
Result<ipam::Pool> request_shared_pool(Engine& engine, const PoolRequest& want,
                                       std::vector<Prefix> taken);

// This host no longer uses the pool. If the store is away, tidy_cluster() says so later.
void give_up_pool(Engine& engine, const std::string& shared_pool);

// The gateway is the same on every host: the first that is asked for wins; without one the pool's
// first address. Errors: conflict (the network has another).
Result<Address> agree_on_gateway(Engine& engine, const ipam::Pool& pool,
                                 std::optional<Address> address);

// Makes an address that was asked for by its number this host's. Errors: conflict (names the host
// that has it), busy (its block is another host's, who has been asked).
Status reserve_shared(Engine& engine, const ipam::Pool& pool, const Address& address);

// Errors: exhausted, unavailable.
Status claim_block(Engine& engine, const ipam::Pool& pool);

// An address that no block covers, for an endpoint that does not ask for one by number: when every
// block has its owner, what lies between them is left. Errors: exhausted, unavailable.
Result<Address> claim_single(Engine& engine, const ipam::Pool& pool);

// An address that is no longer used: back to where it was reserved from, if it was.
void give_up_address(Engine& engine, const ipam::Pool& pool, const Address& address);

// Requests of other hosts for addresses of this host's blocks.
void answer_asks(Engine& engine);

// The pool's blocks and lent addresses as the cluster says them, into the engine's own books.
Status follow_blocks(Engine& engine, const std::string& shared_pool);

}  // namespace fairlead::engine
