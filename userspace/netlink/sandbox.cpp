#include "netlink/sandbox.h"

#include <linux/if_addr.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <functional>
#include <thread>

#include "netlink/attributes.h"
#include "netlink/connection.h"
#include "netlink/kernel_links.h"
#include "netlink/message.h"
#include "netlink/sysctl.h"

namespace fairlead::netlink {

namespace {

// Of the default route of a second network: the first one's stays the better.
constexpr std::uint32_t kLaterMetric = 1000;

// Runs `work` in the namespace, on a thread that ends with it: no thread of the daemon ever has to
// find its way back.
Status run_inside(int sandbox, const std::function<Status()>& work) {
  if (auto fine = check_sandbox(sandbox); !fine) return fine;
  Status done;
  std::thread([&] {
    if (::setns(sandbox, CLONE_NEWNET) != 0)
      done = fail_errno("enter the container's network namespace");
    else
      done = work();
  }).join();
  return done;
}

class Inside {
 public:
  Inside(Connection& connection, const std::string& device, int index)
      : connection_(connection), device_(device), index_(index) {}

  Status add(const Prefix& address);
  Status up();
  // A default route that is there already stays, and this one waits behind it.
  Status add(const ContainerRoute& route);

 private:
  Result<int> put(const ContainerRoute& route, std::uint32_t metric, std::string& text);

  Connection& connection_;
  const std::string& device_;
  int index_;
};

Status Inside::add(const Prefix& address) {
  ifaddrmsg header{};
  const Wire local = wire(address.address());
  header.ifa_family = local.family;
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.length());
  header.ifa_index = static_cast<unsigned>(index_);
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  message.put(IFA_LOCAL, local.data, local.size);
  message.put(IFA_ADDRESS, local.data, local.size);
  if (address.family() == Family::v6) {
    message.put_u32(IFA_FLAGS, IFA_F_NODAD);  // we know that it is the only one
  } else if (address.length() < 31) {
    const Address last = address.last();
    message.put(IFA_BROADCAST, wire(last).data, wire(last).size);
  }
  return connection_.request(message, "add " + address.to_string() + " to " + device_);
}

Status Inside::up() {
  ifinfomsg header{};
  header.ifi_index = index_;
  header.ifi_flags = header.ifi_change = IFF_UP;
  const Message message(RTM_NEWLINK, 0, header);
  return connection_.request(message, "set " + device_ + " up");
}

Result<int> Inside::put(const ContainerRoute& route, std::uint32_t metric, std::string& text) {
  rtmsg header{};
  header.rtm_family = wire(route.to.address()).family;
  header.rtm_dst_len = static_cast<std::uint8_t>(route.to.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = route.via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
  if (route.to.length() > 0) {
    const Address first = route.to.first();
    message.put(RTA_DST, wire(first).data, wire(first).size);
  }
  if (route.via) message.put(RTA_GATEWAY, wire(*route.via).data, wire(*route.via).size);
  message.put_u32(RTA_OIF, static_cast<std::uint32_t>(index_));
  if (metric != 0) message.put_u32(RTA_PRIORITY, metric);
  const std::string way = route.via ? " via " + route.via->to_string() : std::string();
  return connection_.ask(
      message, "add the route to " + route.to.to_string() + way + " by " + device_, &text);
}

Status Inside::add(const ContainerRoute& route) {
  std::string text;
  auto sys_errno = put(route, 0, text);
  if (sys_errno && *sys_errno == EEXIST && route.to.length() == 0)
    sys_errno = put(route, kLaterMetric + static_cast<std::uint32_t>(index_), text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0) return {};
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

bool has_v6(const std::vector<Prefix>& addresses) {
  for (const Prefix& address : addresses)
    if (address.family() == Family::v6) return true;
  return false;
}

Status configure(const SandboxRequest& want) {
  const int index = static_cast<int>(if_nametoindex(want.device.c_str()));
  if (index == 0) return fail_errno("find " + want.device);
  auto connection = Connection::open();
  if (!connection) return std::unexpected(std::move(connection).error());
  // As Docker does: without an address of its own, IPv6 would only send reports that go nowhere.
  const char* off = has_v6(want.addresses) ? "0" : "1";
  if (auto done = set_device_sysctl(Family::v6, want.device, "disable_ipv6", off); !done)
    return done;
  Inside inside(*connection, want.device, index);
  for (const Prefix& address : want.addresses)
    if (auto done = inside.add(address); !done) return done;
  if (auto done = inside.up(); !done) return done;
  for (const ContainerRoute& route : want.routes)
    if (auto done = inside.add(route); !done) return done;
  return {};
}

Result<SandboxView> look(const std::string& device) {
  SandboxView view;
  auto here = KernelLinks::create();
  if (!here) return std::unexpected(std::move(here).error());
  auto links = here->links();
  if (!links) return std::unexpected(std::move(links).error());
  for (LinkInfo& link : *links)
    if (link.name == device) view.link = std::move(link);
  if (!view.link) return view;
  auto addresses = here->addresses();
  if (!addresses) return std::unexpected(std::move(addresses).error());
  for (const AddressInfo& info : *addresses)
    if (info.link == view.link->index) view.addresses.push_back(info.address);
  auto routes = here->routes();
  if (!routes) return std::unexpected(std::move(routes).error());
  for (const RouteInfo& route : *routes)
    if (route.link == view.link->index)
      view.routes.push_back({.to = route.destination, .via = route.gateway});
  return view;
}

}  // namespace

Status check_sandbox(int sandbox) {
  if (::ioctl(sandbox, NS_GET_NSTYPE) != CLONE_NEWNET)
    return fail(Errc::invalid_argument,
                "the file that came with the request is no network namespace");
  struct stat given {};
  struct stat own {};
  if (::fstat(sandbox, &given) != 0 || ::stat("/proc/thread-self/ns/net", &own) != 0)
    return fail_errno("look at the container's network namespace");
  if (given.st_dev == own.st_dev && given.st_ino == own.st_ino)
    return fail(Errc::invalid_argument,
                "the container's network namespace is the host's own: nothing to attach");
  return {};
}

Status configure_sandbox(int sandbox, const SandboxRequest& want) {
  auto done = run_inside(sandbox, [&want] { return configure(want); });
  if (!done) return fail(std::move(done).error(), "in the container");
  return done;
}

Result<SandboxView> look_into_sandbox(int sandbox, const std::string& device) {
  Result<SandboxView> view;
  auto done = run_inside(sandbox, [&] {
    view = look(device);
    return view ? Status() : Status(std::unexpected(view.error()));
  });
  if (!done) return fail(std::move(done).error(), "in the container");
  return view;
}

}  // namespace fairlead::netlink
