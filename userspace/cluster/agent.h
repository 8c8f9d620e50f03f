// Keeps this host in touch with the cluster, on threads of its own.
//
// One thread lists and watches, and hands what it hears to the engine. Another writes what the
// engine wants written that needs no answer, and keeps the lease of this host's `alive` key. Both
// repeat with growing, jittered pauses while the store is away. Nothing is ever removed because the
// store is away, empty, or another one: that is an alarm for people.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/records.h"
#include "etcd/client.h"

namespace fairlead::cluster {

// What the agent hands over, in order; the engine's thread takes it.
struct News {
  std::optional<etcd::Listing> listing;  // the whole store, after a (re)connect
  std::vector<etcd::Event> events;       // since then
  etcd::Revision revision = 0;
};

struct AgentSettings {
  Layout layout;
  std::string node;
  std::string cluster_uuid;    // Meta::uuid that this host joined; another one is an alarm. Empty:
                               // whichever is there, once there is one
  std::uint64_t store_id = 0;  // etcd's cluster id as last seen; 0: not yet
  Alive alive;
  std::chrono::seconds ttl{60};
  std::chrono::milliseconds first_pause{100};  // after a failure; doubles
  std::chrono::milliseconds last_pause{10000};
};

struct AgentStatus {
  bool connected = false;                         // the view follows the store
  std::chrono::system_clock::time_point since{};  // of `connected`, or of its loss
  std::chrono::system_clock::time_point last_contact{};
  std::string endpoint;    // that answered last
  std::string last_error;  // empty when connected
  // Why the store is not believed: emptied, replaced, of another cluster; with what to do. Empty:
  // it is.
  std::string alarm;
  std::vector<std::string> store_alarms;  // NOSPACE ...
  std::size_t pending_writes = 0;
  etcd::Revision revision = 0;
  std::uint64_t store_id = 0;
};

class Agent {
 public:
  // `on_news` is called from the agent's thread, and must only post. Client must outlive the agent.
  Agent(etcd::Client& client, AgentSettings settings, std::function<void(News)> on_news);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  ~Agent();  // ends the threads; revokes the lease if the store is there: this host is leaving or
             // restarting

  // What this host wants a key to say; the last word counts. Any thread; returns at once. Repeated
  // until it is done; what is already so in the store costs nothing.
  void put(const std::string& key, const std::string& value);
  void erase(const std::string& key);

  // Waits until nothing is pending, for `deadline` at most; false: something is.
  bool flush(std::chrono::milliseconds deadline);

  // The operator says that the store in place is right: its alarm is over.
  void accept_store();

  AgentStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::cluster
