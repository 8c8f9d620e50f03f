#include "netlink/clsact.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netlink/connection.h"
#include "netlink/message.h"

namespace fairlead::netlink {

Status remove_unused_clsact(int link) {
  const std::string what = "clsact qdisc of device " + std::to_string(link);
  auto connection = Connection::open();
  if (!connection) return fail(std::move(connection).error(), what);
  tcmsg header{};
  header.tcm_ifindex = link;
  bool used = false;
  for (const unsigned minor : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
    header.tcm_parent = TC_H_MAKE(TC_H_CLSACT, minor);
    const Message list(RTM_GETTFILTER, 0, header);
    auto done = connection->dump(
        list, what + ": list filters",
        [&](nlmsghdr* part) { used = used || part->nlmsg_type == RTM_NEWTFILTER; }, [] {});
    if (!done) return done;
  }
  if (used) return {};

  header.tcm_parent = TC_H_CLSACT;
  header.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  std::string text;
  auto sys_errno = connection->ask(Message(RTM_DELQDISC, 0, header), what + ": remove it", &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  // ENOENT, EINVAL: there is none, in newer and older kernels; ENODEV: nor the device.
  if (*sys_errno == 0 || *sys_errno == ENOENT || *sys_errno == EINVAL || *sys_errno == ENODEV)
    return {};
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

}  // namespace fairlead::netlink
