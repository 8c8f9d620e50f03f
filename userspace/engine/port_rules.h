// Who may reach a published port. The first of these that says anything decides, alone:
//
//   what was said at run time of the host port on this address
//   what was said at run time of the host port on every address
//   the endpoint's option for the container port, then for all its ports
//   the network's option for the container port, then for all its ports
//   [publish] allow of fairlead.toml
//   nothing: everyone may
//
// Rules of run time stay when container and daemon end, and hold for whoever publishes the port
// next.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datapath/datapath.h"
#include "engine/engine.h"
#include "model/sources.h"

namespace fairlead::engine {

enum class RuleOrigin : std::uint8_t {
  nothing,
  configuration,
  network,
  endpoint,
  run_time,
};

struct ExposedPort {
  PortBinding binding;
  SourceRules sources;
  RuleOrigin origin = RuleOrigin::nothing;
};

// What rules of run time say: whoever they do not name may reach the port only if they name nobody
// who may.
SourceRules sources_of(const std::vector<SourceRules::Rule>& rules);

// The ports of an endpoint and who may reach them; a range whose ports differ becomes several.
std::vector<ExposedPort> exposed_ports(const Engine& engine, const Network& network,
                                       const Endpoint& endpoint,
                                       const std::vector<PortBinding>& ports);

// The same for Datapath::put_ports().
std::vector<datapath::PublishedPort> with_rules(const Engine& engine, const Network& network,
                                                const Endpoint& endpoint,
                                                const std::vector<PortBinding>& ports);

// Whether one of the binding's host ports is in first..last.
bool has_port(const PortBinding& binding, Protocol protocol, unsigned first, unsigned last);

// The name of an endpoint that publishes one of these ports, which are of one address, on every
// address of its family; empty: none does.
std::string publisher_everywhere(const State& state, const HostPortRange& ports);

// --- verbs, as those of verbs.h; flows that may be no longer end before they return ----------

// The first of these two on a port without rules of run time starts from what options and
// configuration say of it.
//
// Lets `sources` in, besides whoever was let in by name; of a port that everyone could reach they
// are the only ones then. None given: everyone, and earlier rules are gone. Errors:
// invalid_argument, conflict (the port is published on every address, so its addresses cannot
// differ; or with different options on several: name the address), exhausted (too many rules).
Status allow_port(Engine& engine, const HostPortRange& ports, const std::vector<Prefix>& sources);
// Keeps `sources` out, and with them whoever was let in within them. None given: nobody may, and
// earlier rules are gone. Errors: as allow_port().
Status deny_port(Engine& engine, const HostPortRange& ports, const std::vector<Prefix>& sources);
// Options and configuration decide again. Without rules: success.
Status reset_port(Engine& engine, const HostPortRange& ports);

}  // namespace fairlead::engine
