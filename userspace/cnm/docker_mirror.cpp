// create_docker_network, remove_docker_network: the networks of the cluster, on this host's engine.
#include "cnm/docker_client.h"
#include "http/client.h"

namespace fairlead::cnm {

Status create_docker_network(const std::string& socket, const std::string& driver,
                             const engine::MirrorPlan::Create& want,
                             std::chrono::milliseconds deadline) {
  auto answer = http::call(
      socket,
      {.method = "POST", .target = "/networks/create", .body = format_docker_network(driver, want)},
      deadline);
  if (!answer) return std::unexpected(std::move(answer).error());
  if (answer->status == 201) return {};
  if (answer->status == 409)
    return fail(Errc::conflict, "this host's Docker has another network " + want.name +
                                    " already: remove or rename it, and the cluster's appears");
  return fail(Errc::invalid_argument, "Docker does not make the cluster's network " + want.name +
                                          ": " + parse_docker_refusal(answer->body));
}

Status remove_docker_network(const std::string& socket, const std::string& id,
                             std::chrono::milliseconds deadline) {
  auto answer = http::call(socket, {.method = "DELETE", .target = "/networks/" + id}, deadline);
  if (!answer) return std::unexpected(std::move(answer).error());
  if (answer->status == 204 || answer->status == 200 || answer->status == 404) return {};
  return fail(Errc::conflict, "Docker does not remove network " + id.substr(0, 12) + ": " +
                                  parse_docker_refusal(answer->body));
}

}  // namespace fairlead::cnm
