#include "cni-shim/add.h"

#include <memory>

#include "cni-shim/attach_codec.h"
#include "cni-shim/daemon.h"
#include "cni-shim/delegate.h"
#include "cni-shim/namespace_file.h"
#include "cni-shim/result_codec.h"

namespace fairlead::cni {

namespace {

// With `ipam` null: fairlead chooses addresses.
Outcome<std::string> attach(const Call& call, const Invocation& invocation, const Config& config,
                            const http::File& sandbox, const IpamResult* ipam) {
  auto wish = parse_wish(config, invocation, ipam);
  if (!wish) return std::unexpected(wish.error());
  wish->holds_ports = holds_ports(call);
  auto answer = ask(config.socket,
                    {.method = "POST",
                     .target = "/v1/attachments/attach",
                     .body = format_attach(*wish),
                     .files = {sandbox}},
                    call.deadline);
  if (!answer) {
    // The runtime may try once more; it is not the container's fault.
    if (answer.error().code == Code::daemon_away) answer.error().code = Code::again;
    return answer;
  }
  const auto made = parse_attachment(*answer);
  if (!made) return std::unexpected(made.error());
  return format_result(config, invocation, *made, ipam);
}

}  // namespace

Outcome<std::string> add(const Call& call, const Invocation& invocation, const Config& config) {
  if (auto done = check_before_add(config, invocation); !done) return pass(std::move(done));
  // What is wrong with the configuration is said before another plugin leases an address.
  if (auto wish = parse_wish(config, invocation, nullptr); !wish) return pass(std::move(wish));
  auto opened = open_namespace(invocation.netns, invocation.own_netns_allowed);
  if (!opened) return pass(std::move(opened));
  const auto sandbox = std::make_shared<const UniqueFd>(*std::move(opened));
  if (config.ipam.empty()) return attach(call, invocation, config, sandbox, nullptr);

  const auto answer = run_plugin(config.ipam, "ADD", call);
  if (!answer) return std::unexpected(answer.error());
  const auto ipam = parse_ipam_result(*answer);
  auto result = ipam ? attach(call, invocation, config, sandbox, &*ipam)
                     : Outcome<std::string>(std::unexpected(ipam.error()));
  // Its own failure adds nothing to ours, and the runtime's DEL will ask it again.
  if (!result) static_cast<void>(run_plugin(config.ipam, "DEL", call));
  return result;
}

}  // namespace fairlead::cni
