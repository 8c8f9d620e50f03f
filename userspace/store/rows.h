// How a value lies in its table (schema.cpp).
#pragma once

#include "base/error.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace fairlead::store {

// Inserts, or replaces what has the same key.
Status put(Statements& statements, const Network& network);
Status put(Statements& statements, const Endpoint& endpoint);  // with its ports
Status put(Statements& statements, const ipam::Pool& pool);    // with its blocks
Status put(Statements& statements, const ipam::Lease& lease);
Status put(Statements& statements, const Setting& setting);
Status put(Statements& statements, const ClusterEntry& entry);
Status put(Statements& statements, const PeerNumber& peer);
Status put(Statements& statements, const PortRules& rules);

// What `owner`, a network or an endpoint, says of its ports; instead of what it said before.
Status put_policy(Statements& statements, const std::string& owner, const PublishPolicy& policy);
Status erase_policy(Statements& statements, const std::string& owner);

// How the runtime of an endpoint knows it; nothing for Docker's.
Status put_attachment(Statements& statements, const std::string& endpoint,
                      const std::optional<Attachment>& attachment);
Status erase_attachment(Statements& statements, const std::string& endpoint);

// Succeeds if there is nothing.
Status erase(Statements& statements, const EraseNetwork& gone);
Status erase(Statements& statements, const EraseEndpoint& gone);
Status erase(Statements& statements, const ErasePool& gone);
Status erase(Statements& statements, const EraseLease& gone);
Status erase(Statements& statements, const EraseSetting& gone);
Status erase(Statements& statements, const EraseClusterEntry& gone);
Status erase(Statements& statements, const EraseCluster& gone);
Status erase(Statements& statements, const ErasePeerNumber& gone);
Status erase(Statements& statements, const ErasePortRules& gone);

// Runs `sql` with texts and numbers as its parameters.
template <typename... Value>
Status run(Statements& statements, std::string_view sql, const Value&... values) {
  auto statement = statements.get(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  ((*statement)->bind(values), ...);
  return (*statement)->run();
}

// Everything, in order of keys. Errors: invalid_argument for a cell that cannot be understood;
// the message names table, row and column.
Result<Snapshot> read_all(const Database& database);

}  // namespace fairlead::store
