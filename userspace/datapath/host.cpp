// The host's own addresses, and the devices that lead outside.
#include <net/if.h>

#include <algorithm>
#include <set>

#include "datapath/abi.h"
#include "datapath/failures.h"
#include "datapath/kernel_datapath.h"

namespace fairlead::datapath {

namespace {

fl_uplink value_of(const Uplink& uplink) {
  return {.flags = uplink.masquerade ? static_cast<__u32>(FL_UPLINK_MASQUERADE) : 0,
          .mtu = uplink.mtu,
          .addr4 = to_abi(uplink.v4),
          .addr6 = to_abi(uplink.v6)};
}

}  // namespace

Status KernelDatapath::sync_local(const HostView& view) {
  std::set<fl_addr, BytesLess<fl_addr>> wanted;
  for (const auto& local : view.local) {
    const fl_addr address = to_abi(local.address);
    wanted.insert(address);
    if (auto done = maps_.local.put(address, static_cast<__u32>(local.link)); !done) return done;
  }
  auto stale = maps_.local.erase_if(
      [&](const fl_addr& address, __u32) { return !wanted.contains(address); });
  if (!stale) return std::unexpected(std::move(stale).error());
  return stale->empty() ? Status() : end_stale_flows();
}

// Those of an earlier daemon too: the map and the pins remember.
Status KernelDatapath::drop_uplinks_but(const std::vector<Uplink>& uplinks) {
  Failures failures;
  auto stale = maps_.uplinks.erase_if([&](__u32 index, const fl_uplink&) {
    return std::ranges::find(uplinks, static_cast<int>(index), &Uplink::index) == uplinks.end();
  });
  if (!stale) return std::unexpected(std::move(stale).error());
  for (const auto stale_index : *stale) {
    const int index = static_cast<int>(stale_index);
    // By index: a clsact filter has no pin to be found by, and it may become an uplink again.
    std::erase_if(attached_, [index](const auto& item) { return item.second == index; });
    xdp_refused_.erase(index);
    if (hooks_.mode() == "clsact")
      failures.add(detach_clsact(index, Direction::ingress, "device " + std::to_string(index)));
  }
  for (const auto& device : pins_.linked(kUplinkPin)) {
    if (std::ranges::find(uplinks, device, &Uplink::name) != uplinks.end()) continue;
    const std::string pin = pins_.link(kUplinkPin, device);
    attached_.erase(pin);
    failures.add(detach_link(pin));
  }
  return failures.result();
}

Status KernelDatapath::sync_host(const HostView& view) {
  Failures failures;
  failures.add(sync_local(view));
  facts_.uplinks.clear();
  uplink_problems_.clear();
  uplinks_.emplace();
  for (const auto& uplink : view.uplinks) {
    failures.add(maps_.uplinks.put(static_cast<__u32>(uplink.index), value_of(uplink)));
    auto attached = attach_once(programs_.uplink(), uplink_hook(uplink.name, uplink.index));
    if (attached) {
      facts_.uplinks.push_back(uplink.name);
      uplinks_->push_back(uplink);
    } else {
      // One bad device must not keep the others from working.
      uplink_problems_.push_back("uplink " + uplink.name + ": " + attached.error().message());
    }
  }
  failures.add(sync_xdp());
  failures.add(drop_uplinks_but(view.uplinks));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "addresses and uplinks of the host");
  return {};
}

}  // namespace fairlead::datapath
