// How a value lies in its table (schema.cpp).
#pragma once

#include "base/error.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace fairlead::store {

// Inserts, or replaces what has the same key.
Status put(Database& database, const Network& network);
Status put(Database& database, const Endpoint& endpoint);  // with its ports
Status put(Database& database, const ipam::Pool& pool);
Status put(Database& database, const ipam::Lease& lease);

// Succeeds if there is nothing.
Status erase(Database& database, const EraseNetwork& gone);
Status erase(Database& database, const EraseEndpoint& gone);
Status erase(Database& database, const ErasePool& gone);
Status erase(Database& database, const EraseLease& gone);

// Everything, in order of keys. Errors: invalid_argument for a cell that cannot be understood;
// the message names table, row and column.
Result<Snapshot> read_all(const Database& database);

}  // namespace fairlead::store
