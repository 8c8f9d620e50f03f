// The cluster: what the command line asks the daemon for, and how it prints the answers.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/table.h"

namespace fairlead::cli {

// Flags of `cluster init` and `join`; what is absent is as in fairlead.toml, or the default.
struct JoinFlags {
  std::vector<std::string> etcd;
  std::optional<std::string> name;
  std::optional<std::string> node;
  std::optional<std::string> ca;
  std::optional<std::string> cert;
  std::optional<std::string> key;
  std::optional<std::string> user;
  std::optional<std::string> password;
  std::optional<std::uint16_t> port;
  std::vector<std::string> underlay;
  bool no_mirror = false;
};

// Bodies of requests.
std::string format_join(const JoinFlags& flags);
std::string format_leave(bool force);
std::string format_forget(const std::string& host, bool force);

// Of a document /v1/cluster, one line a subject; says what to do if this host is in none. May throw
// json::exception.
std::string cluster_text(const nlohmann::json& document);
// Of the same object within /v1/status: one line, and one for each problem.
std::string cluster_summary(const nlohmann::json& cluster);
Table peers_table(const nlohmann::json& rows);

// What a document /v1/cluster says about being in one.
struct Belonging {
  std::string cluster;  // empty: in none
  std::string node;
  std::string etcd;         // "http://a,http://b"
  bool well = true;         // connected and without an alarm; also if in none
  bool configured = false;  // in fairlead.toml
};
Result<Belonging> parse_belonging(std::string_view body);

}  // namespace fairlead::cli
