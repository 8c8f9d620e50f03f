#include "cni-shim/verbs.h"

#include <memory>

#include "cni-shim/add.h"
#include "cni-shim/attach_codec.h"
#include "cni-shim/config.h"
#include "cni-shim/daemon.h"
#include "cni-shim/delegate.h"
#include "cni-shim/detach.h"
#include "cni-shim/environment.h"
#include "cni-shim/namespace_file.h"
#include "cni-shim/result_codec.h"

namespace fairlead::cni {

namespace {

constexpr const char* kAbout =
    "fairlead-cni: attaches containers to networks of fairlead; a plugin for CNI runtimes "
    "(CNI_COMMAND is not set) and for netavark (create, setup, teardown, info).\n"
    "CNI protocol versions supported: 0.3.1, 0.4.0, 1.0.0, 1.1.0\n";

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "; ") + line;
  return out;
}

// Asks the other IPAM, if there is one; its output means nothing here.
Outcome<void> forward(const Call& call, const Config& config, const std::string& verb) {
  if (config.ipam.empty()) return {};
  if (auto done = run_plugin(config.ipam, verb, call); !done) return pass(std::move(done));
  return {};
}

Outcome<void> del(const Call& call, const Invocation& invocation, const Config& config,
                  std::string& log) {
  const AttachmentKey key{config.name, invocation.container, invocation.interface};
  auto detached = detach(key, config.socket, config.state_dir, call.deadline, log);
  auto forwarded = forward(call, config, "DEL");  // whatever became of ours
  return detached ? std::move(forwarded) : std::move(detached);
}

Outcome<void> check(const Call& call, const Invocation& invocation, const Config& config) {
  auto opened = open_namespace(invocation.netns, invocation.own_netns_allowed);
  if (!opened) return pass(std::move(opened));
  auto answer = ask(config.socket,
                    {.method = "POST",
                     .target = "/v1/attachments/check",
                     .body = format_key({config.name, invocation.container, invocation.interface}),
                     .files = {std::make_shared<const UniqueFd>(*std::move(opened))}},
                    call.deadline);
  if (!answer) return pass(std::move(answer));
  const auto made = parse_attachment(*answer);
  if (!made) return std::unexpected(made.error());
  if (auto done = check_result(config, invocation, *made); !done) return done;
  return forward(call, config, "CHECK");
}

Outcome<void> collect(const Call& call, const Config& config) {
  const auto valid = parse_valid_attachments(config);
  if (!valid) return std::unexpected(valid.error());
  auto answer = ask(config.socket,
                    {.method = "POST",
                     .target = "/v1/attachments/gc",
                     .body = format_collect(config.name, *valid)},
                    call.deadline);
  auto forwarded = forward(call, config, "GC");  // whatever became of ours
  if (!answer) return pass(std::move(answer));
  const auto problems = parse_problems(*answer);
  if (!problems) return std::unexpected(problems.error());
  if (!problems->empty())
    return refuse(Code::internal, "not all that is stale could be removed", joined(*problems));
  return forwarded;
}

Outcome<void> status(const Call& call, const Config& config, std::string& log) {
  auto answer =
      ask(config.socket, {.method = "GET", .target = "/v1/attachments/ready"}, call.deadline);
  if (!answer) {
    answer.error().code = Code::not_ready;
    return pass(std::move(answer));
  }
  const auto state = parse_readiness(*answer);
  if (!state) return std::unexpected(state.error());
  if (!state->ready)
    return refuse(state->problems.empty() ? Code::not_ready : Code::limited,
                  "fairleadd cannot attach containers now", joined(state->problems));
  for (const std::string& problem : state->problems) log += "fairlead-cni: " + problem + "\n";
  return forward(call, config, "STATUS");
}

Outcome<std::string> without_result(Outcome<void> done) {
  if (!done) return pass(std::move(done));
  return std::string();
}

Outcome<std::string> run_verb(const Call& call, std::string& log) {
  const auto invocation = read_environment(call.variables);
  if (!invocation) return std::unexpected(invocation.error());
  // podman asks it of every configuration, at every command: nothing but the answer.
  if (invocation->verb == Verb::version) return format_versions(answer_version(call.input));
  const auto config = parse_config(call.input, invocation->verb, call.variables);
  if (!config) return std::unexpected(config.error());
  switch (invocation->verb) {
    case Verb::add:
      return add(call, *invocation, *config);
    case Verb::del:
      return without_result(del(call, *invocation, *config, log));
    case Verb::check:
      return without_result(check(call, *invocation, *config));
    case Verb::gc:
      return without_result(collect(call, *config));
    case Verb::status:
      return without_result(status(call, *config, log));
    case Verb::version:
      break;
  }
  return std::string();
}

}  // namespace

Reply run_cni(const Call& call) {
  if (value_of(call.variables, "CNI_COMMAND").empty()) return {.log = kAbout};
  Reply out;
  auto done = run_verb(call, out.log);
  if (done) {
    out.output = *std::move(done);
    return out;
  }
  out.status = 1;
  out.output = format_error(answer_version(call.input), done.error());
  return out;
}

void take_back(const Call& call) {
  Call undo = call;
  undo.variables["CNI_COMMAND"] = "DEL";
  undo.deadline = std::chrono::steady_clock::now() + kPatience;
  static_cast<void>(run_cni(undo));
}

}  // namespace fairlead::cni
