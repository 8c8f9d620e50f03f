// Endpoints: who they are, where they are found, and the program at their device.
#include "datapath/abi.h"
#include "datapath/endpoint_keys.h"
#include "datapath/failures.h"
#include "datapath/flows.h"
#include "datapath/kernel_datapath.h"

namespace fairlead::datapath {

namespace {

fl_endpoint value_of(const Network& network, const Endpoint& endpoint) {
  fl_endpoint value{};
  value.network = network.id;
  value.flags = flags_of(network);
  if (endpoint.v4) value.addr4 = to_abi(endpoint.v4->address());
  if (endpoint.v6) {
    value.addr6 = to_abi(endpoint.v6->address());
    value.link_local = to_abi(endpoint.mac.link_local());
  }
  copy_mac(endpoint.mac, value);
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

  if (auto done = maps_.endpoints.put(index, value_of(network, endpoint)); !done)
    return fail(std::move(done).error(), what);
  fl_forward target{.kind = FL_TARGET_LOCAL, .ifindex = index, .mac = {}, .pad = {}};
  copy_mac(endpoint.mac, target);
  for (const auto& key : endpoint_keys(network.id, endpoint)) {
    if (auto done = maps_.forward.put(key, target); !done)
      return fail(std::move(done).error(), what);
  }
  if (auto done = networks_->add_member(network.id, index); !done)
    return fail(std::move(done).error(), what);
  if (auto done = attach_once(programs_.endpoint(), endpoint_hook(device.name, device.index));
      !done)
    return fail(std::move(done).error(), what);

  // The device was made anew: nothing may be left of the one before.
  if (*before != 0 && *before != index) return forget_device(network.id, *before);
  return {};
}

Status KernelDatapath::forget_device(NetworkId network, std::uint32_t ifindex) {
  Failures failures;
  failures.add(networks_->remove_member(network, ifindex));
  auto removed = ports_->erase_device(ifindex);
  if (!removed) failures.add(std::move(removed).error());
  failures.add(maps_.endpoints.erase(ifindex));  // from here on its packets are dropped
  auto ended = delete_flows(maps_.nat, [ifindex](const fl_flow&, const fl_nat& entry) {
    return entry.endpoint == ifindex || entry.ifindex == ifindex;
  });
  if (!ended) failures.add(std::move(ended).error());
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
  failures.add(detach(endpoint_hook(endpoint.host_device, static_cast<int>(index.value_or(0)))));
  auto result = failures.result();
  if (!result) return fail(std::move(result).error(), "remove endpoint " + endpoint.key);
  return {};
}

}  // namespace fairlead::datapath
