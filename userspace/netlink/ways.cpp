// The way to one address: what the kernel would choose among.
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <functional>
#include <tuple>

#include "netlink/attributes.h"
#include "netlink/kernel_links.h"
#include "netlink/message.h"
#include "netlink/sysctl.h"

namespace fairlead::netlink {

namespace {

using RouteAttributes = Attributes<RTA_MAX + 1>;

// A route that wraps packets (MPLS, SRv6 ...) leads to no device as far as we are concerned: only
// the kernel can send by it.
WayHop hop_of(int link, const Address& destination, unsigned weight,
              const RouteAttributes& attributes) {
  WayHop hop{.link = attributes[RTA_ENCAP] ? 0 : link,
             .gateway = Address::any(destination.family()),
             .weight = weight};
  if (attributes[RTA_GATEWAY]) {
    hop.gateway = address_of(attributes[RTA_GATEWAY]);
  } else if (const nlattr* via = attributes[RTA_VIA];
             via && nla_len(via) > static_cast<int>(sizeof(rtvia))) {
    // A gateway of the other family (RFC 5549): family, then the address.
    const auto* other = static_cast<const rtvia*>(nla_data(via));
    hop.gateway =
        address_of(other->rtvia_addr, static_cast<std::size_t>(nla_len(via)) - sizeof(rtvia));
  }
  return hop;
}

void add_hops(const nlattr* several, const Address& destination, std::vector<WayHop>& hops) {
  const auto* next = static_cast<const rtnexthop*>(nla_data(several));
  int left = nla_len(several);
  while (left >= static_cast<int>(sizeof(rtnexthop)) && RTNH_OK(next, left)) {
    RouteAttributes attributes{};
    auto* first = reinterpret_cast<nlattr*>(RTNH_DATA(next));
    const int size = static_cast<int>(next->rtnh_len) - static_cast<int>(RTNH_LENGTH(0));
    const bool whole = nla_parse(attributes.data(), RTA_MAX, first, size, nullptr) == 0;
    if (whole && !(next->rtnh_flags & RTNH_F_DEAD))
      hops.push_back(hop_of(next->rtnh_ifindex, destination, next->rtnh_hops + 1U, attributes));
    left -= static_cast<int>(RTNH_ALIGN(next->rtnh_len));
    next = reinterpret_cast<const rtnexthop*>(reinterpret_cast<const char*>(next) +
                                              RTNH_ALIGN(next->rtnh_len));
  }
}

std::uint32_t mtu_of(nlattr* metrics) {
  Attributes<RTAX_MAX + 1> values{};
  if (!metrics || nla_parse_nested(values.data(), RTAX_MAX, metrics, nullptr) != 0) return 0;
  return values[RTAX_MTU] ? nla_get_u32(values[RTAX_MTU]) : 0;
}

// `object`: the nexthop object that the route refers to and whose hops the message does not list
// (sysctl net.ipv4.nexthop_compat_mode=0), else 0.
void read_way(nlmsghdr* message, const Address& destination, Way& way, std::uint32_t& object) {
  const auto* header = static_cast<const rtmsg*>(nlmsg_data(message));
  RouteAttributes attributes{};
  if (!parse(message, sizeof(*header), attributes)) return;
  way.local = header->rtm_type == RTN_LOCAL;
  if (attributes[RTA_PREFSRC]) way.source = address_of(attributes[RTA_PREFSRC]);
  if (header->rtm_type != RTN_UNICAST) return;
  way.mtu = mtu_of(attributes[RTA_METRICS]);
  if (attributes[RTA_MULTIPATH]) {
    add_hops(attributes[RTA_MULTIPATH], destination, way.hops);
  } else if (attributes[RTA_OIF]) {
    if (!(header->rtm_flags & RTNH_F_DEAD))
      way.hops.push_back(
          hop_of(static_cast<int>(nla_get_u32(attributes[RTA_OIF])), destination, 1, attributes));
  } else if (attributes[RTA_NH_ID]) {
    object = nla_get_u32(attributes[RTA_NH_ID]);
  }
}

// What a lookup answers where there is no route, or one that refuses (net/ipv4/fib_semantics.c
// fib_props, net/ipv6/route.c ip6_rt_type_to_error): unreachable, prohibit, blackhole, throw.
bool means_no_route(int sys_errno) {
  return sys_errno == ENETUNREACH || sys_errno == EHOSTUNREACH || sys_errno == EACCES ||
         sys_errno == EINVAL || sys_errno == EAGAIN;
}

}  // namespace

Result<Way> KernelLinks::way_to(const Address& destination) {
  const std::string what = "find the way to " + destination.to_string();
  const Wire target = wire(destination);
  rtmsg header{};
  header.rtm_family = target.family;
  header.rtm_dst_len = static_cast<unsigned char>(target.size * 8);
  header.rtm_flags = RTM_F_FIB_MATCH;  // the route, not what one flow's hash makes of it
  Message message(RTM_GETROUTE, 0, header);
  message.put(RTA_DST, target.data, target.size);

  Way way;
  std::uint32_t object = 0;
  std::string text;
  auto sys_errno = connection_.ask(message, what, &text, [&](nlmsghdr* part) {
    if (part->nlmsg_type == RTM_NEWROUTE) read_way(part, destination, way, object);
  });
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (means_no_route(*sys_errno)) return Way{};
  if (*sys_errno != 0) return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
  if (object != 0) {
    if (auto done = add_hops_of(object, 1, way.hops); !done)
      return fail(std::move(done).error(), what);
    for (WayHop& hop : way.hops)
      if (hop.gateway.is_any()) hop.gateway = Address::any(destination.family());
  }
  return way;
}

Status KernelLinks::add_hops_of(std::uint32_t object, unsigned weight, std::vector<WayHop>& hops) {
  const std::string what = "read nexthop object " + std::to_string(object);
  Message message(RTM_GETNEXTHOP, 0, nhmsg{});
  message.put_u32(NHA_ID, object);
  std::vector<nexthop_grp> members;
  std::string text;
  auto sys_errno = connection_.ask(message, what, &text, [&](nlmsghdr* part) {
    const auto* header = static_cast<const nhmsg*>(nlmsg_data(part));
    Attributes<NHA_MAX + 1> attributes{};
    if (part->nlmsg_type != RTM_NEWNEXTHOP || !parse(part, sizeof(*header), attributes)) return;
    if (const nlattr* group = attributes[NHA_GROUP]) {
      members.resize(static_cast<std::size_t>(nla_len(group)) / sizeof(nexthop_grp));
      std::memcpy(members.data(), nla_data(group), members.size() * sizeof(nexthop_grp));
    } else if (attributes[NHA_OIF] && !(header->nh_flags & RTNH_F_DEAD)) {
      WayHop hop{.link = static_cast<int>(nla_get_u32(attributes[NHA_OIF])),
                 .gateway = Address(),
                 .weight = weight};
      if (attributes[NHA_ENCAP]) hop.link = 0;
      if (attributes[NHA_GATEWAY]) hop.gateway = address_of(attributes[NHA_GATEWAY]);
      hops.push_back(hop);
    }
  });
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == ENOENT) return {};  // it went meanwhile; the news of that are on their way
  if (*sys_errno != 0) return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
  for (const nexthop_grp& member : members) {  // members are no groups themselves
    if (auto done = add_hops_of(member.id, member.weight + 1U, hops); !done) return done;
  }
  return {};
}

// IPv6 asks the setting of the whole host (net/ipv6/ip6_output.c ip6_forward()), and since
// Linux 6.17 the device's force_forwarding as well.
bool KernelLinks::forwards(Family family, const std::string& device) {
  if (family == Family::v4) return has_device_sysctl(family, device, "forwarding", "1");
  return has_device_sysctl(family, "all", "forwarding", "1") ||
         has_device_sysctl(family, device, "force_forwarding", "1");
}

}  // namespace fairlead::netlink
