// The way into and out of the tunnel: the vxlan device, XDP of uplinks, and what the underlay says.
#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>

#include "datapath/failures.h"
#include "datapath/flows.h"
#include "datapath/kernel_datapath.h"
#include "datapath/xdp_link.h"

namespace fairlead::datapath {

Hook KernelDatapath::tunnel_hook(const std::string& device, int index) const {
  return {.device = device,
          .index = index,
          .direction = Direction::ingress,
          .pin = pins_.link(kTunnelPin, "")};
}

// Program first: what fl_tunnel says makes packets go to the device.
Status KernelDatapath::set_tunnel(const Tunnel& tunnel) {
  const std::string what = "tunnel device " + std::to_string(tunnel.device);
  if (tunnel.device != 0) {
    char name[IF_NAMESIZE];
    if (::if_indextoname(static_cast<unsigned>(tunnel.device), name) == nullptr)
      return fail_errno(what);
    if (auto done = attach_once(programs_.tunnel(), tunnel_hook(name, tunnel.device)); !done)
      return fail(std::move(done).error(), what);
  }
  const Tunnel before = tunnel_;
  const std::uint16_t port = tunnel.device != 0 ? tunnel.port : std::uint16_t{0};
  fl_tunnel value{};
  value.ifindex = static_cast<__u32>(tunnel.device);
  value.port = htons(port);
  if (auto done = maps_.tunnel.put(0, value); !done) return fail(std::move(done).error(), what);
  tunnel_ = {.device = tunnel.device, .port = port};

  Failures failures;
  failures.add(peers_->set_port(port, coarse_now()));
  if (tunnel.device == 0) {
    failures.add(detach(tunnel_hook("the tunnel", before.device)));
  } else if (before.device != 0 && before.device != tunnel.device && hooks_.mode() == "clsact") {
    failures.add(detach_clsact(before.device, Direction::ingress, "the tunnel device before"));
  }
  failures.add(sync_xdp());
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), what);
  return {};
}

Status KernelDatapath::detach_xdp(const std::string& device) {
  const std::string pin = pins_.link(kXdpPin, device);
  attached_.erase(pin);
  return detach_link(pin);
}

// Before the first sync_host() nobody knows which uplinks there are: what an earlier daemon
// attached stays until then.
Status KernelDatapath::sync_xdp() {
  Failures failures;
  const bool wanted = programs_.xdp() >= 0 && tunnel_.device != 0;
  for (const std::string& device : pins_.linked(kXdpPin)) {
    const bool gone =
        uplinks_ && std::ranges::find(*uplinks_, device, &Uplink::name) == uplinks_->end();
    if (!wanted || gone) failures.add(detach_xdp(device));
  }
  facts_.decap.clear();
  xdp_problems_.clear();
  if (!uplinks_ || tunnel_.device == 0) return failures.result();
  for (const Uplink& uplink : *uplinks_)
    facts_.decap[uplink.name] = wanted && take_xdp(uplink) ? "xdp" : "tc";
  return failures.result();
}

// A driver that cannot is not asked again: drivers that try reset their queues, and say so by the
// very events that lead here.
bool KernelDatapath::take_xdp(const Uplink& uplink) {
  const std::string pin = pins_.link(kXdpPin, uplink.name);
  if (const auto found = attached_.find(pin);
      found != attached_.end() && found->second == uplink.index)
    return true;
  if (const auto found = xdp_refused_.find(uplink.index); found != xdp_refused_.end()) {
    xdp_problems_.push_back(found->second);
    return false;
  }
  auto done = attach_xdp(programs_.xdp(), uplink.name, uplink.index, pin);
  if (done) {
    attached_[pin] = uplink.index;
    return true;
  }
  xdp_problems_.push_back("uplink " + uplink.name + ": xdp = native: " + done.error().message());
  if (done.error().code() != Errc::conflict) xdp_refused_[uplink.index] = xdp_problems_.back();
  return false;
}

Result<std::vector<PathMtu>> KernelDatapath::path_mtus() {
  std::vector<PathMtu> lowered;
  const std::uint64_t now = coarse_now();
  auto read = maps_.path_mtu.for_each([&](__u32 peer, const fl_path_mtu& path) {
    if (path.mtu == 0 || !peers_->has(peer)) return;
    const std::uint64_t age = now > path.since ? now - path.since : 0;
    lowered.push_back({.peer = peer,
                       .mtu = path.mtu,
                       .age = std::chrono::nanoseconds(static_cast<std::int64_t>(age))});
  });
  if (!read) return std::unexpected(std::move(read).error());
  return lowered;
}

Status KernelDatapath::forget_path_mtu(PeerId peer) {
  if (auto valid = peers_->check_number(peer); !valid) return valid;
  return maps_.path_mtu.put(peer, {});
}

}  // namespace fairlead::datapath
