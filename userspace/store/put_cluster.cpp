#include "store/rows.h"

namespace fairlead::store {

Status put(Statements& statements, const Setting& setting) {
  return run(statements, "INSERT OR REPLACE INTO setting VALUES (?, ?)", setting.key,
             setting.value);
}

Status put(Statements& statements, const ClusterEntry& entry) {
  return run(statements, "INSERT OR REPLACE INTO cluster_entry VALUES (?, ?, ?, ?)", entry.key,
             entry.value, entry.created, entry.modified);
}

Status put(Statements& statements, const PeerNumber& peer) {
  // Not INSERT OR REPLACE: it would silently delete another host that has the same number.
  return run(statements,
             "INSERT INTO peer VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET number = "
             "excluded.number",
             peer.node, std::int64_t{peer.number});
}

}  // namespace fairlead::store
