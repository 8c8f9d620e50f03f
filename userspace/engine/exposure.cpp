#include "engine/exposure.h"

#include <map>
#include <utility>

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

// Which ports are published: by protocol and host address, and without an address those on any.
class Published {
 public:
  explicit Published(const State& state) {
    for (const auto& [key, endpoint] : state.endpoints)
      for (const PortBinding& port : endpoint.ports) {
        add(port.protocol, port.host_address, port);
        add(port.protocol, std::nullopt, port);
      }
  }

  bool has(const HostPort& port) const {
    const auto found = numbers_.find({port.protocol, port.address});
    return found != numbers_.end() && found->second[port.number];
  }

 private:
  void add(Protocol protocol, const std::optional<Address>& address, const PortBinding& port) {
    auto& numbers = numbers_[{protocol, address}];
    numbers.resize(kPortNumbers);
    for (unsigned number = port.host_port; number < unsigned{port.host_port} + port.count; ++number)
      numbers[number] = true;
  }

  static constexpr std::size_t kPortNumbers = 65536;
  std::map<std::pair<Protocol, std::optional<Address>>, std::vector<bool>> numbers_;
};

void append(std::vector<Prefix>& to, const std::vector<Prefix>& from) {
  to.insert(to.end(), from.begin(), from.end());
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

Exposure exposure_of(const SourceRules& sources) {
  const Exposure v4 = exposure_of(sources, Family::v4);
  Exposure both = exposure_of(sources, Family::v6);
  if (v4.otherwise != both.otherwise)
    both.allow.emplace_back(Address::any(v4.otherwise ? Family::v4 : Family::v6), 0);
  if (v4.reach != both.reach) both.reach = Reach::limited;
  both.otherwise = v4.otherwise && both.otherwise;
  append(both.allow, v4.allow);
  append(both.except, v4.except);
  return both;
}

std::vector<PortRuleRow> port_rule_rows(const State& state) {
  const Published published(state);
  std::vector<PortRuleRow> out;
  for (const auto& [port, rules] : state.port_rules) {
    const SourceRules sources = sources_of(rules);
    const bool held = published.has(port);
    if (!out.empty()) {
      PortRuleRow& last = out.back();
      if (last.ports.protocol == port.protocol && last.ports.address == port.address &&
          last.ports.last + 1 == port.number && last.published == held && last.sources == sources) {
        last.ports.last = port.number;
        continue;
      }
    }
    out.push_back({.ports = {.protocol = port.protocol,
                             .address = port.address,
                             .first = port.number,
                             .last = port.number},
                   .sources = sources,
                   .published = held});
  }
  return out;
}

std::vector<std::string> idle_rules(const State& state) {
  std::vector<std::string> out;
  for (const PortRuleRow& row : port_rule_rows(state)) {
    if (row.published || !row.ports.address) continue;
    if (const std::string name = publisher_everywhere(state, row.ports); !name.empty())
      out.push_back("the rules of port " + to_string(row.ports) + " do not hold: " + name +
                    " publishes it on every address; say fairlead ports reset " +
                    to_string(row.ports) + ", and allow or deny without the address");
  }
  return out;
}

Exposure exposure_of(const ExposedPort& port) {
  Exposure out = exposure_of(port.sources, port.binding.host_address.family());
  if (port.binding.host_address.is_loopback()) out.reach = Reach::this_host;
  return out;
}

}  // namespace fairlead::engine
