#include "engine/hygiene.h"

#include "engine/lookup.h"
#include "engine/verbs.h"

namespace fairlead::engine {

Status bury_endpoint(Engine& engine, const Endpoint& endpoint) {
  Problems problems("clean up endpoint " + endpoint_name(engine.state, endpoint.key));
  problems.add(remove_endpoint(engine, endpoint.network, endpoint.key));
  for (const auto* address : {&endpoint.v4, &endpoint.v6}) {
    if (!*address) continue;
    for (const ipam::Pool& pool : engine.ipam.pools())
      if (pool.prefix.contains((*address)->address()))
        problems.add(release_address(engine, pool.id, (*address)->address()));
  }
  return problems.status();
}

}  // namespace fairlead::engine
