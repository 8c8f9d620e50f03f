#include "daemon/peer_pings.h"

namespace fairlead::daemon {

std::vector<engine::ProbeTarget> ping_targets(const engine::State& state) {
  std::vector<engine::ProbeTarget> out;
  for (const auto& [name, peer] : state.peers)
    if (peer.written)
      out.push_back({.peer = name, .remote = peer.written->remote, .local = peer.written->local});
  return out;
}

void note_pings(engine::State& state, const std::vector<engine::ProbeResult>& results) {
  for (const engine::ProbeResult& result : results)
    if (const auto peer = state.peers.find(result.peer); peer != state.peers.end())
      peer->second.rtt = result.rtt;
}

PeerPings::PeerPings(engine::Engine& engine, WorkQueue& queue) : engine_(engine), queue_(queue) {}

void PeerPings::update() {
  auto targets = ping_targets(engine_.state);
  if (targets == targets_) return;
  targets_ = std::move(targets);
  if (!probe_)
    probe_.emplace(engine::ProbeSettings{}, [&engine = engine_, &queue = queue_](
                                                std::vector<engine::ProbeResult> results) {
      queue.post([&engine, results = std::move(results)] { note_pings(engine.state, results); });
    });
  probe_->set_targets(targets_);
}

void PeerPings::stop() { probe_.reset(); }

}  // namespace fairlead::daemon
