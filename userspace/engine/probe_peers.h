// How long a packet takes to each peer and back.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/address.h"

namespace fairlead::engine {

struct ProbeTarget {
  std::string peer;  // its name
  Address remote;    // its VTEP address
  Address local;     // ours, of the same family

  bool operator==(const ProbeTarget&) const = default;
};

struct ProbeResult {
  std::string peer;
  std::optional<std::chrono::microseconds> rtt;  // absent: no answer within the deadline
};

struct ProbeSettings {
  std::chrono::milliseconds period{5000};    // between rounds, a fifth more or less by chance
  std::chrono::milliseconds deadline{1000};  // for an answer
  std::size_t round = 100;                   // peers that are asked in one round; more take turns
};

// Pings every peer, on a thread of its own, in the network namespace of whoever makes it. Without
// targets it sleeps. It says nothing of why a peer does not answer: that its host forbids pings is
// no fault.
class PeerProbe {
 public:
  // `on_results`: once a round, on the probe's thread; must only post.
  PeerProbe(ProbeSettings settings, std::function<void(std::vector<ProbeResult>)> on_results);
  PeerProbe(const PeerProbe&) = delete;
  PeerProbe& operator=(const PeerProbe&) = delete;
  ~PeerProbe();  // at once, whatever is under way

  // Any thread. What changes them starts a round soon.
  void set_targets(std::vector<ProbeTarget> targets);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::engine
