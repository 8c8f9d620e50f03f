// Gateway addresses of the host device, and the routes to their subnets.
//
// The device's MTU is the largest there is, so that networks of all MTUs can share it. The kernel's
// own route to a subnet would take that MTU over; instead ours says what the network's devices
// take.
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "netlink/attributes.h"
#include "netlink/kernel_links.h"
#include "netlink/message.h"

namespace fairlead::netlink {

namespace {

// Of its own, so that NLM_F_REPLACE meets no route but ours: before the kernel's IPv6 routes (256).
constexpr std::uint32_t kRouteMetric = 250;

ifaddrmsg address_header(int link, const Prefix& address) {
  ifaddrmsg header{};
  header.ifa_family = wire(address.address()).family;
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.length());
  header.ifa_index = static_cast<unsigned>(link);
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  return header;
}

rtmsg route_header(const Prefix& address, std::uint8_t protocol) {
  rtmsg header{};
  header.rtm_family = wire(address.address()).family;
  header.rtm_dst_len = static_cast<std::uint8_t>(address.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = protocol;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = address.family() == Family::v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  return header;
}

void put_subnet_and_link(Message& message, int link, const Prefix& address) {
  const Address first = address.first();
  message.put(RTA_DST, wire(first).data, wire(first).size);
  message.put_u32(RTA_OIF, static_cast<std::uint32_t>(link));
}

std::string device_text(int link) {
  char name[IF_NAMESIZE] = "";
  if (if_indextoname(static_cast<unsigned>(link), name)) return name;
  return "device " + std::to_string(link);
}

bool has_subnet(const Prefix& address) {
  return address.length() < (address.family() == Family::v4 ? 32U : 128U);
}

}  // namespace

Status KernelLinks::ensure_address(int link, const Prefix& address, std::uint32_t mtu) {
  // Not NLM_F_REPLACE: that would announce an address which did not change, and so wake the
  // daemon's own Monitor.
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address_header(link, address));
  const Wire local = wire(address.address());
  message.put(IFA_LOCAL, local.data, local.size);
  message.put(IFA_ADDRESS, local.data, local.size);
  unsigned flags = IFA_F_NOPREFIXROUTE;
  if (address.family() == Family::v6) {
    flags |= IFA_F_NODAD;
  } else if (address.length() < 31) {
    const Address last = address.last();
    message.put(IFA_BROADCAST, wire(last).data, wire(last).size);
  }
  message.put_u32(IFA_FLAGS, flags);
  std::string text;
  auto sys_errno =
      connection_.ask(message, "add " + address.to_string() + " to " + device_text(link), &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno != 0 && *sys_errno != EEXIST)
    return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
  if (!has_subnet(address)) return {};

  auto done = put_subnet_route(link, address, mtu);
  if (!done && *sys_errno == 0) static_cast<void>(remove_address(link, address));
  if (!done || *sys_errno == 0) return done;
  return remove_subnet_route(link, address, RTPROT_KERNEL);  // of an earlier version's address
}

Status KernelLinks::put_subnet_route(int link, const Prefix& address, std::uint32_t mtu) {
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route_header(address, kOwnProtocol));
  put_subnet_and_link(message, link, address);
  const Wire source = wire(address.address());
  message.put(RTA_PREFSRC, source.data, source.size);
  message.put_u32(RTA_PRIORITY, kRouteMetric);
  message.nest(RTA_METRICS, [&] { message.put_u32(RTAX_MTU, mtu); });
  return connection_.request(message, "add the route to " + address.network().to_string() + " by " +
                                          device_text(link) + " (MTU " + std::to_string(mtu) + ")");
}

Status KernelLinks::remove_subnet_route(int link, const Prefix& address, std::uint8_t protocol) {
  rtmsg header = route_header(address, protocol);
  header.rtm_scope = RT_SCOPE_NOWHERE;  // any
  Message message(RTM_DELROUTE, 0, header);
  put_subnet_and_link(message, link, address);
  std::string text;
  auto sys_errno = connection_.ask(
      message, "remove the route to " + address.network().to_string() + " by " + device_text(link),
      &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0 || *sys_errno == ESRCH || *sys_errno == ENODEV) return {};
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

Status KernelLinks::remove_address(int link, const Prefix& address) {
  auto route = remove_subnet_route(link, address, kOwnProtocol);
  Message message(RTM_DELADDR, 0, address_header(link, address));
  const Wire local = wire(address.address());
  message.put(IFA_LOCAL, local.data, local.size);
  std::string text;
  auto sys_errno = connection_.ask(
      message, "remove " + address.to_string() + " from " + device_text(link), &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0 || *sys_errno == EADDRNOTAVAIL || *sys_errno == ENODEV) return route;
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

}  // namespace fairlead::netlink
