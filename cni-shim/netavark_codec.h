// The JSON of netavark's plugin API 1.0.0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cni-shim/attachment.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

// create: checks what podman was asked for; returns the network's name. Errors: decode, config.
Outcome<std::string> parse_new_network(std::string_view text);
// The same network, to be kept by podman: with `subnets` if it has none itself, and with a driver
// of addresses that is not podman's.
Outcome<std::string> fill_network(std::string_view text, const std::vector<GivenAddress>& subnets);

// setup: what to attach. Errors: decode, config.
Outcome<AttachWish> parse_setup(std::string_view text, const std::string& netns);
std::string format_status_block(const std::string& interface, const Attachment& made);

// teardown: whatever the network has become meanwhile.
Outcome<AttachmentKey> parse_teardown(std::string_view text);

std::string format_plugin_info(const std::string& version);
std::string format_plugin_error(const Failure& failure);

}  // namespace fairlead::cni
