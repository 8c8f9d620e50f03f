#include "netlink/events.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <string_view>
#include <vector>

#include "netlink/neighbour_message.h"

namespace fairlead::netlink {

namespace {

// Larger than any one notification (the kernel makes them of at most a page or two).
constexpr std::size_t kBufferSize = 64 * 1024;

constexpr std::array kGroups = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_RULE,
                                RTNLGRP_IPV6_RULE,  RTNLGRP_NEXTHOP,     RTNLGRP_NEIGH};

constexpr std::string_view kOwnPrefix = "fl";

bool is_own(nlmsghdr& message) {
  const nlattr* name = nlmsg_find_attr(&message, sizeof(ifinfomsg), IFLA_IFNAME);
  return name && std::string_view(nla_get_string(name)).starts_with(kOwnPrefix);
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

// Routes that the kernel caches for one destination do not count; nor do news of bridge ports,
// which say nothing about a link itself.
News Monitor::news_of(nlmsghdr& message) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      if (static_cast<const ifinfomsg*>(nlmsg_data(&message))->ifi_family != AF_UNSPEC) return {};
      return {.host = true, .underlay = !is_own(message)};
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return {.host = true, .underlay = true};
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const auto* route = static_cast<const rtmsg*>(nlmsg_data(&message));
      if (route->rtm_flags & RTM_F_CLONED) return {};
      return {.host = route->rtm_table == RT_TABLE_MAIN, .underlay = true};
    }
    case RTM_NEWRULE:
    case RTM_DELRULE:
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return {.host = false, .underlay = true};
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return {.host = false, .underlay = neighbour_changed(message)};
    default:
      return {};
  }
}

// A neighbour's timers make several notifications a minute; only another MAC, or none, matters.
bool Monitor::neighbour_changed(nlmsghdr& message) {
  const auto* header = static_cast<const ndmsg*>(nlmsg_data(&message));
  if (header->ndm_family != AF_INET && header->ndm_family != AF_INET6) return false;  // a bridge's
  const auto heard = neighbour_of(&message);
  if (!heard) return false;
  const std::pair key(heard->link, heard->address);
  const auto known = neighbours_.find(key);
  if (message.nlmsg_type == RTM_DELNEIGH || !heard->usable) {
    if (known == neighbours_.end()) return false;
    neighbours_.erase(known);
    return true;
  }
  if (known != neighbours_.end() && known->second == heard->mac) return false;
  neighbours_[key] = heard->mac;
  return true;
}

Result<News> Monitor::drain() {
  std::vector<char> buffer(kBufferSize);
  News all;
  for (;;) {
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return all;
      if (errno == EINTR) continue;
      if (errno != ENOBUFS) return fail_errno("read notifications of links and addresses");
      all = {.host = true, .underlay = true};  // the socket overflowed: some were lost
      neighbours_.clear();
      continue;
    }
    int left = static_cast<int>(size);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(message, left);
         message = nlmsg_next(message, &left)) {
      const News news = news_of(*message);
      all.host = all.host || news.host;
      all.underlay = all.underlay || news.underlay;
    }
  }
}

}  // namespace fairlead::netlink
