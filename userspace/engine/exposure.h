// Who may reach a published port, in the words of people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/port_rules.h"

namespace fairlead::engine {

enum class Reach : std::uint8_t {
  everyone,
  limited,
  nobody,     // but this host's own processes
  this_host,  // bound to a loopback address
};

struct Exposure {
  Reach reach = Reach::everyone;
  bool otherwise = true;       // whoever is on neither list
  std::vector<Prefix> allow;   // rules that change something, of the host address's family
  std::vector<Prefix> except;  // within `allow`, or of everyone
};

Exposure exposure_of(const ExposedPort& port);
// As of a port of this family that is on no loopback address.
Exposure exposure_of(const SourceRules& sources, Family family);
// As of a port of both.
Exposure exposure_of(const SourceRules& sources);

// Host ports that follow each other and have the same rules of run time.
struct PortRuleRow {
  HostPortRange ports;
  SourceRules sources;
  bool published = false;  // the rules decide of a port that somebody publishes
};

std::vector<PortRuleRow> port_rule_rows(const State& state);

// Rules of one host address that do not hold, because the port is published on every address since:
// a line for people each.
std::vector<std::string> idle_rules(const State& state);

}  // namespace fairlead::engine
