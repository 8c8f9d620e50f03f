#include "datapath/xdp_link.h"

#include <bpf/bpf.h>
#include <linux/if_link.h>

#include "base/unique_fd.h"
#include "datapath/link.h"

namespace fairlead::datapath {

namespace {

// Swaps the program of a pinned link, if it is one of this device. false: a new link is needed.
bool take_over(int program, int index, const std::string& pin) {
  const UniqueFd pinned(bpf_obj_get(pin.c_str()));
  bpf_link_info info{};
  std::uint32_t size = sizeof(info);
  return pinned && bpf_obj_get_info_by_fd(pinned.get(), &info, &size) == 0 &&
         info.xdp.ifindex == static_cast<__u32>(index) &&
         bpf_link_update(pinned.get(), program, nullptr) == 0;
}

// net/core/dev.c: dev_xdp_attach(), and what drivers answer.
Status refused(int sys_errno, const std::string& device) {
  if (sys_errno == EBUSY || sys_errno == EEXIST)
    return fail(Errc::conflict, "another XDP program is on " + device +
                                    " or on what it belongs to, and stays: 'ip link show dev " +
                                    device + "' names it; tunnel packets are taken at TC");
  if (sys_errno == EOPNOTSUPP || sys_errno == EINVAL || sys_errno == ERANGE)
    return fail(Errc::unsupported, "the driver of " + device +
                                       " takes no XDP program, or none with its MTU and queues; "
                                       "tunnel packets are taken at TC");
  return fail_errno("attach to XDP of " + device, sys_errno);
}

}  // namespace

Status attach_xdp(int program, const std::string& device, int index, const std::string& pin) {
  if (take_over(program, index, pin)) return {};
  if (auto gone = detach_link(pin); !gone) return gone;
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  options.flags = XDP_FLAGS_DRV_MODE;
  const int link = bpf_link_create(program, index, BPF_XDP, &options);
  if (link < 0) return refused(errno, device);
  const UniqueFd owned(link);
  if (bpf_obj_pin(link, pin.c_str()) != 0)
    return fail_errno("pin the link to XDP of " + device + " at " + pin);
  return {};
}

}  // namespace fairlead::datapath
