// fl_host, the host's door to the networks.
//
// A veth pair that stays in one namespace: a device of kind "dummy" would do, but not every kernel
// has it. Nothing crosses the pair; the program at fl_host's egress takes every packet.
#include <net/if.h>

#include <algorithm>
#include <array>

#include "netlink/kernel_links.h"
#include "netlink/sysctl.h"

namespace fairlead::netlink {

namespace {

struct Setting {
  Family family;
  const char* name;
  const char* value;
};

// Forwarding on this device alone makes bpf_fib_lookup() answer for packets that come "from" it
// (net/core/filter.c bpf_ipv4_fib_lookup), without turning the host into a router.
// No redirects: a container that was sent one would talk past its gateway.
constexpr std::array kHostSettings = {
    Setting{Family::v4, "forwarding", "1"},       Setting{Family::v4, "rp_filter", "0"},
    Setting{Family::v4, "send_redirects", "0"},   Setting{Family::v4, "accept_redirects", "0"},
    Setting{Family::v6, "addr_gen_mode", "1"},    Setting{Family::v6, "disable_ipv6", "0"},
    Setting{Family::v6, "forwarding", "1"},       Setting{Family::v6, "accept_ra", "0"},
    Setting{Family::v6, "accept_redirects", "0"},
};
constexpr std::array kPeerSettings = {
    Setting{Family::v6, "addr_gen_mode", "1"},
    Setting{Family::v6, "disable_ipv6", "1"},
};

Status apply(const std::string& device, auto& settings) {
  for (const auto& setting : settings) {
    if (auto done = set_device_sysctl(setting.family, device, setting.name, setting.value); !done)
      return done;
  }
  return {};
}

const LinkInfo* find(const std::vector<LinkInfo>& links, const std::string& name) {
  const auto found = std::ranges::find(links, name, &LinkInfo::name);
  return found == links.end() ? nullptr : &*found;
}

}  // namespace

Result<HostDevice> KernelLinks::ensure_host_device(const std::string& name,
                                                   const std::string& peer_name) {
  const std::string what = "host device " + name;
  auto all = links();
  if (!all) return fail(std::move(all).error(), what);
  const LinkInfo* host = find(*all, name);
  const LinkInfo* peer = find(*all, peer_name);
  if ((host && host->kind != "veth") || (peer && peer->kind != "veth"))
    return fail(Errc::conflict, what + ": " + (host && host->kind != "veth" ? name : peer_name) +
                                    " exists and is no veth of ours; remove it, or choose another "
                                    "name in the configuration");

  // One end without the other is a pair that somebody took apart.
  if (!host || !peer) {
    for (const auto& end : {name, peer_name}) {
      if (auto gone = remove_link(end); !gone) return fail(std::move(gone).error(), what);
    }
    const Pair pair{.name = name,
                    .peer = peer_name,
                    .mac = Mac::random(),
                    .peer_mac = {},
                    .mtu = 65535,  // each network's own MTU counts, never this device's
                    .flags = IFF_NOARP,
                    .peer_flags = IFF_NOARP};
    if (auto made = create_pair(pair); !made) return fail(std::move(made).error(), what);
    if (all = links(); !all) return fail(std::move(all).error(), what);
    host = find(*all, name);
    peer = find(*all, peer_name);
    if (!host || !peer) return fail(Errc::unavailable, what + ": vanished while it was made");
  }

  // Settings first: an end that is up with address generation on has an address already.
  if (auto set = apply(name, kHostSettings); !set) return fail(std::move(set).error(), what);
  if (auto set = apply(peer_name, kPeerSettings); !set) return fail(std::move(set).error(), what);
  for (const auto* end : {peer, host}) {
    if (auto up = set_flags(end->index, end->name, IFF_UP | IFF_NOARP); !up)
      return fail(std::move(up).error(), what);
  }
  return HostDevice{.index = host->index, .mac = host->mac};
}

}  // namespace fairlead::netlink
