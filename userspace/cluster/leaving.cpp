#include "cluster/leaving.h"

#include <cstddef>
#include <iterator>

namespace fairlead::cluster {

namespace {

// etcd takes 128 operations; transact() adds one.
constexpr std::size_t kMostOperations = 100;
constexpr std::size_t kMostLent = 48;  // made static by one piece
constexpr unsigned kRounds = 64;

template <typename Outer>
const typename Outer::mapped_type& inner(const Outer& outer, const std::string& key) {
  static const typename Outer::mapped_type none;
  const auto found = outer.find(key);
  return found == outer.end() ? none : found->second;
}

// Nobody may be cut off: who borrowed an address keeps it.
Decision give_up_block(const View& view, const Block& block) {
  const Layout& layout = view.layout();
  Decision piece(view);
  piece.concerns(layout.users(block.pool));
  piece.unchanged(layout.block(block.pool, block.prefix));
  Block rest = block;
  std::size_t made_static = 0;
  while (!rest.lent.empty() && made_static < kMostLent) {
    const auto [address, borrower] = *rest.lent.begin();
    rest.lent.erase(rest.lent.begin());
    if (borrower == block.owner || !inner(view.users, block.pool).contains(borrower)) continue;
    piece.unchanged(layout.user(block.pool, borrower));
    piece.put(Static{.pool = block.pool, .address = address, .owner = borrower});
    ++made_static;
  }
  if (rest.lent.empty()) piece.erase(layout.block(block.pool, block.prefix));
  if (!rest.lent.empty()) piece.put(rest);
  if (made_static != 0) piece.touch(layout.blocks_guard(block.pool), block.owner);
  return piece;
}

// nullopt: nothing of it is lent to the host.
std::optional<Decision> give_back_lent(const View& view, const Block& block,
                                       const std::string& node) {
  Block rest = block;
  if (std::erase_if(rest.lent, [&node](const auto& each) { return each.second == node; }) == 0)
    return std::nullopt;
  Decision piece(view);
  // Its owner may make it a static address meanwhile.
  piece.concerns(view.layout().statics(block.pool));
  piece.unchanged(view.layout().block(block.pool, block.prefix));
  piece.put(rest);
  return piece;
}

Decision erase_one(const View& view, const std::string& key) {
  Decision piece(view);
  piece.unchanged(key);
  piece.erase(key);
  return piece;
}

}  // namespace

std::vector<Decision> give_up_addresses(const View& view, const std::string& pool,
                                        const std::string& node) {
  const Layout& layout = view.layout();
  std::vector<Decision> pieces;
  // First: once it is gone, nothing can be lent to the host any more.
  for (const auto& [key, ask] : view.asks) {
    if (ask.pool != pool || ask.node != node) continue;
    pieces.push_back(erase_one(view, key));
    pieces.back().concerns(layout.blocks(pool));
  }
  for (const auto& [prefix, block] : inner(view.blocks, pool)) {
    if (block.owner == node) pieces.push_back(give_up_block(view, block));
    if (block.owner == node) continue;
    if (auto piece = give_back_lent(view, block, node)) pieces.push_back(*piece);
  }
  for (const auto& [address, fixed] : inner(view.statics, pool))
    if (fixed.owner == node) pieces.push_back(erase_one(view, layout.fixed(pool, address)));
  return pieces;
}

Decision give_up_pool(const View& view, const std::string& pool, const std::string& node) {
  const Layout& layout = view.layout();
  const std::string own = layout.user(pool, node);
  Decision decision(view);
  decision.concerns(layout.users(pool));
  if (view.modified(own) == 0) return decision;
  decision.unchanged(own);
  decision.erase(own);
  for (const auto& [user, record] : inner(view.users, pool)) {
    if (user == node) continue;
    decision.present(layout.user(pool, user));  // so that two cannot leave as the last but one
    return decision;
  }
  decision.unchanged(layout.pool(pool));  // whoever joins writes it
  decision.erase(layout.pool(pool));
  decision.erase_under(layout.blocks(pool));
  decision.erase_under(layout.statics(pool));
  decision.erase_under(layout.asks(pool));
  decision.erase(layout.blocks_guard(pool));
  return decision;
}

void erase_network(Decision& decision, const Layout& layout, const SharedNetwork& network) {
  decision.erase(layout.network(network.id));
  decision.erase(layout.vni(network.vni));
  decision.erase_under(layout.endpoints(network.id));
}

Decision give_up_network(const View& view, const std::string& network, const std::string& node) {
  const Layout& layout = view.layout();
  const std::string own = layout.member(network, node);
  Decision decision(view);
  decision.concerns(layout.members(network));
  const bool is_member = view.modified(own) != 0;
  if (is_member) {
    decision.unchanged(own);
    decision.erase(own);
  }
  const auto found = view.networks.find(network);
  const bool removing = found != view.networks.end() && found->second.removing;
  if (found != view.networks.end()) decision.unchanged(layout.network(network));

  const std::string* other = nullptr;
  for (const auto& [member, record] : inner(view.members, network))
    if (member != node) other = &member;
  if (removing && other == nullptr) {
    if (!is_member) decision.none_under(layout.members(network));
    erase_network(decision, layout, found->second);  // its members only get fewer
    return decision;
  }
  if (removing) decision.present(layout.member(network, *other));
  if (is_member) decision.erase_under(layout.endpoints(network, node));
  return decision;
}

Status do_all(etcd::Client& client, View& view, const Plan& plan) {
  for (unsigned round = 0; round < kRounds; ++round) {
    auto pieces = plan();
    if (!pieces) return std::unexpected(std::move(pieces).error());
    if (pieces->empty()) return {};
    for (auto next = pieces->begin(); next != pieces->end();) {
      Decision chunk = *next++;
      while (next != pieces->end() && chunk.size() + next->size() <= kMostOperations &&
             chunk.fits(*next))
        chunk.merge(*next++);
      // After a conflict the View has learnt: `plan` decides again.
      const auto once = [&](unsigned attempt) -> Result<Decision> {
        return attempt == 0 ? chunk : Decision(view);
      };
      if (auto done = transact(client, view, once); !done) return done;
    }
  }
  return fail(Errc::unavailable, "other hosts keep changing what has to go: try again in a moment");
}

}  // namespace fairlead::cluster
