// The bodies that the daemon's own API takes.
#include <string>

#include "api/codec.h"
#include "api/codec_cluster.h"
#include "api/codec_ports.h"
#include "fuzz.h"

namespace fairlead::fuzz {
namespace {

// Every parser's contract: a value, or invalid_argument with words for people.
template <typename Value>
bool sound(const Result<Value>& result) {
  if (result) return true;
  require(result.error().code() == Errc::invalid_argument, "a bad body is invalid_argument");
  require(!result.error().message().empty(), "a refusal says why");
  require(!api::format_error(result.error().message()).empty(), "and can be sent");
  return false;
}

void try_settings(std::string_view body) {
  cluster::Settings base;
  base.node = "h1";
  const auto settings = api::parse_settings(body, base);
  if (!sound(settings)) return;
  require(cluster::check(*settings).has_value(), "what is accepted can be used");
  const auto again = cluster::parse_settings(cluster::format(*settings));
  require(again && *again == *settings, "and is remembered as it is");
}

void try_verbs(std::string_view body) {
  sound(api::parse_leave(body));
  if (const auto forget = api::parse_forget(body); sound(forget))
    require(!forget->host.empty(), "a host has a name");
  if (const auto nothing = api::parse_nothing(body); !nothing)
    require(nothing.error().code() == Errc::invalid_argument, "a bad body is invalid_argument");
}

void try_ports(std::string_view body) {
  if (const auto change = api::parse_port_rule_change(body); sound(change))
    require(change->ports.first > 0 && change->ports.first <= change->ports.last,
            "there are ports");
}

}  // namespace
}  // namespace fairlead::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = fairlead::fuzz::as_text(data, size);
  fairlead::fuzz::try_settings(body);
  fairlead::fuzz::try_verbs(body);
  fairlead::fuzz::try_ports(body);
  return 0;
}
