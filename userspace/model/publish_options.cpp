#include "model/publish_options.h"

#include "base/quote.h"
#include "model/sources.h"

namespace fairlead {

namespace {

constexpr std::string_view kEveryPort = "fairlead.publish.allow";
constexpr std::string_view kOnePort = "fairlead.publish.allow.";

}  // namespace

bool is_publish_option(std::string_view name) {
  return name == kEveryPort || name.starts_with(kOnePort);
}

Status set_publish_option(PublishPolicy& policy, std::string_view name, std::string_view text) {
  auto sources = parse_sources(text);
  if (!sources) return std::unexpected(std::move(sources).error());
  if (name == kEveryPort) {
    policy.allow = std::move(*sources);
    return {};
  }
  const auto port = parse_container_port(name.substr(kOnePort.size()));
  if (!port) return std::unexpected(port.error());
  if (!policy.allow_port.emplace(*port, std::move(*sources)).second)
    return fail(Errc::invalid_argument, "port " + to_string(*port) + " is there twice");
  return {};
}

Result<PublishPolicy> publish_policy(const std::map<std::string, std::string>& options) {
  PublishPolicy policy;
  for (const auto& [name, text] : options)
    if (is_publish_option(name))
      if (auto done = set_publish_option(policy, name, text); !done)
        return fail(std::move(done).error(), "option " + quoted(name));
  return policy;
}

}  // namespace fairlead
