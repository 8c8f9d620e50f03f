// What a runtime says to the CNI shim: the environment, one variable a line, an empty line, and
// stdin; without an environment, what netavark sends, and what a daemon answers. Through every
// parser, and what is made of it through every formatter. Nothing is run or opened.
#include <nlohmann/json.hpp>
#include <string>

#include "cni-shim/attach_codec.h"
#include "cni-shim/config.h"
#include "cni-shim/environment.h"
#include "cni-shim/fields_codec.h"
#include "cni-shim/netavark_codec.h"
#include "cni-shim/result_codec.h"
#include "cni-shim/tombstone.h"
#include "fuzz.h"

namespace fairlead::fuzz {
namespace {

using namespace cni;

struct Input {
  Variables variables;
  std::string text;
};

Input split(std::string_view data) {
  Input out;
  while (!data.empty()) {
    const std::string_view line = data.substr(0, data.find('\n'));
    data.remove_prefix(std::min(line.size() + 1, data.size()));
    if (line.empty()) break;
    const auto equals = std::min(line.find('='), line.size() - 1);
    out.variables[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  out.text = data;
  return out;
}

void require_object(const std::string& text, std::string_view what) {
  require(parse_object(text, "").has_value(), what);
}

// Every parser's contract: a value, or a failure that can be sent to a runtime.
template <typename Value>
bool sound(const Outcome<Value>& outcome, const std::string& input) {
  if (outcome) return true;
  require(!outcome.error().message.empty(), "a refusal says why");
  const std::string text = format_error(answer_version(input), outcome.error());
  require_object(text, "an error is an object");
  const Failure again = parse_error(text);
  require(again.code == outcome.error().code, "and says its code");
  return false;
}

void try_add(const Config& config, const Invocation& call) {
  sound(check_before_add(config, call), config.text);
  const IpamResult lease{.addresses = {{"10.9.0.5/24", "10.9.0.1"}}, .routes = {}, .dns = {}};
  for (const IpamResult* ipam : {static_cast<const IpamResult*>(nullptr), &lease}) {
    const auto wish = parse_wish(config, call, ipam);
    if (!sound(wish, config.text)) continue;
    require(wish->key.config == config.name, "the daemon hears the runtime's name of the network");
    require_object(format_attach(*wish), "what is asked of the daemon is an object");
  }
  const Attachment made{.device = "flh1",
                        .device_mac = {},
                        .mac = "02:00:00:00:00:01",
                        .mtu = 1500,
                        .addresses = lease.addresses,
                        .routes = {{"::/0", ""}}};
  if (const auto result = format_result(config, call, made, nullptr); sound(result, config.text)) {
    require_object(*result, "a result is an object");
    sound(parse_ipam_result(*result), config.text);
  }
  sound(check_result(config, call, made), config.text);
}

void try_cni(const Input& input) {
  const auto call = read_environment(input.variables);
  sound(call, input.text);
  const auto config = parse_config(input.text, call ? call->verb : Verb::del, input.variables);
  if (!sound(config, input.text)) return;
  require(config->ipam.find('/') == std::string::npos, "a plugin is found in CNI_PATH only");
  if (call) try_add(*config, *call);
  sound(parse_valid_attachments(*config), input.text);
  const auto name = tombstone_name({config->name, input.text, input.text});
  require(name.size() <= 255 && name.find('/') == std::string::npos, "a name is a file's");
}

void try_netavark(const std::string& text) {
  if (sound(parse_new_network(text), text)) require(fill_network(text, {}).has_value(), "is kept");
  if (const auto wish = parse_setup(text, "/x"); sound(wish, text))
    require_object(format_attach(*wish), "what is asked of the daemon is an object");
  sound(parse_teardown(text), text);
}

void try_answers(const std::string& text) {
  sound(parse_attachment(text), text);
  sound(parse_problems(text), text);
  sound(parse_readiness(text), text);
  sound(parse_subnets_of(text, "web"), text);
  sound(parse_ipam_result(text), text);
  parse_refusal(text);
  require(!parse_error(text).message.empty(), "an error says something");
}

}  // namespace
}  // namespace fairlead::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fairlead::fuzz::split(fairlead::fuzz::as_text(data, size));
  if (!input.variables.empty()) {
    fairlead::fuzz::try_cni(input);
  } else {
    fairlead::fuzz::try_netavark(input.text);
    fairlead::fuzz::try_answers(input.text);
  }
  return 0;
}
