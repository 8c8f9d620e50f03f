#include "store/rows.h"

namespace fairlead::store {

namespace {

std::string address_of(const HostPort& port) {
  return port.address ? port.address->to_string() : std::string();
}

}  // namespace

Status put_policy(Statements& statements, const std::string& owner, const PublishPolicy& policy) {
  constexpr std::string_view kInsert = "INSERT INTO publish_policy VALUES (?, ?, ?)";
  auto done = erase_policy(statements, owner);
  if (done && policy.allow)
    done = run(statements, kInsert, owner, std::string(), to_string(*policy.allow));
  for (const auto& [port, list] : policy.allow_port)
    if (done) done = run(statements, kInsert, owner, to_string(port), to_string(list));
  return done;
}

Status erase_policy(Statements& statements, const std::string& owner) {
  return run(statements, "DELETE FROM publish_policy WHERE owner = ?", owner);
}

Status put(Statements& statements, const PortRules& rules) {
  const HostPort& port = rules.port;
  auto done = erase(statements, ErasePortRules{port});
  for (const SourceRules::Rule& rule : rules.rules)
    if (done)
      done = run(statements, "INSERT INTO port_rule VALUES (?, ?, ?, ?, ?)",
                 to_string(port.protocol), address_of(port), std::int64_t{port.number},
                 rule.prefix.to_string(), std::int64_t{rule.allow ? 1 : 0});
  return done;
}

Status erase(Statements& statements, const ErasePortRules& gone) {
  return run(statements, "DELETE FROM port_rule WHERE protocol = ? AND address = ? AND port = ?",
             to_string(gone.port.protocol), address_of(gone.port), std::int64_t{gone.port.number});
}

}  // namespace fairlead::store
