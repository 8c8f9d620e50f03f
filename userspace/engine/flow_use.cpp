#include "engine/flow_use.h"

namespace fairlead::engine {

Result<std::map<std::string, datapath::FlowCount>> flow_use(Engine& engine) {
  auto counts = engine.datapath.flow_counts();
  if (!counts) return std::unexpected(std::move(counts).error());
  auto links = engine.links.links();
  if (!links) return std::unexpected(std::move(links).error());
  std::map<std::string, datapath::FlowCount> out;
  for (const netlink::LinkInfo& link : *links) {
    if (const auto found = counts->find(link.index); found != counts->end())
      out[link.name] = found->second;
  }
  return out;
}

}  // namespace fairlead::engine
