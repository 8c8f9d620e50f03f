// The bare vxlan device: the kernel's own end of every tunnel.
//
// Its socket is what makes the kernel merge tunnel packets and NICs segment them; the device itself
// sends what has no resolved next hop yet, and receives what programs leave to it.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>

#include "netlink/attributes.h"
#include "netlink/kernel_links.h"
#include "netlink/message.h"
#include "netlink/sysctl.h"

namespace fairlead::netlink {

namespace {

// The kernel takes off what it needs for headers (drivers/net/vxlan vxlan_config_apply).
constexpr std::uint32_t kLargestMtu = 65535;

using VxlanAttributes = Attributes<IFLA_VXLAN_MAX + 1>;

bool is_set(const nlattr* attribute) { return attribute && nla_get_u8(attribute) != 0; }

struct Found {
  std::string name;
  std::string kind;
  nlattr* data = nullptr;  // IFLA_INFO_DATA
};

Found link_of(nlmsghdr* message) {
  Attributes<IFLA_MAX + 1> attributes{};
  Attributes<IFLA_INFO_MAX + 1> info{};
  if (!parse(message, sizeof(ifinfomsg), attributes) || !attributes[IFLA_IFNAME] ||
      !attributes[IFLA_LINKINFO] ||
      nla_parse_nested(info.data(), IFLA_INFO_MAX, attributes[IFLA_LINKINFO], nullptr) != 0 ||
      !info[IFLA_INFO_KIND])
    return {};
  return {.name = nla_get_string(attributes[IFLA_IFNAME]),
          .kind = nla_get_string(info[IFLA_INFO_KIND]),
          .data = info[IFLA_INFO_DATA]};
}

}  // namespace

Result<std::vector<KernelLinks::Vxlan>> KernelLinks::vxlans() {
  Message message(RTM_GETLINK, 0, ifinfomsg{});
  message.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  std::vector<Vxlan> out;
  auto done = connection_.dump(
      message, "list vxlan devices",
      [&](nlmsghdr* part) {
        const Found link = link_of(part);
        VxlanAttributes data{};
        if (link.kind != "vxlan" || !link.data ||
            nla_parse_nested(data.data(), IFLA_VXLAN_MAX, link.data, nullptr) != 0)
          return;
        Vxlan device;
        device.index = static_cast<const ifinfomsg*>(nlmsg_data(part))->ifi_index;
        device.name = link.name;
        if (data[IFLA_VXLAN_PORT]) device.port = ntohs(nla_get_u16(data[IFLA_VXLAN_PORT]));
        device.as_ours = is_set(data[IFLA_VXLAN_COLLECT_METADATA]) &&
                         !is_set(data[IFLA_VXLAN_LEARNING]) && !data[IFLA_VXLAN_GBP] &&
                         !data[IFLA_VXLAN_GPE] && is_set(data[IFLA_VXLAN_UDP_ZERO_CSUM6_TX]) &&
                         is_set(data[IFLA_VXLAN_UDP_ZERO_CSUM6_RX]);
        out.push_back(std::move(device));
      },
      [&] { out.clear(); });
  if (!done) return std::unexpected(std::move(done).error());
  return out;
}

Status KernelLinks::create_vxlan(const std::string& name, std::uint16_t port) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  message.put_string(IFLA_IFNAME, name);
  message.put_u32(IFLA_MTU, kLargestMtu);
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, "vxlan");
    message.nest(IFLA_INFO_DATA, [&] {
      const std::uint16_t wire_port = htons(port);
      message.put(IFLA_VXLAN_PORT, &wire_port, sizeof(wire_port));
      message.put_u8(IFLA_VXLAN_COLLECT_METADATA, 1);  // every VNI, and a socket of each family
      message.put_u8(IFLA_VXLAN_LEARNING, 0);
      message.put_u8(IFLA_VXLAN_UDP_ZERO_CSUM6_TX, 1);
      message.put_u8(IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 1);
    });
  });
  return connection_.request(
      message, "create vxlan device " + name + " on UDP port " + std::to_string(port));
}

Result<int> KernelLinks::ensure_vxlan(const std::string& name, std::uint16_t port) {
  const std::string what = "vxlan device " + name + " on UDP port " + std::to_string(port);
  auto all = vxlans();
  if (!all) return fail(std::move(all).error(), what);
  const auto ours = std::ranges::find(*all, name, &Vxlan::name);
  const auto other = std::ranges::find_if(
      *all, [&](const Vxlan& device) { return device.port == port && device.name != name; });
  const auto taken = [&] {
    const std::string by =
        other == all->end()
            ? "another program has the port (see `ss -lunp sport = :" + std::to_string(port) + "`)"
            : "device " + other->name + " has the port";
    return fail(Errc::conflict, what + ": " + by +
                                    "; choose another port for the whole cluster, or remove what "
                                    "has it");
  };

  bool made = false;
  if (ours == all->end() || ours->port != port || !ours->as_ours) {
    if (ours != all->end()) {
      if (auto gone = remove_link(name); !gone) return fail(std::move(gone).error(), what);
    } else if (if_nametoindex(name.c_str()) != 0) {
      return fail(Errc::conflict, what + ": " + name + " exists and is no vxlan device; remove it");
    }
    if (auto done = create_vxlan(name, port); !done) {
      // Only one device can be external on a port.
      if (done.error().code() == Errc::already_exists) return taken();
      return fail(std::move(done).error(), what);
    }
    made = true;
  }
  // Settings before it is up: it never has an address, and answers nobody's ARP.
  const int index = static_cast<int>(if_nametoindex(name.c_str()));
  if (index == 0) return fail_errno(what + ": find it after creating it");
  Status done;
  for (const auto* setting : {"addr_gen_mode", "disable_ipv6"})
    if (done) done = set_device_sysctl(Family::v6, name, setting, "1");
  if (done) done = set_flags(index, name, IFF_UP | IFF_NOARP);
  if (done) return index;
  if (made) static_cast<void>(remove_link(name));
  if (done.error().code() == Errc::conflict) return taken();
  return fail(std::move(done).error(), what);
}

}  // namespace fairlead::netlink
