// After a start: what belongs to nobody any more goes.
#include <algorithm>
#include <set>

#include "datapath/abi.h"
#include "datapath/endpoint_keys.h"
#include "datapath/failures.h"
#include "datapath/flows.h"
#include "datapath/kernel_datapath.h"

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
  PortTable::Removed ports;  // with their targets
};

bool leads_to(const fl_port& port, const PortBinding& binding) {
  return same(port.addr, to_abi(binding.container_address)) &&
         port.port == htons(binding.container_port);
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
  std::map<fl_port_key, const PortBinding*, BytesLess<fl_port_key>> ports;
  for (const auto& endpoint : endpoints) {
    const auto network = by_key.find(endpoint.network);
    if (network == by_key.end()) continue;
    auto index = device_of(*network->second, endpoint);
    if (!index) return std::unexpected(std::move(index).error());
    if (*index != 0) wanted.devices.insert(*index);
    wanted.device_names.insert(endpoint.host_device);
    for (const auto& key : endpoint_keys(network->second->id, endpoint)) wanted.forward.insert(key);
    for (const auto& binding : endpoint.ports) ports[port_key(binding)] = &binding;
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
  auto removed = ports_->retain([&](const fl_port_key& key, const fl_port& port) {
    const auto found = ports.find(key);
    return found != ports.end() && leads_to(port, *found->second);
  });
  note(removed);

  auto devices = maps_.endpoints.erase_if(
      [&](__u32 index, const fl_endpoint&) { return !wanted.devices.contains(index); });
  note(devices);
  if (devices && hooks_.mode() == "clsact") {
    for (const auto index : *devices)
      failures.add(detach_clsact(static_cast<int>(index), Direction::ingress,
                                 "device " + std::to_string(index)));
  }
  for (const auto& device : pins_.linked(kEndpointPin)) {
    if (!wanted.device_names.contains(device)) failures.add(detach(endpoint_hook(device, 0)));
  }
  failures.add(networks_->retain_members({wanted.devices.begin(), wanted.devices.end()}));
  for (const auto id : networks_->ids()) {
    if (!wanted.networks.contains(id)) failures.add(erase_network(id));
  }
  note(delete_flows(maps_.nat, [&](const fl_flow&, const fl_nat& entry) {
    return !wanted.devices.contains(entry.endpoint);
  }));
  if (removed) failures.add(end_flows_of(*removed));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "remove what belongs to nobody");
  return {};
}

}  // namespace fairlead::datapath
