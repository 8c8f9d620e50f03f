#include "datapath/hop_slots.h"

#include <algorithm>

namespace fairlead::datapath {

void HopSlots::take_over(std::uint32_t first_fresh, const std::vector<std::uint32_t>& left,
                         std::uint64_t now) {
  fresh_ = std::max(first_fresh, 1U);
  for (const std::uint32_t slot : left) give_back(slot, now);
}

std::optional<std::uint32_t> HopSlots::take(std::uint64_t now) {
  if (fresh_ < capacity_) return fresh_++;
  if (resting_.empty() || resting_.front().until > now) return std::nullopt;
  const std::uint32_t slot = resting_.front().slot;
  resting_.pop_front();
  return slot;
}

}  // namespace fairlead::datapath
