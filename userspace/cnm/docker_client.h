// What a Docker daemon says about its networks, through its own API.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/cluster_verbs.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

// All networks of `driver` and all their endpoints, with names, or an error if any of it could not
// be learnt: what is missing in the answer is taken for gone. Blocks: own thread only, and never
// while a request of Docker's waits for us, because Docker may hold the lock that its answer needs.
// Errors: unavailable.
Result<engine::Known> ask_docker(const std::string& socket, const std::string& driver,
                                 std::chrono::milliseconds deadline);

// Names of the networks of `driver`, by id. As ask_docker() in all else, and quick.
Result<std::map<std::string, std::string>> ask_network_names(const std::string& socket,
                                                             const std::string& driver,
                                                             std::chrono::milliseconds deadline);

// Makes a network of the cluster on this engine. Errors: conflict (it has another network of the
// name), unavailable (no answer), invalid_argument (Docker's own words).
Status create_docker_network(const std::string& socket, const std::string& driver,
                             const engine::MirrorPlan::Create& want,
                             std::chrono::milliseconds deadline);
// Unknown: success. Errors: conflict (a container has just been connected), unavailable.
Status remove_docker_network(const std::string& socket, const std::string& id,
                             std::chrono::milliseconds deadline);

// The body of POST /networks/create.
std::string format_docker_network(const std::string& driver,
                                  const engine::MirrorPlan::Create& want);
// Docker's own words of an answer that is no success, else the beginning of what it said.
std::string parse_docker_refusal(std::string_view body);

struct DockerNetwork {
  std::string id;
  std::string name;
};

// GET /networks: those whose driver is `driver`, or `driver:tag` of a managed plugin.
Result<std::vector<DockerNetwork>> parse_docker_networks(std::string_view body,
                                                         const std::string& driver);
// GET /networks: subnets that networks of any driver take from our IPAM driver, so that their pools
// are not taken for orphans.
Result<std::set<Prefix>> parse_docker_pools(std::string_view body, const std::string& driver);
// GET /networks/ID: the endpoints on it.
Result<std::vector<engine::Known::Container>> parse_docker_endpoints(std::string_view body);

}  // namespace fairlead::cnm
