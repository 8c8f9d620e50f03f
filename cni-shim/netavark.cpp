#include "cni-shim/netavark.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/quote.h"
#include "cni-shim/attach_codec.h"
#include "cni-shim/daemon.h"
#include "cni-shim/detach.h"
#include "cni-shim/namespace_file.h"
#include "cni-shim/netavark_codec.h"

namespace fairlead::cni {

namespace {

constexpr std::string_view kDriver = "fairlead";
constexpr std::array<std::string_view, 4> kCommands{"create", "setup", "teardown", "info"};

// netavark has no configuration of ours to say where the daemon is.
std::string socket_of(const Call& call) {
  const std::string said = value_of(call.variables, "FAIRLEAD_SOCKET");
  return said.empty() ? "/run/fairlead/fairlead.sock" : said;
}

std::string state_dir_of(const Call& call) {
  const std::string said = value_of(call.variables, "FAIRLEAD_STATE_DIR");
  return said.empty() ? "/var/lib/fairlead" : said;
}

Outcome<std::string> netns_of(const Call& call) {
  if (call.arguments.size() < 2)
    return refuse(Code::environment,
                  call.arguments.front() + " needs the network namespace's path");
  return call.arguments[1];
}

// A network that fairlead has already, made by Docker or on another host, brings its subnets along;
// others get theirs from the daemon with the first container.
Outcome<std::string> create(const Call& call) {
  auto name = parse_new_network(call.input);
  if (!name) return name;
  const auto answer =
      ask(socket_of(call), {.method = "GET", .target = "/v1/networks"}, call.deadline);
  if (!answer) return std::unexpected(answer.error());
  const auto subnets = parse_subnets_of(*answer, *name);
  if (!subnets) return std::unexpected(subnets.error());
  return fill_network(call.input, subnets->value_or(std::vector<GivenAddress>()));
}

Outcome<std::string> setup(const Call& call) {
  const auto path = netns_of(call);
  if (!path) return path;
  auto wish = parse_setup(call.input, *path);
  if (!wish) return std::unexpected(wish.error());
  wish->holds_ports = holds_ports(call);
  auto opened = open_namespace(*path, /*own_allowed=*/false);
  if (!opened) return std::unexpected(opened.error());
  const auto answer = ask(socket_of(call),
                          {.method = "POST",
                           .target = "/v1/attachments/attach",
                           .body = format_attach(*wish),
                           .files = {std::make_shared<const UniqueFd>(*std::move(opened))}},
                          call.deadline);
  if (!answer) return answer;
  const auto made = parse_attachment(*answer);
  if (!made) return std::unexpected(made.error());
  return format_status_block(wish->key.interface, *made);
}

Outcome<std::string> teardown(const Call& call, std::string& log) {
  const auto key = parse_teardown(call.input);
  if (!key) return std::unexpected(key.error());
  auto done = detach(*key, socket_of(call), state_dir_of(call), call.deadline, log);
  if (!done) return pass(std::move(done));
  return std::string();
}

Outcome<std::string> run(const Call& call, std::string& log) {
  const std::string command = call.arguments.empty() ? "info" : call.arguments.front();
  if (command == "create") return create(call);
  if (command == "setup") return setup(call);
  if (command == "teardown") return teardown(call, log);
  if (command == "info") return format_plugin_info(FAIRLEAD_VERSION);
  return refuse(Code::environment, "unknown command " + fairlead::quoted(command) +
                                       ": netavark's are create, setup, teardown and info");
}

}  // namespace

bool is_netavark(const Call& call) {
  const std::string_view program = call.program;
  const auto slash = program.rfind('/');
  return program.substr(slash == std::string_view::npos ? 0 : slash + 1) == kDriver ||
         (!call.arguments.empty() &&
          std::ranges::find(kCommands, call.arguments.front()) != kCommands.end());
}

Reply run_netavark(const Call& call) {
  Reply out;
  auto done = run(call, out.log);
  if (done) {
    out.output = *std::move(done);
  } else {
    out.status = 1;
    out.output = format_plugin_error(done.error());
  }
  return out;
}

}  // namespace fairlead::cni
