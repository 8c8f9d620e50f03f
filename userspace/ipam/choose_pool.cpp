#include "ipam/choose_pool.h"

#include <algorithm>

namespace fairlead::ipam {

namespace {

// `blocked` is sorted by first(). Blocks are nested or apart, so one pass is enough: what starts
// behind the candidate cannot be overlapped by it any more.
std::optional<Prefix> first_gap(const Settings::Range& range, const std::vector<Prefix>& blocked) {
  const unsigned cut = std::max(range.cut, range.prefix.length());
  Prefix candidate(range.prefix.first(), cut);
  for (const Prefix& block : blocked) {
    if (!block.overlaps(candidate)) continue;
    const Address end = std::max(block.last(), candidate.last());
    if (end >= range.prefix.last()) return std::nullopt;
    candidate = Prefix(end.plus(1), cut);
  }
  return candidate;
}

}  // namespace

std::optional<Prefix> choose_pool(const std::vector<Settings::Range>& ranges,
                                  std::vector<Prefix> blocked) {
  std::erase_if(blocked, [](const Prefix& block) { return block.length() == 0; });
  std::sort(blocked.begin(), blocked.end(),
            [](const Prefix& a, const Prefix& b) { return a.first() < b.first(); });
  for (const auto& range : ranges) {
    if (auto gap = first_gap(range, blocked)) return gap;
  }
  return std::nullopt;
}

}  // namespace fairlead::ipam
