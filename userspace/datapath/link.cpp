#include "datapath/link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/unique_fd.h"
#include "datapath/pins.h"
#include "netlink/clsact.h"

namespace fairlead::datapath {

namespace {

// enum bpf_attach_type of Linux 6.6, which the headers of the floor do not have.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

bpf_attach_type attach_type(Direction direction) {
  return direction == Direction::ingress ? kTcxIngress : kTcxEgress;
}

std::string where(const Hook& hook) {
  return (hook.direction == Direction::ingress ? "ingress of " : "egress of ") + hook.device;
}

// The device of a TCX link; 0: gone. struct bpf_link_info.tcx begins with its ifindex, as .xdp
// does.
int device_of(int link) {
  bpf_link_info info{};
  std::uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(link, &info, &size) != 0) return 0;
  return static_cast<int>(info.xdp.ifindex);
}

bool is_missing_feature(int sys_errno) { return sys_errno == EINVAL || sys_errno == EOPNOTSUPP; }

bpf_tc_hook clsact_hook(int index, Direction direction) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = index;
  hook.attach_point = direction == Direction::ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
  return hook;
}

bpf_tc_opts filter() {
  bpf_tc_opts options{};
  options.sz = sizeof(options);
  options.handle = TcHooks::kHandle;
  options.priority = TcHooks::kPriority;
  return options;
}

}  // namespace

Status TcHooks::attach(int program, const Hook& hook) {
  if (!allow_tcx_) tcx_ = false;
  if (tcx_.has_value()) return *tcx_ ? attach_tcx(program, hook) : attach_clsact(program, hook);

  auto done = attach_tcx(program, hook);
  if (done) {
    tcx_ = true;
    return done;
  }
  if (done.error().code() != Errc::unsupported) return done;
  done = attach_clsact(program, hook);
  if (done) tcx_ = false;
  return done;
}

Result<bool> TcHooks::attach_at_once(int program, const Hook& hook) {
  if (!allow_tcx_ || !tcx_.value_or(false)) {
    if (auto done = attach(program, hook); !done) return std::unexpected(std::move(done).error());
    return false;
  }
  auto taken = take_over(program, hook);
  if (!taken) return std::unexpected(std::move(taken).error());
  // With the link, a filter is what settle() had no time to remove, of an earlier daemon's program.
  auto done = *taken ? detach_clsact(hook.index, hook.direction, hook.device)
                     : attach_clsact(program, hook);
  if (!done) return std::unexpected(std::move(done).error());
  return !*taken;
}

Status TcHooks::settle(int program, const Hook& hook) {
  if (!tcx_.value_or(false)) return {};
  if (auto done = attach_tcx(program, hook); !done) return done;
  return detach_clsact(hook.index, hook.direction, hook.device);
}

// Swaps the program of the pinned link. False: there is none for this device, nor a pin any more.
Result<bool> TcHooks::take_over(int program, const Hook& hook) {
  const UniqueFd pinned(bpf_obj_get(hook.pin.c_str()));
  if (!pinned) return false;
  if (device_of(pinned.get()) == hook.index && bpf_link_update(pinned.get(), program, nullptr) == 0)
    return true;
  // Of a device that is gone, though its name is back.
  if (auto gone = detach_link(hook.pin); !gone) return std::unexpected(std::move(gone).error());
  return false;
}

Status TcHooks::attach_tcx(int program, const Hook& hook) {
  auto taken = take_over(program, hook);
  if (!taken) return std::unexpected(std::move(taken).error());
  if (*taken) return {};
  const int link = bpf_link_create(program, hook.index, attach_type(hook.direction), nullptr);
  if (link < 0) {
    if (is_missing_feature(errno)) return fail(Errc::unsupported, "this kernel has no TCX");
    return fail_errno("attach to " + where(hook));
  }
  const UniqueFd owned(link);
  if (bpf_obj_pin(link, hook.pin.c_str()) != 0)
    return fail_errno("pin the link to " + where(hook) + " at " + hook.pin);
  return {};
}

Status TcHooks::attach_clsact(int program, const Hook& hook) {
  bpf_tc_hook at = clsact_hook(hook.index, hook.direction);
  if (const int error = bpf_tc_hook_create(&at); error != 0 && error != -EEXIST)
    return fail_errno("make the clsact qdisc of " + hook.device, -error);
  bpf_tc_opts options = filter();
  options.prog_fd = program;
  options.flags = BPF_TC_F_REPLACE;  // with the same handle and priority the swap is atomic
  if (const int error = bpf_tc_attach(&at, &options); error != 0)
    return fail_errno("attach to " + where(hook), -error);
  return {};
}

Status TcHooks::detach(const Hook& hook) {
  if (auto gone = detach_link(hook.pin); !gone) return gone;
  return detach_clsact(hook.index, hook.direction, hook.device);
}

bool TcHooks::is_attached(const Hook& hook) {
  const UniqueFd pinned(bpf_obj_get(hook.pin.c_str()));
  if (pinned && device_of(pinned.get()) == hook.index) return true;
  return clsact_program(hook.index, hook.direction) != 0;
}

std::string TcHooks::mode() const {
  if (!tcx_.has_value()) return "";
  return *tcx_ ? "tcx" : "clsact";
}

// Without the detach, the kernel lets go of a link some time after its last pin and descriptor, and
// until then refuses the same program there (EEXIST). Of a device that is gone it is no error.
Status detach_link(const std::string& pin) {
  if (const UniqueFd pinned(bpf_obj_get(pin.c_str())); pinned)
    static_cast<void>(bpf_link_detach(pinned.get()));
  return remove_pin(pin);
}

unsigned clsact_program(int index, Direction direction) {
  const bpf_tc_hook at = clsact_hook(index, direction);
  bpf_tc_opts options = filter();
  return bpf_tc_query(&at, &options) == 0 ? options.prog_id : 0;
}

Status detach_clsact(int index, Direction direction, const std::string& device) {
  if (clsact_program(index, direction) == 0) return {};
  const bpf_tc_hook at = clsact_hook(index, direction);
  const bpf_tc_opts options = filter();
  const int error = bpf_tc_detach(&at, &options);
  if (error != 0 && error != -ENOENT && error != -ENODEV)
    return fail_errno("detach from " + device, -error);
  return netlink::remove_unused_clsact(index);
}

}  // namespace fairlead::datapath
