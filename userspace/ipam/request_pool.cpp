#include <algorithm>
#include <cstddef>

#include "base/quote.h"
#include "ipam/choose_pool.h"
#include "ipam/ipam.h"

namespace fairlead::ipam {

namespace {

// How long a chosen pool is not chosen again (Ipam::request_pool's comment says why).
constexpr std::chrono::minutes kChosenRecently{1};

constexpr std::size_t kLongestSpace = 64;

// The space becomes a part of the id and of messages: "/" would let two pools share an id.
Status check_space(const std::string& space) {
  const auto good = [](char c) { return c > ' ' && c <= '~' && c != '/'; };
  if (!space.empty() && space.size() <= kLongestSpace &&
      std::all_of(space.begin(), space.end(), good)) {
    return {};
  }
  return fail(Errc::invalid_argument, "address space " + fairlead::quoted(space) +
                                          " is not a name: 1 to " + std::to_string(kLongestSpace) +
                                          " visible characters without \"/\"");
}

std::string pool_id(const PoolRequest& want, const Prefix& prefix) {
  std::string id = want.space + "/" + prefix.to_string();
  if (want.range) id += "/" + want.range->to_string();
  return id;
}

// Blocks that no container can live in, and one that our 16-byte form cannot tell from IPv4.
Status check_purpose(const Prefix& prefix) {
  struct Block {
    Prefix prefix;
    const char* name;
  };
  const auto v4 = [](std::uint8_t high, unsigned length) {
    return Prefix(Address({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, high, 0, 0, 0}), length);
  };
  const Block blocks[] = {
      {v4(0, 8), "the \"this network\" block"},
      {v4(127, 8), "the loopback block"},
      {v4(224, 3), "the multicast and reserved blocks"},
      {Prefix(Address(), 72), "the loopback and IPv4-mapped blocks"},
      {Prefix(Address({0xff}), 8), "the multicast block"},
  };
  for (const auto& block : blocks) {
    if (!block.prefix.overlaps(prefix)) continue;
    return fail(Errc::invalid_argument, "pool " + prefix.to_string() + " overlaps " + block.name +
                                            " " + block.prefix.to_string() +
                                            ": choose a private subnet");
  }
  return {};
}

Status check_host_bits(const char* what, const Prefix& prefix) {
  if (prefix == prefix.network()) return {};
  return fail(Errc::invalid_argument, std::string(what) + " " + prefix.to_string() +
                                          " has bits set behind its length: write " +
                                          prefix.network().to_string());
}

Status check_explicit(const PoolRequest& want) {
  const Prefix& prefix = *want.prefix;
  if (auto fine = check_host_bits("pool", prefix); !fine) return fine;
  if (auto fine = check_purpose(prefix); !fine) return fine;
  if (prefix.first() == prefix.last()) {
    return fail(Errc::invalid_argument,
                "pool " + prefix.to_string() +
                    " is too small: a gateway and one container need two addresses");
  }
  if (!want.range) return {};

  if (!prefix.contains(*want.range)) {
    return fail(Errc::invalid_argument, "range " + want.range->to_string() +
                                            " does not lie inside pool " + prefix.to_string());
  }
  return check_host_bits("range", *want.range);
}

std::unexpected<Error> none_left(const std::vector<Settings::Range>& ranges, Family family) {
  const std::string which = family == Family::v4 ? "IPv4" : "IPv6";
  const std::string advice =
      "name a subnet with --subnet, or add a default range to fairlead's configuration";
  if (ranges.empty()) {
    return fail(Errc::exhausted, "no default " + which + " range is configured: " + advice);
  }
  std::string names;
  for (const auto& range : ranges) {
    if (!names.empty()) names += ", ";
    names += range.prefix.to_string() + " in /" + std::to_string(range.cut) + "s";
  }
  return fail(Errc::exhausted, "no free " + which + " subnet is left in the default ranges (" +
                                   names + "): remove an unused network (see 'fairlead ipam'), " +
                                   advice);
}

}  // namespace

Result<Prefix> Ipam::choose(Family family, const std::vector<Prefix>& taken, TimePoint now) {
  // A time to come means that the clock was set back: it says nothing about how recent it is.
  std::erase_if(recently_chosen_, [now](const auto& entry) {
    return entry.second > now || now - entry.second >= kChosenRecently;
  });

  std::vector<Prefix> blocked = taken;
  for (const auto& [id, state] : pools_) blocked.push_back(state.pool.prefix);
  std::vector<Prefix> fresh = blocked;
  for (const auto& [prefix, when] : recently_chosen_) fresh.push_back(prefix);

  const auto& ranges = family == Family::v4 ? settings_.ranges_v4 : settings_.ranges_v6;
  auto chosen = choose_pool(ranges, std::move(fresh));
  if (!chosen) chosen = choose_pool(ranges, std::move(blocked));
  if (!chosen) return none_left(ranges, family);
  recently_chosen_[*chosen] = now;
  return *chosen;
}

Result<Pool> Ipam::request_pool(const PoolRequest& want, const std::vector<Prefix>& taken,
                                TimePoint now) {
  if (auto fine = check_space(want.space); !fine) return std::unexpected(std::move(fine).error());
  if (want.prefix) {
    if (auto fine = check_explicit(want); !fine) return std::unexpected(std::move(fine).error());
    for (const auto& [id, state] : pools_) {
      if (state.pool.space != want.space || !state.pool.prefix.overlaps(*want.prefix)) continue;
      return fail(Errc::conflict, "pool " + want.prefix->to_string() + " overlaps pool " + id +
                                      ": choose another subnet, or remove the network that has it "
                                      "(see 'fairlead ipam')");
    }
  } else if (want.range) {
    return fail(Errc::invalid_argument, "range " + want.range->to_string() +
                                            " needs a pool around it: name one with --subnet");
  }

  auto prefix = want.prefix ? Result<Prefix>(*want.prefix) : choose(want.family, taken, now);
  if (!prefix) return std::unexpected(std::move(prefix).error());

  Pool pool{.id = pool_id(want, *prefix),
            .space = want.space,
            .prefix = *prefix,
            .range = want.range,
            .created = now};
  pools_[pool.id].pool = pool;
  return pool;
}

}  // namespace fairlead::ipam
