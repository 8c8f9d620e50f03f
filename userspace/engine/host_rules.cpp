#include "engine/host_rules.h"

#include <algorithm>

namespace fairlead::engine {

namespace {

bool has_family(const State& state, Family family) {
  return std::ranges::any_of(state.networks, [&](const auto& item) {
    return (family == Family::v4 ? item.second.v4 : item.second.v6).has_value();
  });
}

std::string problem(Family family, const std::string& device) {
  const bool v4 = family == Family::v4;
  return std::string("publish.host_rules is on, but this host does not forward ") +
         (v4 ? "IPv4" : "IPv6") + " from " + device +
         ": nobody outside reaches published ports. Turn it on, once the forward rules are as they "
         "should be (sysctl -w " +
         (v4 ? "net.ipv4.ip_forward=1" : "net.ipv6.conf.all.forwarding=1") +
         "), or set publish.host_rules = false";
}

}  // namespace

std::vector<std::string> host_rules_problems(Engine& engine) {
  std::vector<std::string> out;
  if (!engine.settings.host_rules) return out;
  for (const Family family : {Family::v4, Family::v6}) {
    if (!has_family(engine.state, family)) continue;
    for (const datapath::Uplink& uplink : engine.state.host_view.uplinks) {
      const bool used =
          uplink.masquerade && !(family == Family::v4 ? uplink.v4 : uplink.v6).is_any();
      if (used && !engine.links.forwards(family, uplink.name))
        out.push_back(problem(family, uplink.name));
    }
  }
  return out;
}

}  // namespace fairlead::engine
