// Published ports of endpoints, and who may reach them.
#include "datapath/abi.h"
#include "datapath/failures.h"
#include "datapath/kernel_datapath.h"
#include "datapath/published_ranges.h"

namespace fairlead::datapath {

// Lists that no port refers to any more go. Flows that came through what is gone go too.
Status KernelDatapath::settle_ports(bool taken_away) {
  Failures failures;
  failures.add(lists_->drop_unused([this](__u32 list) { return ports_->uses(list); }));
  if (taken_away) {
    failures.add(end_stale_flows());
    failures.add(end_refused_flows());
  }
  return failures.result();
}

Status KernelDatapath::put_ports(const Network& network, const Endpoint& endpoint, int device_index,
                                 const std::vector<PublishedPort>& ports) {
  const std::string what = "ports of endpoint " + endpoint.key;
  std::vector<PortRange> wanted;
  wanted.reserve(ports.size());
  for (const auto& port : ports) {
    auto list = lists_->list_of(port.sources);
    if (!list) {
      static_cast<void>(settle_ports(false));
      return fail(std::move(list).error(), what);
    }
    for (PortRange& range : published_ranges(network, port.binding)) {
      range.target.ifindex = static_cast<__u32>(device_index);
      range.target.list = *list;
      wanted.push_back(range);
    }
  }
  auto taken_away = ports_->replace(static_cast<std::uint32_t>(device_index), wanted);
  if (!taken_away) {
    static_cast<void>(settle_ports(false));
    return fail(std::move(taken_away).error(), what);
  }
  if (auto done = settle_ports(*taken_away); !done) return fail(std::move(done).error(), what);
  return {};
}

Status KernelDatapath::erase_ports(const Endpoint& endpoint,
                                   const std::vector<PortBinding>& ports) {
  const std::string what = "ports of endpoint " + endpoint.key;
  Network everywhere;
  everywhere.routed = true;
  std::vector<PortRange> unwanted;
  for (const auto& binding : ports) {
    for (const PortRange& range : published_ranges(everywhere, binding)) unwanted.push_back(range);
  }
  auto taken_away = ports_->erase(unwanted);
  if (!taken_away) return fail(std::move(taken_away).error(), what);
  if (auto done = settle_ports(*taken_away); !done) return fail(std::move(done).error(), what);
  return {};
}

}  // namespace fairlead::datapath
