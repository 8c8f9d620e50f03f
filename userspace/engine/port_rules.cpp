#include "engine/port_rules.h"

#include <algorithm>
#include <set>

#include "engine/lookup.h"

namespace fairlead::engine {

namespace {

struct Verdict {
  SourceRules sources;
  RuleOrigin origin = RuleOrigin::nothing;

  bool operator==(const Verdict&) const = default;
};

const std::vector<Prefix>* said_of(const PublishPolicy& policy, const PublishPolicy::Port& port) {
  const auto found = policy.allow_port.find(port);
  if (found != policy.allow_port.end()) return &found->second;
  return policy.allow ? &*policy.allow : nullptr;
}

// Of the port `offset` further than the binding's first one.
Verdict decide(const Engine& engine, const Network& network, const Endpoint& endpoint,
               const PortBinding& binding, std::uint16_t offset) {
  HostPort key{.protocol = binding.protocol,
               .address = binding.host_address,
               .number = static_cast<std::uint16_t>(binding.host_port + offset)};
  const auto& rules = engine.state.port_rules;
  auto found = rules.find(key);
  if (found == rules.end()) {
    key.address.reset();
    found = rules.find(key);
  }
  if (found != rules.end())
    return {.sources = sources_of(found->second), .origin = RuleOrigin::run_time};

  const PublishPolicy::Port port{
      .protocol = binding.protocol,
      .number = static_cast<std::uint16_t>(binding.container_port + offset)};
  if (const auto* list = said_of(endpoint.publish, port))
    return {.sources = only(*list), .origin = RuleOrigin::endpoint};
  if (const auto* list = said_of(network.publish, port))
    return {.sources = only(*list), .origin = RuleOrigin::network};
  if (engine.settings.publish_allow)
    return {.sources = only(*engine.settings.publish_allow), .origin = RuleOrigin::configuration};
  return {};
}

// Offsets into a binding at which another verdict may begin.
class Cuts {
 public:
  explicit Cuts(std::uint16_t count) : count_(count) { offsets_.insert(0); }

  void add(unsigned first, unsigned number) {
    if (number < first || number - first >= count_) return;
    offsets_.insert(number - first);
    if (number - first + 1 < count_) offsets_.insert(number - first + 1);
  }

  const std::set<unsigned>& offsets() const { return offsets_; }

 private:
  unsigned count_;
  std::set<unsigned> offsets_;
};

Cuts cuts_of(const State& state, const Network& network, const Endpoint& endpoint,
             const PortBinding& binding) {
  Cuts cuts(binding.count);
  if (binding.count == 1) return cuts;
  for (const std::optional<Address>& address : {std::optional(binding.host_address), {}}) {
    auto rule = state.port_rules.lower_bound(
        {.protocol = binding.protocol, .address = address, .number = binding.host_port});
    for (; rule != state.port_rules.end() && rule->first.protocol == binding.protocol &&
           rule->first.address == address && rule->first.number - binding.host_port < binding.count;
         ++rule)
      cuts.add(binding.host_port, rule->first.number);
  }
  for (const PublishPolicy* policy : {&endpoint.publish, &network.publish})
    for (const auto& [port, list] : policy->allow_port)
      if (port.protocol == binding.protocol) cuts.add(binding.container_port, port.number);
  return cuts;
}

void expose(const Engine& engine, const Network& network, const Endpoint& endpoint,
            const PortBinding& binding, std::vector<ExposedPort>& out) {
  const Cuts cuts = cuts_of(engine.state, network, endpoint, binding);
  const auto& offsets = cuts.offsets();
  bool first = true;
  for (auto at = offsets.begin(); at != offsets.end(); ++at) {
    const auto next = std::next(at);
    const auto offset = static_cast<std::uint16_t>(*at);
    const auto count =
        static_cast<std::uint16_t>((next == offsets.end() ? binding.count : *next) - *at);
    Verdict verdict = decide(engine, network, endpoint, binding, offset);
    if (!first && out.back().sources == verdict.sources && out.back().origin == verdict.origin) {
      out.back().binding.count = static_cast<std::uint16_t>(out.back().binding.count + count);
      continue;
    }
    first = false;
    PortBinding part = binding;
    part.host_port = static_cast<std::uint16_t>(binding.host_port + offset);
    part.container_port = static_cast<std::uint16_t>(binding.container_port + offset);
    part.count = count;
    out.push_back(
        {.binding = part, .sources = std::move(verdict.sources), .origin = verdict.origin});
  }
}

}  // namespace

SourceRules sources_of(const std::vector<SourceRules::Rule>& rules) {
  return {.rules = rules, .otherwise = std::ranges::none_of(rules, &SourceRules::Rule::allow)};
}

std::vector<ExposedPort> exposed_ports(const Engine& engine, const Network& network,
                                       const Endpoint& endpoint,
                                       const std::vector<PortBinding>& ports) {
  std::vector<ExposedPort> out;
  out.reserve(ports.size());
  for (const PortBinding& binding : ports) expose(engine, network, endpoint, binding, out);
  return out;
}

std::vector<datapath::PublishedPort> with_rules(const Engine& engine, const Network& network,
                                                const Endpoint& endpoint,
                                                const std::vector<PortBinding>& ports) {
  std::vector<datapath::PublishedPort> out;
  for (ExposedPort& port : exposed_ports(engine, network, endpoint, ports))
    out.push_back({.binding = port.binding, .sources = std::move(port.sources)});
  return out;
}

std::string publisher_everywhere(const State& state, const HostPortRange& ports) {
  if (!ports.address || ports.address->is_any()) return {};
  const Address every = Address::any(ports.address->family());
  for (const auto& [key, endpoint] : state.endpoints)
    for (const PortBinding& binding : endpoint.ports)
      if (binding.host_address == every &&
          has_port(binding, ports.protocol, ports.first, ports.last))
        return endpoint_name(state, key);
  return {};
}

bool has_port(const PortBinding& binding, Protocol protocol, unsigned first, unsigned last) {
  return binding.protocol == protocol && binding.host_port <= last &&
         first < unsigned{binding.host_port} + binding.count;
}

}  // namespace fairlead::engine
