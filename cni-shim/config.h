// The network configuration that a CNI runtime sends to stdin.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cni-shim/attachment.h"
#include "cni-shim/call.h"
#include "cni-shim/environment.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

constexpr std::array<std::string_view, 4> kVersions{"0.3.1", "0.4.0", "1.0.0", "1.1.0"};

// What every verb needs of it. DEL must work on a configuration that was edited since ADD, so that
// the rest is looked at by ADD alone.
struct Config {
  std::string text;     // all of it
  std::string version;  // one of kVersions
  std::string name;
  std::string socket;     // the daemon's
  std::string state_dir;  // the daemon's
  std::string ipam;       // plugin that chooses addresses; empty: fairlead
};

// Defaults of `socket` and `state_dir` are FAIRLEAD_SOCKET and FAIRLEAD_STATE_DIR, then the
// daemon's own. Errors: decode, version (not spoken, or too old for the verb), config.
Outcome<Config> parse_config(std::string_view text, Verb verb, const Variables& variables);

// The version that `text` asks for if it is one of kVersions, else the newest: what an answer says
// whatever else is wrong.
std::string answer_version(std::string_view text);

// What another IPAM plugin answered ADD with.
struct IpamResult {
  std::vector<GivenAddress> addresses;
  std::optional<std::vector<Route>> routes;  // absent: it said none
  std::string dns;                           // JSON; empty: none
};
Outcome<IpamResult> parse_ipam_result(std::string_view text);

// All that ADD asks for; `ipam` is null if addresses are fairlead's to choose. Errors: decode,
// unsupported_field, config.
Outcome<AttachWish> parse_wish(const Config& config, const Invocation& call,
                               const IpamResult* ipam);

// GC: which attachments are to stay. Errors: decode, config (the list is missing).
Outcome<std::vector<AttachmentKey>> parse_valid_attachments(const Config& config);

}  // namespace fairlead::cni
