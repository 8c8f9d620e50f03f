// Published ports of endpoints, and the end of flows through ports that are no longer published.
#include "datapath/abi.h"
#include "datapath/failures.h"
#include "datapath/flows.h"
#include "datapath/kernel_datapath.h"

namespace fairlead::datapath {

namespace {

PortTable::Port port_of(const PortBinding& binding, NetworkId network, int ifindex) {
  return {port_key(binding),
          {.addr = to_abi(binding.container_address),
           .network = network,
           .ifindex = static_cast<__u32>(ifindex),
           .port = htons(binding.container_port),
           .count = binding.count,
           .list = 0}};
}

fl_addr any_of_same_family(const fl_addr& address) {
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), address.b, bytes.size());
  return to_abi(Address::any(Address(bytes).family()));
}

// Is this the entry of a client's direction, made because of one of these ports?
bool came_through(const PortTable::Removed& ports, const fl_flow& flow, const fl_nat& entry) {
  if (entry.kind != FL_NAT_PUBLISHED && entry.kind != FL_NAT_HAIRPIN) return false;
  if (entry.flags & FL_NAT_REPLY) return false;
  for (const auto& address : {flow.dst, any_of_same_family(flow.dst)}) {
    const auto port =
        ports.find({.addr = address, .port = flow.dport, .proto = flow.proto, .pad = 0});
    if (port != ports.end() && same(port->second.addr, entry.dst) &&
        port->second.port == entry.dport)
      return true;
  }
  return false;
}

}  // namespace

Status KernelDatapath::end_flows_of(const PortTable::Removed& removed) {
  if (removed.empty()) return {};
  auto ended = delete_flows(maps_.nat, [&](const fl_flow& flow, const fl_nat& entry) {
    return came_through(removed, flow, entry);
  });
  if (!ended) return std::unexpected(std::move(ended).error());
  return {};
}

Status KernelDatapath::put_ports(const Network& network, const Endpoint& endpoint, int device_index,
                                 const std::vector<PublishedPort>& ports) {
  std::vector<PortTable::Port> wanted;
  wanted.reserve(ports.size());
  for (const auto& port : ports) wanted.push_back(port_of(port.binding, network.id, device_index));
  auto removed = ports_->replace(static_cast<std::uint32_t>(device_index), wanted);
  if (!removed) return fail(std::move(removed).error(), "ports of endpoint " + endpoint.key);
  return end_flows_of(*removed);
}

Status KernelDatapath::erase_ports(const Endpoint& endpoint,
                                   const std::vector<PortBinding>& ports) {
  std::vector<PortTable::Port> unwanted;
  unwanted.reserve(ports.size());
  for (const auto& binding : ports) unwanted.push_back(port_of(binding, 0, 0));
  auto removed = ports_->erase(unwanted);
  if (!removed) return fail(std::move(removed).error(), "ports of endpoint " + endpoint.key);
  return end_flows_of(*removed);
}

}  // namespace fairlead::datapath
