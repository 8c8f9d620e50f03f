// What the agent's two threads know together.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "cluster/agent.h"

namespace fairlead::cluster {

using Steady = std::chrono::steady_clock;  // the wall clock may be set

class Contact {
 public:
  Contact(etcd::Client& client, AgentSettings settings);

  etcd::Client& client;
  const AgentSettings settings;

  // --- how it stands; any thread
  AgentStatus status() const;
  bool stopping() const;
  // Connected, believed, not stopping: the store may be written.
  bool writable() const;
  // The condition that whatever is written depends on: the store is still the one that was
  // believed.
  etcd::Compare same_store() const;

  // --- what was learnt
  void reached(etcd::Revision revision = 0);  // the store answered
  void connected();
  void disconnected(const std::string& why);
  // The answer of identity().
  void identified(const etcd::Identity& identity);
  // Judges the store by its meta key (created == 0: there is none): sets or ends the alarm. Returns
  // whether the store is believed.
  bool judge(const etcd::KeyValue& meta);
  void accept_store();

  // --- pauses
  // For `pause` at most. false: the agent stops. wait(): until wake() or connected() was called
  // since `seen`, which is the caller's to keep. rest(): until accept_store(); one thread's.
  bool wait(std::chrono::milliseconds pause, unsigned& seen);
  bool rest(std::chrono::milliseconds pause);
  void wake();
  void stop();

 private:
  std::string find_alarm(const etcd::KeyValue& meta, std::string& uuid) const;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  unsigned woken_ = 0;    // counts
  unsigned accepts_ = 0;  // counts
  unsigned accepts_seen_ = 0;
  AgentStatus status_;
  std::string believed_;  // uuid; empty: the first cluster that there is will be
  bool accept_ = false;   // whatever the next judge() finds
  etcd::Revision meta_at_ = 0;
};

}  // namespace fairlead::cluster
