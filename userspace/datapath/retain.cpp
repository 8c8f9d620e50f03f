// After a start: what belongs to nobody any more goes.
#include <algorithm>
#include <set>

#include "datapath/abi.h"
#include "datapath/endpoint_keys.h"
#include "datapath/failures.h"
#include "datapath/kernel_datapath.h"
#include "datapath/published_ranges.h"

namespace fairlead::datapath {

namespace {

template <typename Key>
using Keys = std::set<Key, BytesLess<Key>>;

// Everything that may be in the maps.
struct Wanted {
  std::set<NetworkId> networks;
  Keys<fl_subnet_key> subnets;
  Keys<fl_forward_key> forward;
  std::set<std::uint32_t> devices;
  std::set<std::string> device_names;
};

// Is the range a part of one of these? They are in order, and none overlaps another.
bool is_part(const PortRange& range, const PortRanges::Entries& wanted) {
  const auto next = wanted.upper_bound(range.key);
  if (next == wanted.begin()) return false;
  const PortRange whole{std::prev(next)->first, std::prev(next)->second};
  return whole.key.proto == range.key.proto && same(whole.key.addr, range.key.addr) &&
         whole.last() >= range.last() && same_way(whole, range);
}

}  // namespace

Status KernelDatapath::retain_only(const std::vector<Network>& networks,
                                   const std::vector<Endpoint>& endpoints) {
  Wanted wanted;
  std::map<std::string, const Network*> by_key;
  for (const auto& network : networks) {
    by_key[network.key] = &network;
    wanted.networks.insert(network.id);
    for (const auto& key : NetworkTable::subnets(network)) wanted.subnets.insert(key);
    for (const auto& key : networks_->gateways(network)) wanted.forward.insert(key);
  }
  PortRanges::Entries ports;
  for (const auto& endpoint : endpoints) {
    const auto network = by_key.find(endpoint.network);
    if (network == by_key.end()) continue;
    auto index = device_of(*network->second, endpoint);
    if (!index) return std::unexpected(std::move(index).error());
    if (*index != 0) wanted.devices.insert(*index);
    wanted.device_names.insert(endpoint.host_device);
    for (const auto& key : endpoint_keys(network->second->id, endpoint)) wanted.forward.insert(key);
    for (const auto& binding : endpoint.ports) {
      for (const PortRange& range : published_ranges(*network->second, binding))
        ports[range.key] = range.target;
    }
  }

  Failures failures;
  const auto note = [&](auto&& result) {
    if (!result) failures.add(std::move(result).error());
  };
  note(maps_.subnets.erase_if(
      [&](const fl_subnet_key& key, __u32) { return !wanted.subnets.contains(key); }));
  note(maps_.forward.erase_if([&](const fl_forward_key& key, const fl_forward& target) {
    return target.kind != FL_TARGET_REMOTE && !wanted.forward.contains(key);
  }));
  auto taken_away = ports_->retain([&](const PortRange& range) { return is_part(range, ports); });
  note(taken_away);

  auto devices = maps_.endpoints.erase_if(
      [&](__u32 index, const fl_endpoint&) { return !wanted.devices.contains(index); });
  note(devices);
  failures.add(forget_ways());
  if (devices) {
    for (const auto index : *devices)
      for (const auto direction : {Direction::ingress, Direction::egress})
        failures.add(
            detach_clsact(static_cast<int>(index), direction, "device " + std::to_string(index)));
  }
  for (const auto& device : pins_.linked(kEndpointPin)) {
    if (!wanted.device_names.contains(device)) failures.add(detach(endpoint_hook(device, 0)));
  }
  failures.add(retain_rates(wanted.devices, wanted.device_names));
  failures.add(networks_->retain_members({wanted.devices.begin(), wanted.devices.end()}));
  for (const auto id : networks_->ids()) {
    if (!wanted.networks.contains(id)) failures.add(erase_network(id));
  }
  failures.add(end_stale_flows());
  failures.add(settle_ports(taken_away.value_or(true)));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "remove what belongs to nobody");
  return {};
}

}  // namespace fairlead::datapath
