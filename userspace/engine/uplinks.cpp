#include "engine/uplinks.h"

#include <algorithm>
#include <optional>

namespace fairlead::engine {

namespace {

using netlink::AddressInfo;
using netlink::LinkInfo;

// Containers leave through a bridge only if it leads somewhere: to a port that is no veth. One that
// has nothing but veths is another container engine's, whatever it is called, and its containers
// are not ours to reach.
bool leads_outside(const LinkInfo& link, const std::vector<LinkInfo>& links) {
  return link.kind != "bridge" || std::ranges::any_of(links, [&](const LinkInfo& port) {
           return port.master == link.index && port.kind != "veth";
         });
}

bool is_part_of_another(const LinkInfo& link, const std::vector<LinkInfo>& links) {
  if (link.master == 0) return false;
  const auto master = std::ranges::find_if(
      links, [&](const LinkInfo& other) { return other.index == link.master; });
  return master == links.end() || master->kind != "vrf";
}

std::optional<Address> source_on(int link, Family family,
                                 const std::vector<AddressInfo>& addresses) {
  for (const AddressInfo& candidate : addresses)
    if (candidate.link == link && candidate.global && !candidate.temporary &&
        candidate.address.family() == family)
      return candidate.address.address();
  return std::nullopt;
}

}  // namespace

datapath::HostView view_host(const std::vector<LinkInfo>& links,
                             const std::vector<AddressInfo>& addresses,
                             const std::vector<std::string>& wanted,
                             const std::string& own_prefix) {
  datapath::HostView view;
  for (const AddressInfo& address : addresses)
    view.local.push_back({.address = address.address.address(), .link = address.link});

  for (const LinkInfo& link : links) {
    if (link.loopback || !link.ethernet || link.name.starts_with(own_prefix)) continue;
    const auto v4 = source_on(link.index, Family::v4, addresses);
    const auto v6 = source_on(link.index, Family::v6, addresses);
    const bool chosen = wanted.empty() ? (v4 || v6) && !is_part_of_another(link, links)
                                       : std::ranges::find(wanted, link.name) != wanted.end();
    if (!chosen) continue;
    view.uplinks.push_back({.name = link.name,
                            .index = link.index,
                            .mtu = link.mtu,
                            .v4 = v4.value_or(Address()),
                            .v6 = v6.value_or(Address()),
                            .masquerade = !wanted.empty() || leads_outside(link, links)});
  }
  return view;
}

std::uint32_t smallest_mtu(const datapath::HostView& view) {
  std::optional<std::uint32_t> smallest;
  for (const datapath::Uplink& uplink : view.uplinks)
    if (uplink.masquerade) smallest = std::min(smallest.value_or(uplink.mtu), uplink.mtu);
  return smallest.value_or(1500);
}

}  // namespace fairlead::engine
