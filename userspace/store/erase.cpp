#include "store/rows.h"

namespace fairlead::store {

Status erase(Statements& statements, const EraseNetwork& gone) {
  if (auto done = erase_policy(statements, gone.key); !done) return done;
  return run(statements, "DELETE FROM network WHERE key = ?", gone.key);
}

Status erase(Statements& statements, const EraseEndpoint& gone) {
  if (auto done = run(statements, "DELETE FROM port WHERE endpoint = ?", gone.key); !done) {
    return done;
  }
  if (auto done = erase_policy(statements, gone.key); !done) return done;
  if (auto done = erase_attachment(statements, gone.key); !done) return done;
  return run(statements, "DELETE FROM endpoint WHERE key = ?", gone.key);
}

Status erase(Statements& statements, const ErasePool& gone) {
  if (auto done = run(statements, "DELETE FROM lease WHERE pool = ?", gone.id); !done) return done;
  if (auto done = run(statements, "DELETE FROM block WHERE pool = ?", gone.id); !done) return done;
  return run(statements, "DELETE FROM pool WHERE id = ?", gone.id);
}

Status erase(Statements& statements, const EraseLease& gone) {
  return run(statements, "DELETE FROM lease WHERE pool = ? AND address = ?", gone.pool,
             gone.address.to_string());
}

Status erase(Statements& statements, const EraseSetting& gone) {
  return run(statements, "DELETE FROM setting WHERE key = ?", gone.key);
}

Status erase(Statements& statements, const EraseClusterEntry& gone) {
  return run(statements, "DELETE FROM cluster_entry WHERE key = ?", gone.key);
}

Status erase(Statements& statements, const EraseCluster&) {
  return run(statements, "DELETE FROM cluster_entry");
}

Status erase(Statements& statements, const ErasePeerNumber& gone) {
  return run(statements, "DELETE FROM peer WHERE node = ?", gone.node);
}

}  // namespace fairlead::store
