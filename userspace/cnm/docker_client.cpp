#include "cnm/docker_client.h"

#include <algorithm>
#include <set>

#include "cnm/reader.h"
#include "http/client.h"

namespace fairlead::cnm {

namespace {

using Clock = std::chrono::steady_clock;

Result<std::string> get(const std::string& socket, const std::string& target,
                        Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  auto answer = http::call(socket, {.method = "GET", .target = target},
                           std::max(left, std::chrono::milliseconds(1)));
  if (!answer) return std::unexpected(std::move(answer).error());
  if (answer->status == 404) return fail(Errc::not_found, target + " is gone");
  if (answer->status != 200)
    return fail(Errc::unavailable,
                "GET " + target + " on " + socket + ": status " + std::to_string(answer->status));
  return std::move(answer->body);
}

}  // namespace

Result<std::vector<DockerNetwork>> parse_docker_networks(std::string_view body,
                                                         const std::string& driver) {
  auto networks = Reader::parse_array(body);
  if (!networks) return std::unexpected(std::move(networks).error());
  std::vector<DockerNetwork> out;
  for (Reader& network : *networks) {
    const std::string of = network.required_string("Driver");
    DockerNetwork entry{.id = network.required_string("Id"), .name = network.string("Name")};
    if (network.problem()) return fail(Errc::invalid_argument, *network.problem());
    if (of == driver || of.starts_with(driver + ":")) out.push_back(std::move(entry));
  }
  return out;
}

Result<std::set<Prefix>> parse_docker_pools(std::string_view body, const std::string& driver) {
  auto networks = Reader::parse_array(body);
  if (!networks) return std::unexpected(std::move(networks).error());
  std::set<Prefix> out;
  for (Reader& network : *networks) {
    Reader ipam = network.object("IPAM");
    const std::string of = ipam.string("Driver");
    if (of != driver && !of.starts_with(driver + ":")) continue;
    for (Reader& config : ipam.array("Config")) {
      auto subnet = Prefix::parse(config.required_string("Subnet"));
      if (network.problem()) return fail(Errc::invalid_argument, *network.problem());
      if (!subnet) return std::unexpected(std::move(subnet).error());
      out.insert(subnet->network());
    }
  }
  return out;
}

Result<std::vector<engine::Known::Container>> parse_docker_endpoints(std::string_view body) {
  auto network = Reader::parse(body);
  if (!network) return std::unexpected(std::move(network).error());
  std::vector<engine::Known::Container> out;
  for (auto& [id, container] : network->objects("Containers"))
    out.push_back(
        {.endpoint = container.required_string("EndpointID"), .name = container.string("Name")});
  if (network->problem()) return fail(Errc::invalid_argument, *network->problem());
  return out;
}

Result<std::map<std::string, std::string>> ask_network_names(const std::string& socket,
                                                             const std::string& driver,
                                                             std::chrono::milliseconds deadline) {
  auto list = get(socket, "/networks", Clock::now() + deadline);
  if (!list) return std::unexpected(std::move(list).error());
  auto networks = parse_docker_networks(*list, driver);
  if (!networks) return fail(std::move(networks).error(), "read Docker's networks");
  std::map<std::string, std::string> out;
  for (const DockerNetwork& network : *networks) out[network.id] = network.name;
  return out;
}

Result<engine::Known> ask_docker(const std::string& socket, const std::string& driver,
                                 std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  auto list = get(socket, "/networks", end);
  if (!list) return std::unexpected(std::move(list).error());
  auto networks = parse_docker_networks(*list, driver);
  if (!networks) return fail(std::move(networks).error(), "read Docker's networks");

  auto pools = parse_docker_pools(*list, driver);
  if (!pools) return fail(std::move(pools).error(), "read Docker's networks");

  engine::Known known{.networks = {}, .containers = {}, .pools = std::move(*pools)};
  for (const DockerNetwork& network : *networks) {
    auto detail = get(socket, "/networks/" + network.id, end);
    if (!detail && detail.error().code() == Errc::not_found) continue;  // removed since the list
    if (!detail) return std::unexpected(std::move(detail).error());
    known.networks[network.id] = network.name;
    auto endpoints = parse_docker_endpoints(*detail);
    if (!endpoints) return fail(std::move(endpoints).error(), "read network " + network.id);
    known.containers.insert(known.containers.end(), endpoints->begin(), endpoints->end());
  }
  return known;
}

}  // namespace fairlead::cnm
