// Published ports and who may reach them: what the command line asks for, and how it prints it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::cli {

// Body of /v1/ports/allow, deny and reset.
std::string format_port_rules(std::string_view ports, const std::vector<std::string>& sources);

// Whether a document has the lists of one of /v1/ports.
bool is_ports(const nlohmann::json& document);
// Of such a document: a table of its ports, and of the rules that no published port meets.
// `nothing` is said instead of an empty one. May throw json::exception.
std::string ports_text(const nlohmann::json& document, std::string_view nothing);

// Of a status document: "12: 4 open to everyone, 8 on this host only; the host's rules first".
std::string ports_summary(const nlohmann::json& status);

}  // namespace fairlead::cli
