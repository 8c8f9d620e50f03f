// What 'fairlead cluster export' writes and 'import' reads: JSON.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "etcd/client.h"

namespace fairlead::engine {

struct Backup {
  std::string cluster;                         // its name
  etcd::Revision revision = 0;                 // of the newest news in it; for people
  std::map<std::string, std::string> entries;  // key -> value, as in the store
};

std::string format_backup(const Backup& backup);
// Errors: invalid_argument (no such file, or what part of it is wrong).
Result<Backup> parse_backup(const std::string& text);

}  // namespace fairlead::engine
