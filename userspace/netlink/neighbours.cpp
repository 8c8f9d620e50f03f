// The underlay's neighbours, and having the kernel keep them resolved.
//
// A managed neighbour (NTF_EXT_MANAGED, Linux 5.16) is asked for again before it gets old, so that
// the headers made of it stay right without a packet of the kernel's own going that way. Ours carry
// kOwnProtocol: others manage neighbours too, and theirs are left alone.
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "netlink/attributes.h"
#include "netlink/kernel_links.h"
#include "netlink/message.h"
#include "netlink/neighbour_message.h"

namespace fairlead::netlink {

namespace {

using NeighbourAttributes = Attributes<NDA_MAX + 1>;

constexpr unsigned kUsable =
    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;

ndmsg header_of(int link, const Address& address, std::uint8_t flags) {
  ndmsg header{};
  header.ndm_family = wire(address).family;
  header.ndm_ifindex = link;
  header.ndm_flags = flags;
  header.ndm_state = NUD_NONE;
  return header;
}

bool is_managed(const NeighbourAttributes& attributes) {
  return attributes[NDA_FLAGS_EXT] && (nla_get_u32(attributes[NDA_FLAGS_EXT]) & NTF_EXT_MANAGED);
}

bool is_ours(const NeighbourAttributes& attributes) {
  return attributes[NDA_PROTOCOL] && nla_get_u8(attributes[NDA_PROTOCOL]) == kOwnProtocol;
}

std::string text_of(int link, const Address& address) {
  char name[IF_NAMESIZE] = "";
  if (!if_indextoname(static_cast<unsigned>(link), name))
    return address.to_string() + " on device " + std::to_string(link);
  return address.to_string() + " on " + name;
}

}  // namespace

std::optional<Neighbour> neighbour_of(nlmsghdr* message) {
  const auto* header = static_cast<const ndmsg*>(nlmsg_data(message));
  NeighbourAttributes attributes{};
  if (!parse(message, sizeof(*header), attributes) || !attributes[NDA_DST]) return {};
  Neighbour out;
  out.link = header->ndm_ifindex;
  out.address = address_of(attributes[NDA_DST]);
  out.usable = header->ndm_state & kUsable;
  out.managed = is_managed(attributes) && is_ours(attributes);
  std::array<std::uint8_t, 6> mac{};
  if (const nlattr* lladdr = attributes[NDA_LLADDR];
      out.usable && lladdr && nla_len(lladdr) == static_cast<int>(mac.size())) {
    std::memcpy(mac.data(), nla_data(lladdr), mac.size());
    out.mac = Mac(mac);
  }
  return out;
}

Result<std::vector<Neighbour>> KernelLinks::neighbours() {
  std::vector<Neighbour> out;
  for (const int family : {AF_INET, AF_INET6}) {
    ndmsg header{};
    header.ndm_family = static_cast<unsigned char>(family);
    const Message message(RTM_GETNEIGH, 0, header);
    const std::size_t before = out.size();
    auto done = connection_.dump(
        message, "list neighbours",
        [&](nlmsghdr* part) {
          if (auto entry = neighbour_of(part)) out.push_back(*entry);
        },
        [&] { out.resize(before); });
    if (!done) return std::unexpected(std::move(done).error());
  }
  return out;
}

Result<KernelLinks::Entry> KernelLinks::neighbour(int link, const Address& address) {
  Message message(RTM_GETNEIGH, 0, header_of(link, address, 0));
  message.put(NDA_DST, wire(address).data, wire(address).size);
  Entry entry;
  std::string text;
  auto sys_errno = connection_.ask(
      message, "look up neighbour " + text_of(link, address), &text, [&](nlmsghdr* part) {
        const auto* header = static_cast<const ndmsg*>(nlmsg_data(part));
        NeighbourAttributes attributes{};
        if (part->nlmsg_type != RTM_NEWNEIGH || !parse(part, sizeof(*header), attributes)) return;
        entry = {.known = true,
                 .state = header->ndm_state,
                 .flags = header->ndm_flags,
                 .managed = is_managed(attributes),
                 .ours = is_ours(attributes)};
      });
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0 || *sys_errno == ENOENT) return entry;
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

Status KernelLinks::keep_neighbour(int link, const Address& address) {
  const std::string what = "keep neighbour " + text_of(link, address) + " resolved";
  auto entry = neighbour(link, address);
  if (!entry) return fail(std::move(entry).error(), what);
  // An entry that an administrator made would lose its permanence (net/core/neighbour.c
  // __neigh_update), and needs no keeping; nor does one that somebody manages.
  if (entry->managed || (entry->state & (NUD_PERMANENT | NUD_NOARP))) return {};

  // What is not repeated is cleared: NTF_EXT_LEARNED is somebody else's.
  const auto flags = static_cast<std::uint8_t>(entry->flags & NTF_EXT_LEARNED);
  Message message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header_of(link, address, flags));
  message.put(NDA_DST, wire(address).data, wire(address).size);
  message.put_u32(NDA_FLAGS_EXT, NTF_EXT_MANAGED);
  message.put_u8(NDA_PROTOCOL, kOwnProtocol);
  std::string text;
  auto sys_errno = connection_.ask(message, what, &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == EINVAL || *sys_errno == EOPNOTSUPP) {
    // A kernel that manages none: ask for it now, at least.
    Message once(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
                 header_of(link, address, static_cast<std::uint8_t>(flags | NTF_USE)));
    once.put(NDA_DST, wire(address).data, wire(address).size);
    return connection_.request(once, what);
  }
  if (*sys_errno == ENOBUFS)
    text += "; the neighbour table is full: raise net." +
            std::string(address.family() == Family::v4 ? "ipv4" : "ipv6") +
            ".neigh.default.gc_thresh3";
  if (*sys_errno != 0) return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
  return {};
}

Status KernelLinks::drop_neighbour(int link, const Address& address) {
  const std::string what = "no longer keep neighbour " + text_of(link, address);
  auto entry = neighbour(link, address);
  if (!entry && entry.error().code() == Errc::not_found) return {};  // the device is gone
  if (!entry) return fail(std::move(entry).error(), what);
  if (!entry->managed || !entry->ours) return {};

  // NTF_USE leaves the entry and its state as they are, and only the flag goes.
  const auto flags = static_cast<std::uint8_t>((entry->flags & NTF_EXT_LEARNED) | NTF_USE);
  Message message(RTM_NEWNEIGH, NLM_F_REPLACE, header_of(link, address, flags));
  message.put(NDA_DST, wire(address).data, wire(address).size);
  message.put_u8(NDA_PROTOCOL, RTPROT_KERNEL);  // 0 would leave our mark
  std::string text;
  auto sys_errno = connection_.ask(message, what, &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0 || *sys_errno == ENOENT || *sys_errno == ENODEV) return {};
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

}  // namespace fairlead::netlink
