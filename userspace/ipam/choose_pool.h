// Which subnet a network gets that did not ask for one.
#pragma once

#include <optional>
#include <vector>

#include "ipam/ipam.h"

namespace fairlead::ipam {

// The lowest subnet of the first range that has one which overlaps none of `blocked`; nullopt if
// all are blocked. Prefixes of length 0 (default routes) block nothing. Takes time by the number
// of blocked prefixes, not by the size of a range.
std::optional<Prefix> choose_pool(const std::vector<Settings::Range>& ranges,
                                  std::vector<Prefix> blocked);

}  // namespace fairlead::ipam
