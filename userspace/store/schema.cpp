#include "store/schema.h"

#include <charconv>
#include <cstddef>

namespace fairlead::store {

namespace {

// Addresses, prefixes and MACs in their usual text form, times as ISO 8601 in UTC: a person
// with sqlite3 in an emergency is a reader too.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE network (
  key              TEXT PRIMARY KEY,              -- Docker's NetworkID
  id               INTEGER NOT NULL UNIQUE CHECK (id > 0),  -- in the data path
  v4_pool          TEXT,
  v4_gateway       TEXT,
  v6_pool          TEXT,
  v6_gateway       TEXT,
  mtu              INTEGER NOT NULL,              -- bytes
  interface_prefix TEXT NOT NULL,
  host_binding_v4  TEXT NOT NULL,
  internal         INTEGER NOT NULL CHECK (internal IN (0, 1)),
  icc              INTEGER NOT NULL CHECK (icc IN (0, 1)),
  masquerade       INTEGER NOT NULL CHECK (masquerade IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE endpoint (
  key              TEXT PRIMARY KEY,              -- Docker's EndpointID
  network          TEXT NOT NULL,                 -- network.key
  v4               TEXT,                          -- address/length of the subnet
  v6               TEXT,
  mac              TEXT NOT NULL,
  host_device      TEXT NOT NULL,
  container_device TEXT NOT NULL,
  sandbox          TEXT NOT NULL,                 -- '' outside join..leave
  joined           INTEGER NOT NULL CHECK (joined IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE port (
  endpoint          TEXT NOT NULL,                -- endpoint.key
  position          INTEGER NOT NULL,             -- order in which they were published
  protocol          TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
  host_address      TEXT NOT NULL,
  host_port         INTEGER NOT NULL CHECK (host_port BETWEEN 0 AND 65535),
  container_address TEXT NOT NULL,
  container_port    INTEGER NOT NULL CHECK (container_port BETWEEN 0 AND 65535),
  PRIMARY KEY (endpoint, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE pool (
  id      TEXT PRIMARY KEY,
  space   TEXT NOT NULL,
  prefix  TEXT NOT NULL,
  range   TEXT,
  created TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
  pool      TEXT NOT NULL,                        -- pool.id
  address   TEXT NOT NULL,
  use       TEXT NOT NULL CHECK (use IN ('gateway', 'endpoint', 'cooling')),
  since     TEXT,
  until     TEXT,                                 -- of cooling only
  PRIMARY KEY (pool, address)
) STRICT, WITHOUT ROWID;
)sql";

// Several hosts. A CHECK cannot be altered, so leases move to a new table.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE network ADD COLUMN shared TEXT NOT NULL DEFAULT '';  -- the cluster's id; '': this host's
ALTER TABLE pool ADD COLUMN shared TEXT NOT NULL DEFAULT '';

CREATE TABLE block (
  pool     TEXT NOT NULL,                         -- pool.id
  position INTEGER NOT NULL,                      -- order in which addresses are chosen from them
  prefix   TEXT NOT NULL,
  PRIMARY KEY (pool, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE new_lease (
  pool      TEXT NOT NULL,                        -- pool.id
  address   TEXT NOT NULL,
  use       TEXT NOT NULL CHECK (use IN ('gateway', 'endpoint', 'lent', 'cooling')),
  since     TEXT,
  until     TEXT,                                 -- of cooling only
  PRIMARY KEY (pool, address)
) STRICT, WITHOUT ROWID;
INSERT INTO new_lease SELECT pool, address, use, since, until FROM lease;
DROP TABLE lease;
ALTER TABLE new_lease RENAME TO lease;

CREATE TABLE setting (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cluster_entry (                      -- etcd's keys as this host last saw them
  key      TEXT PRIMARY KEY,
  value    TEXT NOT NULL,
  created  INTEGER NOT NULL,                      -- revisions
  modified INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE peer (
  node   TEXT PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE CHECK (number > 0)  -- in the data path
) STRICT, WITHOUT ROWID;
)sql";

// Who may reach published ports, and ranges of them.
constexpr const char* kVersion3 = R"sql(
ALTER TABLE network ADD COLUMN routed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE port ADD COLUMN count INTEGER NOT NULL DEFAULT 1;  -- ports of a range, from host_port on

CREATE TABLE publish_policy (
  owner  TEXT NOT NULL,                           -- network.key or endpoint.key
  port   TEXT NOT NULL,                           -- the container's, as 443/tcp; '': every port
  allow  TEXT NOT NULL,                           -- prefixes with commas between; '': nobody
  PRIMARY KEY (owner, port)
) STRICT, WITHOUT ROWID;

CREATE TABLE port_rule (                          -- said at run time; wins over every option
  protocol TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp', 'sctp')),
  address  TEXT NOT NULL,                         -- of the host; '': every address
  port     INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
  prefix   TEXT NOT NULL,
  allow    INTEGER NOT NULL CHECK (allow IN (0, 1)),
  PRIMARY KEY (protocol, address, port, prefix)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kVersion4 = R"sql(
ALTER TABLE network ADD COLUMN shortcut INTEGER NOT NULL DEFAULT 0;
)sql";

// Rate limits.
constexpr const char* kVersion5 = R"sql(
ALTER TABLE network ADD COLUMN rate_egress INTEGER NOT NULL DEFAULT 0;    -- bit/s; 0: no limit
ALTER TABLE network ADD COLUMN rate_ingress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE network ADD COLUMN burst_egress INTEGER NOT NULL DEFAULT 0;   -- bits; 0: chosen
ALTER TABLE network ADD COLUMN burst_ingress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN rate_egress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN rate_ingress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN burst_egress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoint ADD COLUMN burst_ingress INTEGER NOT NULL DEFAULT 0;
)sql";

// Containers of runtimes that are not Docker.
constexpr const char* kVersion6 = R"sql(
ALTER TABLE network ADD COLUMN made_for_attachment INTEGER NOT NULL DEFAULT 0;

CREATE TABLE attachment (
  endpoint  TEXT PRIMARY KEY,                     -- endpoint.key
  config    TEXT NOT NULL,                        -- the runtime's name of the network
  container TEXT NOT NULL,                        -- its id of the container
  interface TEXT NOT NULL,
  name      TEXT NOT NULL,                        -- the container's; '': not told
  holds_ports INTEGER NOT NULL CHECK (holds_ports IN (0, 1))  -- the runtime does, with sockets
) STRICT, WITHOUT ROWID;

CREATE TABLE attachment_word (
  endpoint TEXT NOT NULL,
  position INTEGER NOT NULL,
  kind     TEXT NOT NULL CHECK (kind IN ('alias', 'label', 'route')),
  word     TEXT NOT NULL,                         -- alias, label's name, route's destination
  value    TEXT NOT NULL,                         -- label's value, route's gateway; else ''
  PRIMARY KEY (endpoint, position)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kSteps[] = {kVersion1, kVersion2, kVersion3, kVersion4, kVersion5, kVersion6};

Result<std::size_t> read_version(const Database& database) {
  auto text = database.query_text("PRAGMA user_version");
  if (!text) return std::unexpected(std::move(text).error());
  std::size_t version = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), version);  // 32 bits, signed
  if (error != std::errc{}) {
    return fail(Errc::invalid_argument, "state file " + database.path().string() +
                                            " has schema version " + *text +
                                            ": it is not fairlead's; move it away");
  }
  return version;
}

Status check_version(const Database& database, std::size_t version, std::size_t newest) {
  const std::string file = "state file " + database.path().string();
  if (version > newest) {
    return fail(Errc::unsupported,
                file + " has schema version " + std::to_string(version) +
                    ", this fairleadd knows versions up to " + std::to_string(newest) +
                    ": a newer fairlead wrote it; install that one again, or move the file away "
                    "to start with empty state");
  }
  if (version > 0) return {};
  auto tables = database.query_text("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(std::move(tables).error());
  if (*tables == "0") return {};
  return fail(
      Errc::invalid_argument,
      file + " is a database, but not fairlead's: move it away, or set another state folder");
}

}  // namespace

std::span<const char* const> migrations() { return kSteps; }

Status migrate(Database& database, std::span<const char* const> steps) {
  const auto version = read_version(database);
  if (!version) return std::unexpected(version.error());
  if (auto fine = check_version(database, *version, steps.size()); !fine) return fine;
  if (*version == steps.size()) return {};

  std::string sql = "BEGIN EXCLUSIVE;";
  for (const char* step : steps.subspan(*version)) sql += step;
  sql += "PRAGMA user_version = " + std::to_string(steps.size()) + "; COMMIT";
  if (auto done = database.execute(sql); !done) {
    (void)database.execute("ROLLBACK");  // fails if SQLite has done so itself
    return fail(std::move(done).error(), "bring the schema from version " +
                                             std::to_string(*version) + " to " +
                                             std::to_string(steps.size()));
  }
  return {};
}

}  // namespace fairlead::store
