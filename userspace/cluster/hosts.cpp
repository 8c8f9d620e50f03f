// Hosts that will not come back.
#include <set>

#include "cluster/key.h"
#include "cluster/leaving.h"
#include "cluster/registry.h"
#include "cluster/transact.h"

namespace fairlead::cluster {

namespace {

// The networks and pools of which a host has something, by keys alone.
struct Holdings {
  std::set<std::string> networks;   // members/
  std::set<std::string> endpoints;  // networks with eps/
  std::set<std::string> pools;      // users/
  bool known = false;               // nodes/ or alive/
};

Holdings holdings(const View& view, const std::string& node) {
  Holdings out;
  const std::string& root = view.layout().root();
  for (const auto& rest : keys_under(view, root)) {
    const auto [kind, parts] = split_key(rest);
    if (kind == KeyKind::member && parts[1] == node) out.networks.insert(parts[0]);
    if (kind == KeyKind::endpoint && parts[1] == node) out.endpoints.insert(parts[0]);
    if (kind == KeyKind::user && parts[1] == node) out.pools.insert(parts[0]);
    if ((kind == KeyKind::node || kind == KeyKind::alive) && parts[0] == node) out.known = true;
  }
  return out;
}

// Pools in the order of their ids; every one of them, because blocks tell their owner in the value.
std::vector<Decision> addresses(const View& view, const std::string& node) {
  std::set<std::string> pools;
  for (const auto& [pool, blocks] : view.blocks) pools.insert(pool);
  for (const auto& [pool, statics] : view.statics) pools.insert(pool);
  for (const auto& [key, ask] : view.asks) pools.insert(ask.pool);
  std::vector<Decision> pieces;
  for (const auto& pool : pools)
    for (auto& piece : give_up_addresses(view, pool, node)) pieces.push_back(std::move(piece));
  return pieces;
}

// What goes next: first what hangs on other things; the host itself when nothing else is left.
std::vector<Decision> next_pieces(const View& view, const std::string& node) {
  const Layout& layout = view.layout();
  const Holdings has = holdings(view, node);
  std::vector<Decision> pieces = addresses(view, node);
  for (const auto& network : has.endpoints) {
    if (has.networks.contains(network)) continue;  // goes with the membership
    pieces.emplace_back(view);
    pieces.back().erase_under(layout.endpoints(network, node));
  }
  for (const auto& network : has.networks) pieces.push_back(give_up_network(view, network, node));
  if (!pieces.empty()) return pieces;
  for (const auto& pool : has.pools) pieces.push_back(give_up_pool(view, pool, node));
  if (!pieces.empty() || !has.known) return pieces;
  pieces.emplace_back(view);
  pieces.back().erase(layout.node(node));
  pieces.back().erase(layout.alive(node));
  return pieces;
}

}  // namespace

Status Registry::forget(const std::string& node, bool force) {
  const std::string what = "forget host " + node;
  const Layout& layout = view_.layout();
  const std::string alive = layout.alive(node);
  if (auto read = refresh(client_, view_, layout.root()); !read)
    return fail(std::move(read).error(), what);
  const Holdings has = holdings(view_, node);
  if (!has.known && has.networks.empty() && has.endpoints.empty() && has.pools.empty() &&
      addresses(view_, node).empty())
    return fail(Errc::not_found, what + ": the cluster knows no such host");

  const auto plan = [&]() -> Result<std::vector<Decision>> {
    if (!force && view_.modified(alive) != 0)
      return fail(Errc::conflict,
                  "it is alive: stop fairleadd there, or use --force if it is "
                  "certain that its containers are gone");
    auto pieces = next_pieces(view_, node);
    if (!force)
      for (auto& piece : pieces) piece.absent(alive);
    return pieces;
  };
  if (auto done = do_all(client_, view_, plan); !done) return fail(std::move(done).error(), what);
  return {};
}

}  // namespace fairlead::cluster
