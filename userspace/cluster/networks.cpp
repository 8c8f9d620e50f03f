// Networks: one VNI and one name each, and the hosts that have them.
#include <algorithm>
#include <charconv>
#include <random>

#include "cluster/leaving.h"
#include "cluster/registry.h"
#include "cluster/transact.h"

namespace fairlead::cluster {

namespace {

constexpr std::uint32_t kLastVni = 0xffffff;  // 24 bits, RFC 7348 section 5

// In rising order; by their keys, so that a value we cannot read counts.
std::vector<std::uint32_t> used_vnis(const View& view, std::uint32_t first, std::uint32_t last) {
  std::vector<std::uint32_t> out;
  for (const auto& text : keys_under(view, view.layout().vnis())) {
    std::uint32_t vni = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), vni);
    if (error == std::errc{} && vni >= first && vni <= last) out.push_back(vni);
  }
  std::ranges::sort(out);
  return out;
}

// The next one after the highest, so that a number is not soon used again; at the end the first
// free one. Hosts that were not first leave a gap to get out of each other's way.
Result<std::uint32_t> choose_vni(const View& view, const RegistrySettings& settings,
                                 unsigned attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto used = used_vnis(view, settings.vni_first, settings.vni_last);
  const auto left =
      used.empty() ? settings.vni_last - settings.vni_first + 1 : settings.vni_last - used.back();
  if (left > 0) {
    const auto spread = attempt < 3 ? 1U : std::min(left, 1U << std::min(attempt, 8U));
    const auto next = used.empty() ? settings.vni_first : used.back() + 1;
    return next + static_cast<std::uint32_t>(random() % spread);
  }
  std::uint32_t candidate = settings.vni_first;
  for (const auto each : used) {
    if (each != candidate) return candidate;
    ++candidate;
  }
  return fail(Errc::exhausted, "every VNI from " + std::to_string(settings.vni_first) + " to " +
                                   std::to_string(settings.vni_last) +
                                   " is in use: remove a network, or configure a wider range");
}

// Which network an index key names.
std::string indexed(const View& view, const std::string& key) {
  const auto found = view.entries().find(key);
  if (found == view.entries().end()) return "";
  const auto record = view.layout().parse(key, found->second.value);
  return record ? std::get<Index>(*record).network : "";
}

std::string described(const View& view, const std::string& network) {
  const auto found = view.networks.find(network);
  if (found == view.networks.end()) return "network " + network;
  const auto& [id, record] = *found;
  return "network " + (record.name.empty() ? id : record.name) + " that was made on " +
         record.created_by;
}

Status check_name(const View& view, const std::string& name, const std::string& id) {
  const std::string key = view.layout().name(name);
  if (name.empty() || view.modified(key) == 0) return {};
  const std::string other = indexed(view, key);
  if (other == id) return {};
  return fail(Errc::conflict, "the name " + name + " is taken by " + described(view, other));
}

Index index_of(const Layout& layout, const std::string& key, const std::string& network) {
  return {.key = key.substr(layout.root().size()), .network = network};
}

Result<Decision> join(const View& view, const std::string& id, const std::string& node) {
  const Layout& layout = view.layout();
  Decision decision(view);
  const auto found = view.networks.find(id);
  if (found == view.networks.end())
    return fail(Errc::not_found, "there is no such network in the cluster");
  if (found->second.removing) return fail(Errc::not_found, "the network is being removed");
  const std::string member = layout.member(id, node);
  if (view.modified(member) != 0) return decision;
  decision.unchanged(layout.network(id));
  decision.absent(member);
  decision.put(Member{.network = id, .node = node});
  return decision;
}

}  // namespace

