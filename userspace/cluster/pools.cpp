// Pools: each prefix once in the cluster, none overlapping another.
#include "cluster/key.h"
#include "cluster/leaving.h"
#include "cluster/pool_room.h"
#include "cluster/registry.h"
#include "cluster/transact.h"
#include "ipam/choose_pool.h"

namespace fairlead::cluster {

namespace {

std::vector<Prefix> prefixes_of_pools(const View& view) {
  std::vector<Prefix> out;
  for (const auto& key : keys_under(view, view.layout().pools())) {
    const auto id = unescape(key);
    const auto prefix = id ? parse_pool_id(*id) : fail(Errc::invalid_argument, "");
    if (prefix) out.push_back(*prefix);
  }
  return out;
}

std::string users_text(const View& view, const std::string& pool) {
  std::string text;
  for (const auto& rest : keys_under(view, view.layout().users(pool)))
    text += (text.empty() ? ", in use on " : ", ") + unescape(rest).value_or(rest);
  return text;
}

Status check_explicit(const PoolRequest& want) {
  const Prefix& prefix = *want.prefix;
  if (prefix != prefix.network())
    return fail(Errc::invalid_argument, "pool " + prefix.to_string() +
                                            " has bits set behind its length: write " +
                                            prefix.network().to_string());
  if (prefix.first() == prefix.last() || prefix.length() == 0)
    return fail(Errc::invalid_argument, "pool " + prefix.to_string() +
                                            " cannot be shared: choose a private subnet with "
                                            "room for a gateway and containers");
  if (want.range && (!prefix.contains(*want.range) || *want.range != want.range->network()))
    return fail(Errc::invalid_argument, "range " + want.range->to_string() +
                                            " does not lie inside pool " + prefix.to_string() +
                                            ", or has bits set behind its length");
  return {};
}

Result<Prefix> choose(const View& view, const RegistrySettings& settings, const PoolRequest& want) {
  const auto& ranges = want.family == Family::v4 ? settings.ranges_v4 : settings.ranges_v6;
  std::vector<ipam::Settings::Range> cut;
  for (const auto& [prefix, length] : ranges) cut.push_back({.prefix = prefix, .cut = length});
  std::vector<Prefix> blocked = want.taken;
  const auto pools = prefixes_of_pools(view);
  blocked.insert(blocked.end(), pools.begin(), pools.end());
  if (const auto prefix = ipam::choose_pool(cut, std::move(blocked))) return *prefix;
  return fail(Errc::exhausted,
              std::string("no ") + (want.family == Family::v4 ? "IPv4" : "IPv6") +
                  " subnet is left that neither the cluster nor this host uses: name one with "
                  "--subnet, remove an unused network, or configure more ranges");
}

Result<Decision> join(const View& view, const SharedPool& pool, const std::string& node) {
  const Layout& layout = view.layout();
  Decision decision(view);
  decision.concerns(layout.users(pool.id));
  const std::string user = layout.user(pool.id, node);
  if (view.modified(user) != 0) return decision;
  // The pool is written, too: so the last user cannot remove it at the same time.
  const std::string key = layout.pool(pool.id);
  decision.unchanged(key);
  decision.absent(user);
  decision.put(key, view.entries().at(key).value);
  decision.put(PoolUser{.pool = pool.id, .node = node});
  return decision;
}

Result<Decision> make(const View& view, const SharedPool& pool, const std::string& node) {
  const Layout& layout = view.layout();
  for (const auto& other : prefixes_of_pools(view)) {
    if (!other.overlaps(pool.prefix)) continue;
    if (other == pool.prefix)
      return fail(Errc::unsupported, "pool " + pool.prefix.to_string() +
                                         " was made by a newer fairlead, which this one cannot "
                                         "read: upgrade this host");
    return fail(Errc::conflict, "pool " + pool.prefix.to_string() + " overlaps pool " +
                                    other.to_string() + " of the cluster" +
                                    users_text(view, pool_id(other)) + ": choose another subnet");
  }
  Decision decision(view);
  decision.unchanged(layout.pools_guard());
  decision.absent(layout.pool(pool.id));
  decision.concerns(layout.pools());
  decision.put(pool);
  decision.put(PoolUser{.pool = pool.id, .node = node});
  decision.touch(layout.pools_guard(), node);
  return decision;
}

}  // namespace

Result<SharedPool> Registry::request_pool(const PoolRequest& want) {
  std::string id;
  const auto decide = [&](unsigned) -> Result<Decision> {
    Result<Prefix> prefix = want.prefix ? *want.prefix : choose(view_, settings_, want);
    if (!prefix) return std::unexpected(std::move(prefix).error());
    id = pool_id(*prefix);
    if (const auto known = view_.pools.find(id); known != view_.pools.end())
      return join(view_, known->second, settings_.node);
    SharedPool pool{.id = id, .prefix = *prefix, .range = want.range, .block = 0, .gateway = {}};
    pool.block = block_length(block_room(pool));
    return make(view_, pool, settings_.node);
  };
  if (want.prefix) {
    if (auto fine = check_explicit(want); !fine) return std::unexpected(std::move(fine).error());
  } else if (want.range) {
    return fail(Errc::invalid_argument, "range " + want.range->to_string() +
                                            " needs a pool around it: name one with --subnet");
  }
  const Layout& layout = view_.layout();
  if (auto done = transact(client_, view_, decide, {layout.pools(), layout.all_users()}); !done)
    return fail(std::move(done).error(), "request pool");
  return view_.pools.at(id);
}

Result<SharedPool> Registry::set_gateway(const std::string& pool, const Address& gateway) {
  const Layout& layout = view_.layout();
  const auto decide = [&](unsigned) -> Result<Decision> {
    const auto known = view_.pools.find(pool);
    if (known == view_.pools.end()) return fail(Errc::not_found, "no such pool in the cluster");
    SharedPool changed = known->second;
    Decision decision(view_);
    if (changed.gateway == gateway) return decision;
    if (changed.gateway)
      return fail(Errc::conflict,
                  "its gateway is " + changed.gateway->to_string() + " on every host: use that");
    if (!changed.prefix.contains(gateway))
      return fail(Errc::invalid_argument, gateway.to_string() + " is not in the pool");
    if (const auto fixed = view_.statics.find(pool);
        fixed != view_.statics.end() && fixed->second.contains(gateway))
      return fail(Errc::conflict,
                  gateway.to_string() + " is in use on " + fixed->second.at(gateway).owner);
    changed.gateway = gateway;
    decision.unchanged(layout.pool(pool));
    decision.absent(layout.fixed(pool, gateway));
    decision.put(changed);
    return decision;
  };
  const std::vector<std::string> all = {layout.pool(pool), layout.statics(pool)};
  if (auto done = transact(client_, view_, decide, all); !done)
    return fail(std::move(done).error(), "set the gateway of pool " + pool);
  return view_.pools.at(pool);
}

Status Registry::release_pool(const std::string& pool) {
  const std::string what = "release pool " + pool;
  const Layout& layout = view_.layout();
  // An answer of an earlier transaction may have been lost: what is ours is what the store says.
  for (const auto& prefix :
       {layout.users(pool), layout.asks(pool), layout.blocks(pool), layout.statics(pool)})
    if (auto read = refresh(client_, view_, prefix); !read)
      return fail(std::move(read).error(), what);

  const auto plan = [&]() -> Result<std::vector<Decision>> {
    const bool alone = keys_under(view_, layout.users(pool)).size() <= 1;
    auto pieces = give_up_addresses(view_, pool, settings_.node);
    if (!pieces.empty() && !alone) return pieces;
    const auto last = give_up_pool(view_, pool, settings_.node);
    if (!last.nothing()) return std::vector{last};
    return pieces;
  };
  if (auto done = do_all(client_, view_, plan); !done) return fail(std::move(done).error(), what);
  return {};
}

}  // namespace fairlead::cluster
