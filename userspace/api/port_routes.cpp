#include "api/port_routes.h"

#include "api/codec_ports.h"
#include "engine/port_rules.h"

namespace fairlead::api {

namespace {

using Verb = Status (*)(engine::Engine& engine, const PortRuleChange& change);

Reply run(const Context& context, const std::string& body, Verb verb) {
  const auto change = parse_port_rule_change(body);
  if (!change) return std::unexpected(change.error());
  if (auto done = verb(context.engine, *change); !done)
    return std::unexpected(std::move(done).error());
  return format_ports(context.engine, change->ports);
}

}  // namespace

Reply allow_ports(const Context& context, const std::string& body) {
  return run(context, body, [](engine::Engine& engine, const PortRuleChange& change) {
    return engine::allow_port(engine, change.ports, change.sources);
  });
}

Reply deny_ports(const Context& context, const std::string& body) {
  return run(context, body, [](engine::Engine& engine, const PortRuleChange& change) {
    return engine::deny_port(engine, change.ports, change.sources);
  });
}

Reply reset_ports(const Context& context, const std::string& body) {
  return run(context, body, [](engine::Engine& engine, const PortRuleChange& change) -> Status {
    if (!change.sources.empty())
      return fail(Errc::invalid_argument, "reset takes ports only: all their rules go");
    return engine::reset_port(engine, change.ports);
  });
}

}  // namespace fairlead::api
