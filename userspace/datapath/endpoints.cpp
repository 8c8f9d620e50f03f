// Endpoints: who they are, where they are found, and the program at their device.
#include "datapath/abi.h"
#include "datapath/endpoint_keys.h"
#include "datapath/failures.h"
#include "datapath/kernel_datapath.h"
#include "datapath/put_or_undo.h"
#include "datapath/rates.h"

namespace fairlead::datapath {

namespace {

// The address itself, and a mask of its length. Zeros, "not known", if the gateway is outside.
struct Bounds {
  fl_addr net{};
  fl_addr mask{};
};
Bounds bounds_of(const std::optional<Subnet>& subnet) {
  Bounds bounds;
  if (!subnet || (subnet->gateway && !subnet->pool.contains(*subnet->gateway))) return bounds;
  bounds.net = to_abi(subnet->pool.first());
  for (unsigned bit = 0; bit < subnet->pool.mapped_length(); ++bit)
    bounds.mask.b[bit / 8] |= static_cast<__u8>(0x80U >> bit % 8);
  return bounds;
}

// From socket to socket, no packet would meet a limit.
__u32 endpoint_flags(const Network& network, const Endpoint& endpoint) {
  const __u32 limits = limit_flags(rate_of(network.rate, endpoint.rate));
  const __u32 flags = flags_of(network) | limits;
  return limits != 0 ? flags & ~__u32{FL_NET_SHORTCUT} : flags;
}

fl_endpoint value_of(const Network& network, const Endpoint& endpoint) {
  fl_endpoint value{};
  value.network = network.id;
  value.flags = endpoint_flags(network, endpoint);
  if (endpoint.v4) value.addr4 = to_abi(endpoint.v4->address());
  if (endpoint.v6) {
    value.addr6 = to_abi(endpoint.v6->address());
    value.link_local = to_abi(endpoint.mac.link_local());
  }
  copy_mac(endpoint.mac, value);
  const Bounds v4 = bounds_of(network.v4), v6 = bounds_of(network.v6);
  std::memcpy(&value.net4, v4.net.b + 12, sizeof(value.net4));
  std::memcpy(&value.mask4, v4.mask.b + 12, sizeof(value.mask4));
  value.net6 = v6.net;
  value.mask6 = v6.mask;
  return value;
}

}  // namespace

Result<std::uint32_t> KernelDatapath::device_of(const Network& network,
                                                const Endpoint& endpoint) const {
  for (const auto& key : endpoint_keys(network.id, endpoint)) {
    auto entry = maps_.forward.get(key);
    if (!entry) return std::unexpected(std::move(entry).error());
    if (*entry && is_of(**entry, endpoint)) return (*entry)->ifindex;
  }
  return 0;
}

Status KernelDatapath::put_endpoint(const Network& network, const Endpoint& endpoint,
                                    const EndpointDevice& device) {
  const std::string what = "endpoint " + endpoint.key + " on " + device.name;
  const auto index = static_cast<__u32>(device.index);
  auto before = device_of(network, endpoint);
  if (!before) return fail(std::move(before).error(), what);

  Undo undo;
  if (auto done = put_rate(network, endpoint, device, undo); !done)
    return fail(std::move(done).error(), what);
  if (auto done = put_entries(network, endpoint, index, undo); !done)
    return fail(std::move(done).error(), what);
  if (auto done = forget_ways(); !done) return fail(std::move(done).error(), what);
  const Hook hook = endpoint_hook(device.name, device.index);
  if (auto done = attach_endpoint(hook); !done) return fail(std::move(done).error(), what);
  // Not from a device that was its own before: the program is what keeps its packets in bounds.
  if (*before != index) undo.add([this, hook] { static_cast<void>(detach(hook)); });

  // The device was made anew: nothing may be left of the one before.
  if (*before != 0 && *before != index) {
    if (auto done = forget_device(network.id, *before); !done)
      return fail(std::move(done).error(), what);
  }
  undo.commit();
  return {};
}

Status KernelDatapath::put_entries(const Network& network, const Endpoint& endpoint,
                                   std::uint32_t ifindex, Undo& undo) {
  if (auto done = put_or_undo(maps_.endpoints, ifindex, value_of(network, endpoint), undo); !done)
    return done;
  fl_forward target{.kind = FL_TARGET_LOCAL, .ifindex = ifindex, .mac = {}, .pad = {}};
  target.flags = static_cast<std::uint8_t>(endpoint_flags(network, endpoint));
  copy_mac(endpoint.mac, target);
  for (const auto& key : endpoint_keys(network.id, endpoint)) {
    if (auto done = put_or_undo(maps_.forward, key, target, undo); !done) return done;
  }
  const bool member = networks_->has_member(network.id, ifindex);
  if (auto done = networks_->add_member(network.id, ifindex); !done) return done;
  if (!member) {
    undo.add([this, id = network.id, ifindex] {
      static_cast<void>(networks_->remove_member(id, ifindex));
    });
  }
  return {};
}

int KernelDatapath::program_of(const Hook& endpoint) const {
  return endpoint.direction == Direction::egress ? programs_.limit() : programs_.endpoint();
}

Status KernelDatapath::attach_endpoint(const Hook& hook) {
  if (const auto found = attached_.find(hook.pin);
      found != attached_.end() && found->second == hook.index)
    return {};
  auto waits = hooks_.attach_at_once(program_of(hook), hook);
  if (!waits) return std::unexpected(std::move(waits).error());
  attached_[hook.pin] = hook.index;
  if (*waits) unsettled_.push_back(hook);
  return {};
}

Status KernelDatapath::check_endpoint(const Network& network, const Endpoint& endpoint,
                                      const EndpointDevice& device) {
  const auto index = static_cast<__u32>(device.index);
  auto entry = maps_.endpoints.get(index);
  if (!entry) return std::unexpected(std::move(entry).error());
  const fl_endpoint wanted = value_of(network, endpoint);
  if (!*entry || std::memcmp(&**entry, &wanted, sizeof(wanted)) != 0)
    return fail(Errc::conflict, "map fl_endpoints has no right entry for " + device.name);
  for (const auto& key : endpoint_keys(network.id, endpoint)) {
    auto target = maps_.forward.get(key);
    if (!target) return std::unexpected(std::move(target).error());
    if (!*target || !is_of(**target, endpoint) || (*target)->ifindex != index)
      return fail(Errc::conflict, "map fl_forward does not lead to " + device.name);
  }
  if (!networks_->has_member(network.id, index))
    return fail(Errc::conflict, device.name + " is no member of its network in the maps");
  if (!TcHooks::is_attached(endpoint_hook(device.name, device.index)))
    return fail(Errc::conflict, "no program is attached to " + device.name);
  if (auto fine = check_limits(network, endpoint, device); !fine) return fine;
  auto port = ports_->missing(index);
  if (!port) return std::unexpected(std::move(port).error());
  if (!*port) return {};
  return fail(Errc::conflict,
              "map fl_ports does not lead host port " + std::to_string(**port) + " to it");
}

Result<bool> KernelDatapath::settle_next() {
  while (!unsettled_.empty()) {
    const Hook hook = std::move(unsettled_.front());
    unsettled_.pop_front();
    const auto found = attached_.find(hook.pin);
    if (found == attached_.end() || found->second != hook.index) continue;
    if (auto done = hooks_.settle(program_of(hook), hook); !done)
      return fail(std::move(done).error(), "settle the program of " + hook.device);
    break;
  }
  return !unsettled_.empty();
}

// The count may be too low for a moment (bpf/lib/flow_count.h); the next collect_flows() ends what
// is left then.
bool KernelDatapath::may_have_flows(std::uint32_t ifindex) const {
  const auto count = maps_.flow_counts.get(ifindex);
  return !count || (*count && (*count)->flows > 0);
}

Status KernelDatapath::forget_device(NetworkId network, std::uint32_t ifindex) {
  Failures failures;
  failures.add(networks_->remove_member(network, ifindex));
  auto removed = ports_->erase_device(ifindex);
  if (!removed) failures.add(std::move(removed).error());
  failures.add(maps_.endpoints.erase(ifindex));  // from here on its packets are dropped
  failures.add(maps_.rates.erase(ifindex));
  failures.add(forget_ways());
  if (removed.value_or(true) || may_have_flows(ifindex)) failures.add(end_stale_flows());
  return failures.result();
}

Status KernelDatapath::erase_endpoint(const Network& network, const Endpoint& endpoint) {
  Failures failures;
  auto index = device_of(network, endpoint);
  if (!index) failures.add(std::move(index).error());

  for (const auto& key : endpoint_keys(network.id, endpoint)) {
    auto entry = maps_.forward.get(key);
    if (!entry) {
      failures.add(std::move(entry).error());
    } else if (*entry && is_of(**entry, endpoint)) {
      failures.add(maps_.forward.erase(key));
    }
  }
  failures.add(erase_ports(endpoint, endpoint.ports));
  if (index.value_or(0) != 0) failures.add(forget_device(network.id, *index));
  // Not detached: that takes the kernel 10 ms, and the device goes.
  const std::string pin = pins_.link(kEndpointPin, endpoint.host_device);
  attached_.erase(pin);
  failures.add(remove_pin(pin));
  failures.add(forget_rate(endpoint.host_device));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "remove endpoint " + endpoint.key);
  return {};
}

}  // namespace fairlead::datapath
