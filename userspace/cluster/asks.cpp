// Addresses of another host's block: asked for, lent, given back.
#include "cluster/registry.h"
#include "cluster/transact.h"

namespace fairlead::cluster {

namespace {

// Blocks do not overlap: one at most.
const Block* find_block(const View& view, const std::string& pool, const Address& address) {
  const auto of_pool = view.blocks.find(pool);
  if (of_pool == view.blocks.end()) return nullptr;
  for (const auto& [prefix, block] : of_pool->second)
    if (prefix.contains(address)) return &block;
  return nullptr;
}

const std::string* borrower_of(const Block& block, const Address& address) {
  const auto lent = block.lent.find(address);
  return lent == block.lent.end() ? nullptr : &lent->second;
}

}  // namespace

Status Registry::ask(const std::string& pool, const Address& address) {
  const Layout& layout = view_.layout();
  const std::string key = layout.ask(pool, address, settings_.node);
  const std::string user = layout.user(pool, settings_.node);
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    if (view_.modified(user) == 0) return fail(Errc::not_found, "this host does not use the pool");
    const Block* block = find_block(view_, pool, address);
    if (block == nullptr) return fail(Errc::not_found, "no block of another host holds it");
    if (block->owner == settings_.node)
      return fail(Errc::invalid_argument, "it is of this host's own block");
    const auto* borrower = borrower_of(*block, address);
    if (borrower != nullptr && *borrower != settings_.node)
      return fail(Errc::conflict, "it is in use on " + *borrower);
    if (borrower != nullptr || view_.modified(key) != 0) return decision;
    decision.unchanged(user);
    decision.present(layout.block(pool, block->prefix));
    decision.absent(key);
    decision.put(Ask{.pool = pool, .address = address, .node = settings_.node, .refusal = {}});
    return decision;
  };
  if (auto done = transact(client_, view_, decide, {layout.blocks(pool)}); !done)
    return fail(std::move(done).error(), "ask for address " + address.to_string());
  return {};
}

Status Registry::withdraw_ask(const std::string& pool, const Address& address) {
  const std::string key = view_.layout().ask(pool, address, settings_.node);
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    if (view_.modified(key) == 0) return decision;
    decision.unchanged(key);
    decision.erase(key);
    return decision;
  };
  if (auto done = transact(client_, view_, decide); !done)
    return fail(std::move(done).error(), "withdraw the ask for " + address.to_string());
  return {};
}

Status Registry::lend(const std::string& pool, const Prefix& block, const Address& address,
                      const std::string& node) {
  const Layout& layout = view_.layout();
  const std::string key = layout.block(pool, block);
  const std::string ask_key = layout.ask(pool, address, node);
  const auto decide = [&](unsigned) -> Result<Decision> {
    const Block* known = find_block(view_, pool, address);
    if (known == nullptr || known->prefix != block || known->owner != settings_.node)
      return fail(Errc::not_found, "block " + block.to_string() + " with it is not this host's");
    Decision decision(view_);
    const auto* borrower = borrower_of(*known, address);
    if (borrower != nullptr && *borrower != node)
      return fail(Errc::conflict, "it is lent to " + *borrower);
    const bool asked = view_.modified(ask_key) != 0;
    if (borrower != nullptr && !asked) return decision;
    // Lent to somebody who has given up waiting it would never come back.
    if (!asked) return fail(Errc::not_found, node + " does not ask for it any more");
    decision.unchanged(ask_key);
    decision.erase(ask_key);
    if (borrower != nullptr) return decision;
    Block changed = *known;
    changed.lent[address] = node;
    decision.unchanged(key);
    decision.put(changed);
    return decision;
  };
  if (auto done = transact(client_, view_, decide, {key, ask_key}); !done)
    return fail(std::move(done).error(), "lend address " + address.to_string() + " to " + node);
  return {};
}

Status Registry::refuse(const Ask& ask, const std::string& why) {
  const std::string key = view_.layout().key(ask);
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    const auto known = view_.asks.find(key);
    if (known == view_.asks.end() || known->second.refusal == why) return decision;
    Ask answered = known->second;
    answered.refusal = why;
    decision.unchanged(key);
    decision.put(answered);
    return decision;
  };
  if (auto done = transact(client_, view_, decide); !done)
    return fail(std::move(done).error(), "refuse address " + ask.address.to_string());
  return {};
}

Status Registry::give_back(const std::string& pool, const Address& address) {
  const Layout& layout = view_.layout();
  const std::string fixed = layout.fixed(pool, address);
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    // Its owner may have left meanwhile: then it is a static address of ours.
    decision.concerns(layout.statics(pool));
    if (const auto of_pool = view_.statics.find(pool); of_pool != view_.statics.end()) {
      const auto own = of_pool->second.find(address);
      if (own != of_pool->second.end() && own->second.owner == settings_.node) {
        decision.unchanged(fixed);
        decision.erase(fixed);
        return decision;
      }
    }
    const Block* block = find_block(view_, pool, address);
    if (block == nullptr) return decision;
    const auto* borrower = borrower_of(*block, address);
    if (borrower == nullptr || *borrower != settings_.node) return decision;
    Block changed = *block;
    changed.lent.erase(address);
    decision.unchanged(layout.block(pool, block->prefix));
    decision.put(changed);
    return decision;
  };
  if (auto done = transact(client_, view_, decide); !done)
    return fail(std::move(done).error(), "give back address " + address.to_string());
  return {};
}

}  // namespace fairlead::cluster
