// Blocks: addresses that one host alone hands out.
#include <algorithm>
#include <map>
#include <random>

#include "cluster/pool_room.h"
#include "cluster/registry.h"
#include "cluster/transact.h"

namespace fairlead::cluster {

namespace {

constexpr std::size_t kMostChoices = 64;

std::size_t any_below(std::size_t count) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return random() % count;
}

// "host-a (3), host-b (13)"
std::string owners(const View& view, const std::string& pool) {
  std::map<std::string, int> counts;
  if (const auto blocks = view.blocks.find(pool); blocks != view.blocks.end())
    for (const auto& [prefix, block] : blocks->second) ++counts[block.owner];
  std::string text;
  for (const auto& [owner, count] : counts)
    text += (text.empty() ? "" : ", ") + owner + " (" + std::to_string(count) + ")";
  return text.empty() ? "nobody: single addresses fill it" : text;
}

// No address of a block may be somebody's already: claim_static() touches the guard, so that it
// cannot happen unseen. Blocks do not: hosts that take different ones do not meet.
Decision take(const View& view, const SharedPool& pool, const Prefix& prefix,
              const std::string& node) {
  const Layout& layout = view.layout();
  Decision decision(view);
  decision.unchanged(layout.user(pool.id, node));
  decision.unchanged(layout.blocks_guard(pool.id));
  decision.absent(layout.block(pool.id, prefix));
  decision.concerns(layout.statics(pool.id));
  // One address can be all of it, and the gateway.
  if (prefix.first() == prefix.last()) decision.unchanged(layout.pool(pool.id));
  decision.put(Block{.pool = pool.id, .prefix = prefix, .owner = node, .lent = {}});
  return decision;
}

}  // namespace

Result<Block> Registry::claim_block(const std::string& pool) {
  const std::string what = "claim a block of pool " + pool;
  const Layout& layout = view_.layout();
  Prefix chosen;
  const auto decide = [&](unsigned attempt) -> Result<Decision> {
    const auto known = view_.pools.find(pool);
    if (known == view_.pools.end() || view_.modified(layout.user(pool, settings_.node)) == 0)
      return fail(Errc::not_found, "this host does not use it");
    // The lowest; hosts that meet there spread over more and more.
    const auto most = std::min(std::size_t{1} << std::min(attempt, 16U), kMostChoices);
    const auto free = free_blocks(view_, known->second, most);
    if (free.empty())
      return fail(Errc::exhausted, "every block has its owner: " + owners(view_, pool) +
                                       "; remove containers there, or make the network anew with "
                                       "a larger --subnet or --ip-range");
    chosen = free[any_below(free.size())];
    return take(view_, known->second, chosen, settings_.node);
  };
  const std::vector<std::string> all = {layout.blocks(pool), layout.statics(pool)};
  if (auto done = transact(client_, view_, decide, all); !done)
    return fail(std::move(done).error(), what);
  return view_.blocks.at(pool).at(chosen);
}

Status Registry::release_block(const std::string& pool, const Prefix& block) {
  const std::string key = view_.layout().block(pool, block);
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    const auto of_pool = view_.blocks.find(pool);
    if (of_pool == view_.blocks.end()) return decision;
    const auto known = of_pool->second.find(block);
    if (known == of_pool->second.end() || known->second.owner != settings_.node) return decision;
    if (!known->second.lent.empty()) {
      const auto& [address, node] = *known->second.lent.begin();
      return fail(Errc::conflict, node + " has borrowed " + address.to_string() + " of it");
    }
    decision.unchanged(key);
    decision.erase(key);
    return decision;
  };
  if (auto done = transact(client_, view_, decide, {key}); !done)
    return fail(std::move(done).error(), "release block " + block.to_string());
  return {};
}

}  // namespace fairlead::cluster
