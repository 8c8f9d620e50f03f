// What a host changes in the cluster: one transaction each, never a lock.
//
// Each function decides by the View, commits on the condition that what it decided by still holds,
// and applies its own writes to the View, so that the next one sees them. If another host was first
// it reads the keys concerned and decides again, a few times. Engine thread only; each may block
// for the client's deadline. Errors besides those named: unavailable (the store does not answer;
// nothing is known to have changed).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/view.h"

namespace fairlead::cluster {

struct RegistrySettings {
  std::string node;                   // this host's name
  std::uint32_t vni_first = 0x10000;  // away from Docker's overlay, which counts up from 4096
  std::uint32_t vni_last = 0xfffffe;
  // Where pools are cut from, as ipam::Settings'.
  std::vector<std::pair<Prefix, unsigned>> ranges_v4;
  std::vector<std::pair<Prefix, unsigned>> ranges_v6;
};

struct PoolRequest {
  std::optional<Prefix> prefix;  // absent: choose one
  std::optional<Prefix> range;
  Family family = Family::v4;
  std::vector<Prefix> taken;  // not to be overlapped by a chosen one: this host's routes and pools
};

class Registry {
 public:
  Registry(etcd::Client& client, View& view, RegistrySettings settings);

  // --- the cluster itself
  // Errors: already_exists (there is one: names its uuid and says `join`).
  Status create_meta(const Meta& meta);

  // --- pools
  // A pool with exactly this prefix is joined (with its own range and gateway), else one is made.
  // This host is then one of its users. Errors: conflict (overlaps another pool: names it),
  // exhausted, invalid_argument.
  Result<SharedPool> request_pool(const PoolRequest& want);
  // First one wins; conflict if it has another gateway.
  Result<SharedPool> set_gateway(const std::string& pool, const Address& gateway);
  // This host no longer uses it; its blocks and static addresses go back. The last user removes it.
  Status release_pool(const std::string& pool);

  // --- addresses
  // A block that is nobody's and holds no static address. Errors: not_found (pool), exhausted
  // (names the owners of the blocks).
  Result<Block> claim_block(const std::string& pool);
  // Only if nothing of it is lent; success if it is not ours.
  Status release_block(const std::string& pool, const Prefix& block);
  // An address that no block covers. Errors: conflict (names the holder), already_exists (a block
  // covers it: ask its owner).
  Status claim_static(const std::string& pool, const Address& address);
  Status release_static(const std::string& pool, const Address& address);
  // Of another host's block. `lent` in the View tells the answer, or Ask::refusal. Again: success.
  Status ask(const std::string& pool, const Address& address);
  Status withdraw_ask(const std::string& pool, const Address& address);
  // The owner's answers. lend(): and the ask is gone.
  Status lend(const std::string& pool, const Prefix& block, const Address& address,
              const std::string& node);
  Status refuse(const Ask& ask, const std::string& why);
  // By the borrower.
  Status give_back(const std::string& pool, const Address& address);

  // --- networks
  // Chooses the VNI, records the network and this host as a member. `want.vni` != 0: that one, or
  // conflict.
  Result<SharedNetwork> create_network(const SharedNetwork& want);
  // Errors: conflict (another network has the name: which host made it).
  Status name_network(const std::string& id, const std::string& name);
  // Errors: not_found (no such network, or it is being removed).
  Status join_network(const std::string& id);
  // The network is to go everywhere; its name is free from now on.
  Status mark_removing(const std::string& id);
  // This host has it no longer. The last member removes a network that is being removed.
  Status leave_network(const std::string& id);

  // --- hosts
  // Everything that a host has in the cluster. Errors: conflict (it is alive, unless `force`),
  // not_found.
  Status forget(const std::string& node, bool force);

 private:
  etcd::Client& client_;
  View& view_;
  RegistrySettings settings_;
};

}  // namespace fairlead::cluster
