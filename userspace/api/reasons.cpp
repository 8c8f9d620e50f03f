#include "api/reasons.h"

#include <algorithm>

#include "bpf/shared/reason.h"

namespace fairlead::api {

namespace {

// "FL_DROP_ICC" -> "DROP_ICC"
constexpr std::string_view without_prefix(std::string_view name) { return name.substr(3); }

constexpr Reason kReasons[] = {
#define FL_REASON_ROW(name, number, text, advice) {number, without_prefix(#name), text, advice},
    FL_REASONS(FL_REASON_ROW)
#undef FL_REASON_ROW
};

}  // namespace

std::span<const Reason> reasons() { return kReasons; }

Reason find_reason(std::uint32_t number) {
  const auto* found = std::ranges::find(kReasons, number, &Reason::number);
  if (found != std::end(kReasons)) return *found;
  return {.number = number,
          .name = "UNKNOWN",
          .text = "a reason that this daemon does not know",
          .advice = "the packet programs are newer than fairleadd: restart it"};
}

}  // namespace fairlead::api
