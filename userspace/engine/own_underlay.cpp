// own_underlay: which addresses this host tells the others. Pure.
#include <algorithm>

#include "engine/underlay.h"
#include "engine/uplinks.h"

namespace fairlead::engine {

namespace {

using datapath::HostView;
using datapath::Uplink;

constexpr const char* kAdvice =
    "; say which one in section [cluster] of fairlead.toml: underlay = "
    "[\"ADDRESS\"]";

bool has_default(const std::vector<netlink::RouteInfo>& routes, const Uplink& uplink) {
  return std::ranges::any_of(routes, [&](const netlink::RouteInfo& route) {
    return route.link == uplink.index && route.destination.length() == 0;
  });
}

std::vector<const Uplink*> outward(const HostView& view,
                                   const std::vector<netlink::RouteInfo>& routes) {
  std::vector<const Uplink*> all;
  std::vector<const Uplink*> with_default;
  for (const Uplink& uplink : view.uplinks) {
    if (!uplink.masquerade) continue;  // a bridge of containers
    all.push_back(&uplink);
    if (has_default(routes, uplink)) with_default.push_back(&uplink);
  }
  return with_default.empty() ? all : with_default;
}

Result<Underlay> as_wanted(const HostView& view, const std::vector<netlink::AddressInfo>& addresses,
                           const std::vector<Address>& wanted) {
  Underlay own{.vteps = wanted, .mtu = 0, .prefer = wanted.front().family()};
  for (const Address& address : wanted) {
    const auto found = std::ranges::find_if(addresses, [&](const netlink::AddressInfo& info) {
      return info.address.address() == address;
    });
    if (found == addresses.end())
      return fail(Errc::not_found, "underlay address " + address.to_string() +
                                       " is on no device of this host" + kAdvice);
    const auto uplink = std::ranges::find(view.uplinks, found->link, &Uplink::index);
    // An address of no uplink (a router's, on lo) is reached by any of them.
    const std::uint32_t mtu = uplink == view.uplinks.end() ? smallest_mtu(view) : uplink->mtu;
    own.mtu = own.mtu == 0 ? mtu : std::min(own.mtu, mtu);
  }
  return own;
}

}  // namespace

Result<Underlay> own_underlay(const HostView& view,
                              const std::vector<netlink::AddressInfo>& addresses,
                              const std::vector<netlink::RouteInfo>& routes,
                              const std::vector<Address>& wanted) {
  if (!wanted.empty()) return as_wanted(view, addresses, wanted);

  const auto uplinks = outward(view, routes);
  if (uplinks.size() > 1 && !has_default(routes, *uplinks.front()))
    return fail(Errc::invalid_argument,
                std::string("this host has several uplinks and no default route") + kAdvice);
  Underlay own;
  for (const auto member : {&Uplink::v4, &Uplink::v6}) {
    const auto first = std::ranges::find_if(
        uplinks, [&](const Uplink* uplink) { return !(uplink->*member).is_any(); });
    if (first == uplinks.end()) continue;
    own.vteps.push_back((*first)->*member);
    own.mtu = own.mtu == 0 ? (*first)->mtu : std::min(own.mtu, (*first)->mtu);
  }
  if (own.vteps.empty())
    return fail(Errc::not_found,
                std::string("no uplink of this host has a global address") + kAdvice);
  return own;
}

}  // namespace fairlead::engine
