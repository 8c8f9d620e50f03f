// Small questions about the engine's state, and how remove verbs collect failures.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace fairlead::engine {

// What people call it, or the first twelve characters of its key.
std::string network_name(const State& state, const std::string& key);

// Under which the store has its name: known before any engine has been asked.
std::string name_setting(const std::string& network);

// The container's name, or the first twelve characters of the endpoint's key.
std::string endpoint_name(const State& state, const std::string& key);

// What its own runtime has said, of an endpoint that is not Docker's.
void learn_attached_name(State& state, const Endpoint& endpoint);

// Errors: not_found, saying what to do.
Result<Network> find_network(const State& state, const std::string& key);
// Errors: not_found; also if it belongs to another network.
Result<Endpoint> find_endpoint(const State& state, const std::string& network,
                               const std::string& key);

inline constexpr char kHostPrefix[] = "flh";
// How the device names of endpoints are made: prefix of three, twelve characters of the key
// (IFNAMSIZ is 16 with the zero).
std::string endpoint_device(const std::string& prefix, const std::string& key);
// Is it the name of an endpoint's device on the host's side?
bool is_endpoint_device(const std::string& name);

std::vector<std::string> endpoints_of(const State& state, const std::string& network);

// Gateway addresses with the subnet's length, both families.
std::vector<Prefix> gateways(const Network& network);

// Of a network that does not ask for one: the configured MTU, else the smallest of the uplinks.
// Bytes.
std::uint32_t default_mtu(const Engine& engine);

// Collects what went wrong while a remove verb goes on to the end.
class Problems {
 public:
  explicit Problems(std::string what) : what_(std::move(what)) {}

  void add(const Status& status);
  Status status() const;  // all messages, "; " between them

 private:
  std::string what_;
  std::vector<Error> errors_;
};

}  // namespace fairlead::engine
