// The JSON of the daemon's /v1/attachments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cni-shim/attachment.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

// Bodies of requests. What a wish does not say is left out.
std::string format_attach(const AttachWish& wish);
std::string format_key(const AttachmentKey& key);  // of detach and check
std::string format_collect(const std::string& config, const std::vector<AttachmentKey>& valid);

// Answers. Errors: internal (not what a daemon of this version says).
Outcome<Attachment> parse_attachment(std::string_view body);
Outcome<std::vector<std::string>> parse_problems(std::string_view body);
struct Readiness {
  bool ready = false;
  std::vector<std::string> problems;
};
Outcome<Readiness> parse_readiness(std::string_view body);

// Subnets of a network among those that /v1/networks lists; absent: none is called so.
Outcome<std::optional<std::vector<GivenAddress>>> parse_subnets_of(std::string_view body,
                                                                   const std::string& name);

// A refusal: "busy" and so on, and what it says to people. Both empty if it is none.
struct Refusal {
  std::string code;
  std::string text;
};
Refusal parse_refusal(std::string_view body);

}  // namespace fairlead::cni
