// Reading the kernel's tables of links, addresses and routes.
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <array>
#include <cstring>
#include <optional>

#include "netlink/attributes.h"
#include "netlink/kernel_links.h"
#include "netlink/message.h"

namespace fairlead::netlink {

namespace {

std::optional<LinkInfo> link_of(nlmsghdr* message) {
  const auto* header = static_cast<const ifinfomsg*>(nlmsg_data(message));
  Attributes<IFLA_MAX + 1> attributes{};
  if (!parse(message, sizeof(*header), attributes) || !attributes[IFLA_IFNAME]) return {};
  LinkInfo link;
  link.index = header->ifi_index;
  link.name = nla_get_string(attributes[IFLA_IFNAME]);
  link.up = header->ifi_flags & IFF_UP;
  link.loopback = header->ifi_flags & IFF_LOOPBACK;
  link.ethernet = header->ifi_type == ARPHRD_ETHER;
  if (attributes[IFLA_MTU]) link.mtu = nla_get_u32(attributes[IFLA_MTU]);
  if (attributes[IFLA_MASTER]) link.master = static_cast<int>(nla_get_u32(attributes[IFLA_MASTER]));
  std::array<std::uint8_t, 6> mac{};
  if (const auto* address = attributes[IFLA_ADDRESS]; address && nla_len(address) == 6) {
    std::memcpy(mac.data(), nla_data(address), mac.size());
    link.mac = Mac(mac);
  }
  Attributes<IFLA_INFO_MAX + 1> info{};
  if (attributes[IFLA_LINKINFO] &&
      nla_parse_nested(info.data(), IFLA_INFO_MAX, attributes[IFLA_LINKINFO], nullptr) == 0 &&
      info[IFLA_INFO_KIND])
    link.kind = nla_get_string(info[IFLA_INFO_KIND]);
  return link;
}

std::optional<AddressInfo> address_info_of(nlmsghdr* message) {
  const auto* header = static_cast<const ifaddrmsg*>(nlmsg_data(message));
  Attributes<IFA_MAX + 1> attributes{};
  if (!parse(message, sizeof(*header), attributes)) return {};
  // On a point-to-point link IFA_ADDRESS is the other end.
  const nlattr* own = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
  if (!own) return {};
  const unsigned flags =
      attributes[IFA_FLAGS] ? nla_get_u32(attributes[IFA_FLAGS]) : header->ifa_flags;
  unsigned unsteady = IFA_F_DEPRECATED;
  if (header->ifa_family == AF_INET6)  // IPv4 uses the bit of IFA_F_TEMPORARY for "secondary"
    unsteady |= IFA_F_TEMPORARY | IFA_F_TENTATIVE | IFA_F_DADFAILED;
  AddressInfo info;
  info.link = static_cast<int>(header->ifa_index);
  info.address = Prefix(address_of(own), header->ifa_prefixlen);
  info.global = header->ifa_scope == RT_SCOPE_UNIVERSE;
  info.temporary = flags & unsteady;
  return info;
}

bool of_interest(const rtmsg& header, std::uint32_t table) {
  if (table != RT_TABLE_MAIN || (header.rtm_flags & RTM_F_CLONED)) return false;
  return header.rtm_type == RTN_UNICAST || header.rtm_type == RTN_BLACKHOLE ||
         header.rtm_type == RTN_UNREACHABLE || header.rtm_type == RTN_PROHIBIT;
}

void add_routes_of(nlmsghdr* message, std::vector<RouteInfo>& routes) {
  const auto* header = static_cast<const rtmsg*>(nlmsg_data(message));
  Attributes<RTA_MAX + 1> attributes{};
  if (!parse(message, sizeof(*header), attributes)) return;
  const std::uint32_t table =
      attributes[RTA_TABLE] ? nla_get_u32(attributes[RTA_TABLE]) : header->rtm_table;
  if (!of_interest(*header, table)) return;

  const Family family = header->rtm_family == AF_INET6 ? Family::v6 : Family::v4;
  RouteInfo route;
  route.destination =
      Prefix(attributes[RTA_DST] ? address_of(attributes[RTA_DST]) : Address::any(family),
             header->rtm_dst_len);
  if (const nlattr* gateway = attributes[RTA_GATEWAY]) route.gateway = address_of(gateway);
  if (const nlattr* several = attributes[RTA_MULTIPATH]) {
    const auto* hop = static_cast<const rtnexthop*>(nla_data(several));
    int left = nla_len(several);
    while (left >= static_cast<int>(sizeof(rtnexthop)) && RTNH_OK(hop, left)) {
      route.link = hop->rtnh_ifindex;
      routes.push_back(route);
      left -= static_cast<int>(RTNH_ALIGN(hop->rtnh_len));
      hop = reinterpret_cast<const rtnexthop*>(reinterpret_cast<const char*>(hop) +
                                               RTNH_ALIGN(hop->rtnh_len));
    }
    return;
  }
  if (attributes[RTA_OIF]) route.link = static_cast<int>(nla_get_u32(attributes[RTA_OIF]));
  routes.push_back(route);
}

}  // namespace

Result<std::vector<LinkInfo>> KernelLinks::links() {
  Message message(RTM_GETLINK, 0, ifinfomsg{});
  message.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  std::vector<LinkInfo> links;
  auto done = connection_.dump(
      message, "list links",
      [&](nlmsghdr* part) {
        if (auto link = link_of(part)) links.push_back(std::move(*link));
      },
      [&] { links.clear(); });
  if (!done) return std::unexpected(std::move(done).error());
  return links;
}

Result<std::optional<LinkInfo>> KernelLinks::link(int index) {
  ifinfomsg header{};
  header.ifi_index = index;
  Message message(RTM_GETLINK, 0, header);
  message.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  std::optional<LinkInfo> found;
  std::string text;
  auto sys_errno = connection_.ask(message, "look up device " + std::to_string(index), &text,
                                   [&](nlmsghdr* part) {
                                     if (part->nlmsg_type == RTM_NEWLINK) found = link_of(part);
                                   });
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0 || *sys_errno == ENODEV) return found;
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

Result<std::vector<AddressInfo>> KernelLinks::addresses() {
  const Message message(RTM_GETADDR, 0, ifaddrmsg{});
  std::vector<AddressInfo> addresses;
  auto done = connection_.dump(
      message, "list addresses",
      [&](nlmsghdr* part) {
        if (auto address = address_info_of(part)) addresses.push_back(*address);
      },
      [&] { addresses.clear(); });
  if (!done) return std::unexpected(std::move(done).error());
  return addresses;
}

Result<std::vector<RouteInfo>> KernelLinks::routes() {
  std::vector<RouteInfo> routes;
  for (const int family : {AF_INET, AF_INET6}) {
    rtmsg header{};
    header.rtm_family = static_cast<unsigned char>(family);
    const Message message(RTM_GETROUTE, 0, header);
    const std::size_t before = routes.size();
    auto done = connection_.dump(
        message, "list routes", [&](nlmsghdr* part) { add_routes_of(part, routes); },
        [&] { routes.resize(before); });
    if (!done) return std::unexpected(std::move(done).error());
  }
  return routes;
}

}  // namespace fairlead::netlink
