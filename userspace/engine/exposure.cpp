#include "engine/exposure.h"

namespace fairlead::engine {

namespace {

// What would decide of the rule's prefix without the rule.
bool verdict_around(const std::vector<SourceRules::Rule>& rules, const SourceRules::Rule& inner,
                    bool otherwise) {
  const SourceRules::Rule* around = nullptr;
  for (const SourceRules::Rule& rule : rules)
    if (rule.prefix.length() < inner.prefix.length() && rule.prefix.contains(inner.prefix) &&
        (around == nullptr || rule.prefix.length() > around->prefix.length()))
      around = &rule;
  return around != nullptr ? around->allow : otherwise;
}

}  // namespace

Exposure exposure_of(const SourceRules& sources, Family family) {
  Exposure out{.otherwise = sources.otherwise, .allow = {}, .except = {}};
  for (const SourceRules::Rule& rule : sources.rules)
    if (rule.prefix.family() == family && rule.prefix.length() == 0) out.otherwise = rule.allow;

  for (const SourceRules::Rule& rule : sources.rules) {
    if (rule.prefix.family() != family || rule.prefix.length() == 0) continue;
    if (verdict_around(sources.rules, rule, out.otherwise) == rule.allow) continue;
    (rule.allow ? out.allow : out.except).push_back(rule.prefix);
  }
  if (out.otherwise)
    out.reach = out.except.empty() ? Reach::everyone : Reach::limited;
  else
    out.reach = out.allow.empty() ? Reach::nobody : Reach::limited;
  return out;
}

Exposure exposure_of(const ExposedPort& port) {
  Exposure out = exposure_of(port.sources, port.binding.host_address.family());
  if (port.binding.host_address.is_loopback()) out.reach = Reach::this_host;
  return out;
}

}  // namespace fairlead::engine
