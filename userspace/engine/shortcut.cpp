#include "engine/shortcut.h"

#include "base/log.h"
#include "engine/lookup.h"

namespace fairlead::engine {

std::vector<std::string> shortcut_problems(Engine& engine) {
  std::vector<std::string> problems;
  const std::string why = engine.datapath.facts().shortcut;
  if (why == "on") return problems;
  for (const auto& [key, network] : engine.state.networks)
    if (network.shortcut)
      problems.push_back("network " + network_name(engine.state, key) +
                         " has fairlead.shortcut=true, which has no effect: " + why);
  return problems;
}

void report_shortcut(Engine& engine, const Network& network) {
  if (!network.shortcut) return;
  if (const std::string why = engine.datapath.facts().shortcut; why != "on")
    log::event(log::Level::warning, "shortcut_has_no_effect",
               {{"network", network.key}, {"why", why}});
}

}  // namespace fairlead::engine
