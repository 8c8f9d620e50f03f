// Ties the probe of other hosts to the engine.
#pragma once

#include <optional>
#include <vector>

#include "base/work_queue.h"
#include "engine/engine.h"
#include "engine/probe_peers.h"

namespace fairlead::daemon {

// Whom to ping: every peer that packets have a way to.
std::vector<engine::ProbeTarget> ping_targets(const engine::State& state);

// What came of it; peers that are gone meanwhile are passed over.
void note_pings(engine::State& state, const std::vector<engine::ProbeResult>& results);

class PeerPings {
 public:
  // Results are posted to `queue`.
  PeerPings(engine::Engine& engine, WorkQueue& queue);

  // Engine thread: peers or the ways to them may have changed. A host without peers has no probe.
  void update();

  // Engine thread: no more results are posted.
  void stop();

 private:
  engine::Engine& engine_;
  WorkQueue& queue_;
  std::vector<engine::ProbeTarget> targets_;
  std::optional<engine::PeerProbe> probe_;
};

}  // namespace fairlead::daemon
