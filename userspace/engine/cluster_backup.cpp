#include "engine/cluster_backup.h"

#include "base/quote.h"
#include "engine/backup_codec.h"
#include "engine/cluster_verbs.h"

namespace fairlead::engine {

namespace {

constexpr std::size_t kBatch = 100;  // etcd takes 128 operations in a transaction

bool is_lasting(const cluster::Layout& layout, const std::string& key) {
  return key.starts_with(layout.root()) && key != layout.meta() &&
         !key.starts_with(layout.alive(""));
}

Status commit(Membership& cluster, etcd::Transaction& batch) {
  batch.when = {{.what = etcd::Compare::What::absent, .key = cluster.view.layout().meta()}};
  auto outcome = cluster.client->commit(batch);
  batch = {};
  if (!outcome) return std::unexpected(std::move(outcome).error());
  if (outcome->done) return {};
  return fail(Errc::already_exists, "the store has a cluster " + cluster.settings.name +
                                        " already, and nothing was changed in it");
}

}  // namespace

Status write_back(Engine& engine, const std::map<std::string, etcd::KeyValue>& entries) {
  Membership& cluster = *engine.cluster;
  const cluster::Layout& layout = cluster.view.layout();
  const auto meta = entries.find(layout.meta());
  if (meta == entries.end())
    return fail(Errc::invalid_argument, "there is no record of cluster " + cluster.settings.name +
                                            " in it: it is another cluster's, or none");
  etcd::Transaction batch;
  for (const auto& [key, entry] : entries) {
    if (!is_lasting(layout, key)) continue;
    batch.then.emplace_back(etcd::Put{.key = key, .value = entry.value});
    if (batch.then.size() < kBatch) continue;
    if (auto done = commit(cluster, batch); !done) return done;
  }
  batch.then.emplace_back(etcd::Put{.key = meta->first, .value = meta->second.value});
  return commit(cluster, batch);
}

Result<std::string> export_cluster(Engine& engine) {
  if (!engine.cluster) return fail(Errc::invalid_argument, "this host is in no cluster");
  const cluster::View& view = engine.cluster->view;
  Backup out{.cluster = engine.cluster->settings.name, .revision = view.revision(), .entries = {}};
  for (const auto& [key, entry] : view.entries())
    if (is_lasting(view.layout(), key) || key == view.layout().meta())
      out.entries[key] = entry.value;
  return format_backup(out);
}

Status import_cluster(Engine& engine, const std::string& text) {
  if (!engine.cluster)
    return fail(Errc::invalid_argument,
                "this host is in no cluster: give fairlead.toml a [cluster] section and restart");
  auto backup = parse_backup(text);
  if (!backup) return std::unexpected(std::move(backup).error());
  std::map<std::string, etcd::KeyValue> entries;
  for (auto& [key, value] : backup->entries) {
    const auto record = engine.cluster->view.layout().parse(key, value);
    if (!record && record.error().code() == Errc::invalid_argument)
      return fail(Error(record.error()), "entry " + fairlead::quoted(key));
    entries[key] = {.key = key, .value = std::move(value)};
  }
  return write_back(engine, entries);
}

}  // namespace fairlead::engine