Result<SharedNetwork> Registry::create_network(const SharedNetwork& want) {
  const Layout& layout = view_.layout();
  SharedNetwork network = want;
  network.removing = false;
  if (network.created_by.empty()) network.created_by = settings_.node;
  const auto decide = [&](unsigned attempt) -> Result<Decision> {
    if (view_.networks.contains(want.id)) return join(view_, want.id, settings_.node);
    if (auto fine = check_name(view_, want.name, want.id); !fine)
      return std::unexpected(std::move(fine).error());
    if (want.vni > kLastVni)
      return fail(Errc::invalid_argument, "VNI " + std::to_string(want.vni) + " is not one: 1 to " +
                                              std::to_string(kLastVni));
    if (want.vni != 0 && view_.modified(layout.vni(want.vni)) != 0)
      return fail(Errc::conflict, "VNI " + std::to_string(want.vni) + " is taken by " +
                                      described(view_, indexed(view_, layout.vni(want.vni))));
    const auto vni =
        want.vni != 0 ? Result<std::uint32_t>(want.vni) : choose_vni(view_, settings_, attempt);
    if (!vni) return std::unexpected(vni.error());
    network.vni = *vni;

    Decision decision(view_);
    decision.absent(layout.network(network.id));
    decision.absent(layout.vni(network.vni));
    decision.put(network);
    decision.put(index_of(layout, layout.vni(network.vni), network.id));
    decision.put(Member{.network = network.id, .node = settings_.node});
    if (network.name.empty()) return decision;
    decision.absent(layout.name(network.name));
    decision.put(index_of(layout, layout.name(network.name), network.id));
    return decision;
  };
  const std::vector<std::string> all = {layout.networks(), layout.names(), layout.vnis()};
  if (auto done = transact(client_, view_, decide, all); !done)
    return fail(std::move(done).error(), "create network in the cluster");
  return view_.networks.at(want.id);
}

Status Registry::name_network(const std::string& id, const std::string& name) {
  const Layout& layout = view_.layout();
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    const auto found = view_.networks.find(id);
    if (found == view_.networks.end() || found->second.removing)
      return fail(Errc::not_found, "there is no such network in the cluster");
    if (found->second.name == name) return decision;
    if (auto fine = check_name(view_, name, id); !fine)
      return std::unexpected(std::move(fine).error());

    SharedNetwork named = found->second;
    named.name = name;
    decision.unchanged(layout.network(id));
    decision.put(named);
    const std::string former = layout.name(found->second.name);
    if (!found->second.name.empty()) {
      decision.unchanged(former);
      if (indexed(view_, former) == id) decision.erase(former);
    }
    if (name.empty()) return decision;
    decision.unchanged(layout.name(name));
    decision.put(index_of(layout, layout.name(name), id));
    return decision;
  };
  if (auto done = transact(client_, view_, decide, {layout.networks(), layout.names()}); !done)
    return fail(std::move(done).error(), "name network " + id);
  return {};
}

Status Registry::join_network(const std::string& id) {
  const auto decide = [&](unsigned) { return join(view_, id, settings_.node); };
  // It may have been made a moment ago.
  if (auto done = transact(client_, view_, decide, {view_.layout().network(id)}); !done)
    return fail(std::move(done).error(), "join network " + id);
  return {};
}

Status Registry::mark_removing(const std::string& id) {
  const Layout& layout = view_.layout();
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    decision.concerns(layout.members(id));
    const auto found = view_.networks.find(id);
    if (found == view_.networks.end()) return decision;
    SharedNetwork network = found->second;
    const auto members = view_.members.find(id);
    const bool deserted = members == view_.members.end();
    if (network.removing && !deserted) return decision;

    decision.unchanged(layout.network(id));
    const std::string name = layout.name(network.name);
    if (!network.name.empty()) {
      decision.unchanged(name);
      if (indexed(view_, name) == id) decision.erase(name);
    }
    if (deserted) {
      decision.none_under(layout.members(id));
      erase_network(decision, layout, network);
    } else {
      decision.present(layout.member(id, members->second.begin()->first));
      network.removing = true;
      decision.put(network);
    }
    return decision;
  };
  if (auto done = transact(client_, view_, decide); !done)
    return fail(std::move(done).error(), "remove network " + id + " from the cluster");
  return {};
}

Status Registry::leave_network(const std::string& id) {
  // The last one takes the network with it: that must not be decided by half of the news.
  if (auto read = refresh(client_, view_, view_.layout().members(id)); !read)
    return fail(std::move(read).error(), "leave network " + id);
  const auto decide = [&](unsigned) -> Result<Decision> {
    return give_up_network(view_, id, settings_.node);
  };
  if (auto done = transact(client_, view_, decide); !done)
    return fail(std::move(done).error(), "leave network " + id);
  return {};
}

}  // namespace fairlead::cluster
