#include "netlink/events.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <vector>

namespace fairlead::netlink {

namespace {

// Larger than any one notification (the kernel makes them of at most a page or two).
constexpr std::size_t kBufferSize = 64 * 1024;

constexpr std::array kGroups = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};

// Routes that the kernel caches for one destination, and those of other tables, do not count; nor
// do news of bridge ports, which say nothing about a link itself.
bool relevant(const nlmsghdr& message) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return static_cast<const ifinfomsg*>(nlmsg_data(&message))->ifi_family == AF_UNSPEC;
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return true;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const auto* route = static_cast<const rtmsg*>(nlmsg_data(&message));
      return route->rtm_table == RT_TABLE_MAIN && !(route->rtm_flags & RTM_F_CLONED);
    }
    default:
      return false;
  }
}

}  // namespace

Result<Monitor> Monitor::open() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd) return fail_errno("watch links and addresses: open netlink socket");
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&local), sizeof(local)) != 0)
    return fail_errno("watch links and addresses: bind netlink socket");
  for (const int group : kGroups) {
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0)
      return fail_errno("watch links and addresses: join netlink group " + std::to_string(group));
  }
  return Monitor(std::move(fd));
}

Result<bool> Monitor::drain() {
  std::vector<char> buffer(kBufferSize);
  bool changed = false;
  for (;;) {
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return changed;
      if (errno == EINTR) continue;
      if (errno != ENOBUFS) return fail_errno("read notifications of links and addresses");
      changed = true;  // the socket overflowed: some were lost
      continue;
    }
    int left = static_cast<int>(size);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(message, left);
         message = nlmsg_next(message, &left))
      changed = changed || relevant(*message);
  }
}

}  // namespace fairlead::netlink
