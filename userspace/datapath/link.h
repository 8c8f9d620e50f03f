// Programs on devices, by TCX where the kernel has it (6.6), else as a filter of a clsact qdisc.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace fairlead::datapath {

enum class Direction { ingress, egress };

// Where a program goes.
struct Hook {
  std::string device;
  int index = 0;
  Direction direction = Direction::ingress;
  std::string pin;  // of the TCX link
};

// Nothing here is undone by a destructor: what is attached stays until detach(), or until the
// device goes. Our clsact filters have a priority and handle of their own, so that others' filters
// stay.
class TcHooks {
 public:
  static constexpr unsigned kPriority = 0x66;  // before what people add by default (49152), after 1
  static constexpr unsigned kHandle = 0xfa1;

  // Without `allow_tcx`, clsact even where TCX would work.
  explicit TcHooks(bool allow_tcx) : allow_tcx_(allow_tcx) {}

  // Attaches, or swaps the program that an earlier daemon attached, without a packet that meets
  // none. The first call finds out by trying which way this kernel has. not_found: no such device.
  Status attach(int program, const Hook& hook);
  // As attach(), without a wait. A first TCX link takes a grace period of RCU with RTNL held, 10 ms
  // and more (kernel/bpf/tcx.c tcx_entry_sync()), so a clsact filter does its work at first. True:
  // it does, and settle() is to follow when there is time: a filter costs each packet more.
  Result<bool> attach_at_once(int program, const Hook& hook);
  // A TCX link in place of attach_at_once()'s filter, without a packet that meets none.
  Status settle(int program, const Hook& hook);
  // What is not attached, or whose device is gone, is success.
  Status detach(const Hook& hook);

  // Is a program of ours there, by either way?
  static bool is_attached(const Hook& hook);

  // "tcx" or "clsact"; "" before the first attach().
  std::string mode() const;

 private:
  Result<bool> take_over(int program, const Hook& hook);
  Status attach_tcx(int program, const Hook& hook);
  Status attach_clsact(int program, const Hook& hook);

  bool allow_tcx_;
  std::optional<bool> tcx_;
};

// Detaches the link of a pin, of whatever kind, at once, and removes the pin. No such pin is
// success.
Status detach_link(const std::string& pin);
// Id of the program that is our clsact filter there; 0: none. For a teardown that has no state.
unsigned clsact_program(int index, Direction direction);
// Removes our clsact filter there, and the qdisc if nobody else's filter is in it.
Status detach_clsact(int index, Direction direction, const std::string& device);

}  // namespace fairlead::datapath
