// The tables of the state file, and how older ones become today's.
#pragma once

#include <span>

#include "base/error.h"
#include "store/sqlite.h"

namespace fairlead::store {

// Entry i makes version i + 1 out of version i. Released entries never change: state files in
// the field have run them.
std::span<const char* const> migrations();

// Runs the ones the file lacks (PRAGMA user_version), all in one transaction. Errors:
// unsupported (the file's version is newer than ours: says which, and what to do),
// invalid_argument (a database of somebody else's).
Status migrate(Database& database, std::span<const char* const> steps);

}  // namespace fairlead::store
