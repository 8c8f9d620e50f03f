// Room in front of what containers send, so that a tunnel's header goes where nothing was.
//
// A socket leaves before its datagram as much room as the device asks for, and a veth device asks
// for none: each datagram that goes into a tunnel would be copied into a larger buffer (kernel:
// skb_cow_head() in bpf_skb_net_grow()). The one way to have a veth device ask for more is to make
// its other end the port of a bridge: a bridge wants of all its ports what the hungriest of them
// needs (net/bridge/br_if.c update_headroom(), drivers/net/veth.c veth_set_rx_headroom()). So there
// is a bridge that is never up and hands no frame on, and a vxlan device, never up either, for its
// hunger. Programs take packets before a bridge could see them; what they would leave is dropped.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "netlink/kernel_links.h"
#include "netlink/message.h"
#include "netlink/sysctl.h"

namespace fairlead::netlink {

namespace {

// Of a device that never opens its socket; another one than any tunnel would have.
constexpr std::uint16_t kNoPort = 1;
constexpr std::uint32_t kNoVni = 1;

Message new_link(const std::string& name, const char* kind) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  message.put_string(IFLA_IFNAME, name);
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, kind);
    if (std::string_view(kind) != "vxlan") return;
    message.nest(IFLA_INFO_DATA, [&] {
      const std::uint16_t wire_port = htons(kNoPort);
      message.put(IFLA_VXLAN_PORT, &wire_port, sizeof(wire_port));
      message.put_u32(IFLA_VXLAN_ID, kNoVni);
    });
  });
  return message;
}

}  // namespace

Result<int> KernelLinks::ensure_headroom(const std::string& name) {
  const std::string hungry = name + "v";
  const std::string what = "make " + name + " for headroom";
  if (if_nametoindex(name.c_str()) == 0)
    if (auto done = connection_.request(new_link(name, "bridge"), what); !done)
      return std::unexpected(std::move(done).error());
  const int index = static_cast<int>(if_nametoindex(name.c_str()));
  if (index == 0) return fail_errno(what + ": find it after creating it");
  if (auto set = set_device_sysctl(Family::v6, name, "disable_ipv6", "1"); !set)
    return fail(std::move(set).error(), what);
  if (if_nametoindex(hungry.c_str()) != 0) return index;
  Message message = new_link(hungry, "vxlan");
  message.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(index));
  if (auto done = connection_.request(message, what); !done)
    return std::unexpected(std::move(done).error());
  return index;
}

Status KernelLinks::remove_headroom(const std::string& name) {
  auto bridge = remove_link(name);
  auto hungry = remove_link(name + "v");
  return bridge ? hungry : bridge;
}

}  // namespace fairlead::netlink
