// Pairs and links. The host device is in host_device.cpp, addresses in gateway_address.cpp, reading
// in dump.cpp.
#include "netlink/kernel_links.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include "netlink/message.h"
#include "netlink/sandbox.h"
#include "netlink/sysctl.h"

namespace fairlead::netlink {

Result<KernelLinks> KernelLinks::create() {
  auto connection = Connection::open();
  if (!connection) return std::unexpected(std::move(connection).error());
  return KernelLinks(std::move(*connection));
}

// Both ends with name, MAC, MTU and flags in one RTM_NEWLINK (drivers/net/veth.c veth_newlink):
// nobody ever sees an end that is half-made.
Status KernelLinks::create_pair(const Pair& pair) {
  const auto describe = [](Message& message, const std::string& name, const Mac& mac,
                           std::uint32_t mtu) {
    message.put_string(IFLA_IFNAME, name);
    message.put_u32(IFLA_MTU, mtu);
    if (mac != Mac()) message.put(IFLA_ADDRESS, mac.bytes().data(), mac.bytes().size());
  };
  ifinfomsg header{};
  header.ifi_flags = header.ifi_change = pair.flags;
  ifinfomsg peer_header{};
  peer_header.ifi_flags = peer_header.ifi_change = pair.peer_flags;

  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header);
  describe(message, pair.name, pair.mac, pair.mtu);
  if (pair.master != 0) message.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(pair.master));
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, "veth");
    message.nest(IFLA_INFO_DATA, [&] {
      message.nest(VETH_INFO_PEER, [&] {
        message.append(peer_header);
        describe(message, pair.peer, pair.peer_mac, pair.mtu);
        if (pair.sandbox >= 0)
          message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(pair.sandbox));
      });
    });
  });
  return connection_.request(message, "create veth pair " + pair.name + " and " + pair.peer +
                                          " (MTU " + std::to_string(pair.mtu) + ")");
}

// Either end may be what is left of an earlier attempt; one in a sandbox, of a container that was
// detached a moment ago, and whose device is about to go.
Status KernelLinks::make_way(const VethRequest& want) {
  if (auto gone = remove_link(want.host_name); !gone) return gone;
  return want.sandbox < 0 ? remove_link(want.container_name) : remove_retired();
}

Result<int> KernelLinks::create_veth(const VethRequest& want) {
  Pair pair{.name = want.host_name,
            .peer = want.container_name,
            .mac = {},
            .peer_mac = want.container_mac,
            .mtu = want.mtu,
            .flags = IFF_UP,
            .peer_flags = 0,
            .master = want.headroom,
            .sandbox = want.sandbox};
  auto done = create_pair(pair);
  if (!done && done.error().code() == Errc::already_exists) {
    if (auto gone = make_way(want); !gone) return std::unexpected(std::move(gone).error());
    done = create_pair(pair);
  }
  if (!done && pair.master != 0) {
    pair.master = 0;
    done = create_pair(pair);
  }
  if (!done) return std::unexpected(std::move(done).error());

  // In time although the end is up: without the peer there is no carrier, and without carrier the
  // kernel makes no address (net/ipv6/addrconf.c addrconf_link_ready). The programs take every
  // packet, so the host end needs no IPv6 of its own, nor the reports that it would send.
  const int index = static_cast<int>(if_nametoindex(want.host_name.c_str()));
  if (index == 0) return fail_errno("find " + want.host_name + " after creating it");
  for (const auto& [name, value] : {std::pair{"addr_gen_mode", "1"}, {"disable_ipv6", "1"}}) {
    if (auto set = set_device_sysctl(Family::v6, want.host_name, name, value); !set) {
      static_cast<void>(remove_link(want.host_name));
      return std::unexpected(std::move(set).error());
    }
  }
  return index;
}

Status KernelLinks::remove_link(const std::string& name) {
  Message message(RTM_DELLINK, 0, ifinfomsg{});
  message.put_string(IFLA_IFNAME, name);
  std::string text;
  auto sys_errno = connection_.ask(message, "remove link " + name, &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0 || *sys_errno == ENODEV) return {};
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

Status KernelLinks::retire_link(int index) {
  if (!retired_) {
    auto made = RetiredLinks::create();
    if (!made) return std::unexpected(std::move(made).error());
    retired_ = std::move(*made);
  }
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, 0, header);
  message.put_u32(IFLA_GROUP, kRetiredGroup);
  std::string text;
  const std::string what = "take down and retire link " + std::to_string(index);
  auto sys_errno = connection_.ask(message, what, &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == ENODEV) return {};
  if (*sys_errno != 0) return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
  retired_->wake();
  return {};
}

Status KernelLinks::remove_retired() { return remove_retired_group(connection_); }

Status KernelLinks::configure(int sandbox, const SandboxRequest& want) {
  return configure_sandbox(sandbox, want);
}

Result<SandboxView> KernelLinks::look_into(int sandbox, const std::string& device) {
  return look_into_sandbox(sandbox, device);
}

// `flags` are set, others stay.
Status KernelLinks::set_flags(int link, const std::string& name, unsigned flags) {
  ifinfomsg header{};
  header.ifi_index = link;
  header.ifi_flags = header.ifi_change = flags;
  const Message message(RTM_NEWLINK, 0, header);
  return connection_.request(message, "set " + name + " up");
}

}  // namespace fairlead::netlink
