#include <ostream>

#include "bpf_program.h"

std::ostream& operator<<(std::ostream& out, fl_reason reason) {
  switch (reason) {
#define FL_REASON_NAME(name, number, text, advice) \
  case name:                                       \
    return out << #name;
    FL_REASONS(FL_REASON_NAME)
#undef FL_REASON_NAME
  }
  return out << "reason " << static_cast<int>(reason);
}

namespace fairlead::test {

bool Ran::operator==(const Ran& other) const {
  return action == other.action && reasons == other.reasons &&
         (action == kDrop || packet == other.packet);
}

void PrintTo(const Ran& ran, std::ostream* out) {
  *out << (ran.action == kNext       ? "next program"
           : ran.action == kDrop     ? "drop"
           : ran.action == kRedirect ? "redirect"
                                     : "action " + std::to_string(ran.action));
  for (const fl_reason reason : ran.reasons) *out << ", " << reason;
  if (ran.action != kDrop) *out << ", " << describe(ran.packet);
}

Ran redirected(fl_reason reason, Packet packet) {
  return {.action = kRedirect, .reasons = {reason}, .packet = std::move(packet)};
}

Ran dropped(fl_reason reason) { return {.action = kDrop, .reasons = {reason}}; }

Ran refused(fl_reason reason, Packet icmp_error) {
  return {.action = kRedirect,
          .reasons = {reason, FL_FORWARD_ICMP_ERROR},
          .packet = std::move(icmp_error)};
}

Ran left_alone(Packet packet, fl_reason reason) {
  return {.action = kNext, .reasons = {reason}, .packet = std::move(packet)};
}

}  // namespace fairlead::test
