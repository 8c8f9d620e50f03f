#include "cluster/registry.h"

#include "cluster/transact.h"

namespace fairlead::cluster {

Registry::Registry(etcd::Client& client, View& view, RegistrySettings settings)
    : client_(client), view_(view), settings_(std::move(settings)) {}

Status Registry::create_meta(const Meta& meta) {
  const std::string key = view_.layout().meta();
  Decision decision(view_);
  decision.absent(key);
  decision.put(meta);
  etcd::Transaction transaction = decision.transaction();
  transaction.read = {key};
  auto outcome = client_.commit(transaction);
  if (!outcome) return fail(std::move(outcome).error(), "create the cluster");
  if (outcome->done) {
    const auto at = outcome->revision;
    view_.note({.erased = false,
                .entry = {.key = key, .value = format(meta), .created = at, .modified = at}});
    return {};
  }
  std::string uuid = "that this version of fairlead cannot read";
  for (const auto& entry : outcome->found)
    if (const auto record = view_.layout().parse(entry.key, entry.value))
      uuid = "with uuid " + std::get<Meta>(*record).uuid;
  return fail(Errc::already_exists, "there is a cluster at " + view_.layout().root() +
                                        " already, " + uuid + ": use 'fairlead cluster join'");
}

}  // namespace fairlead::cluster
