#include "engine/follow_cluster.h"

#include <fstream>
#include <string>

#include "base/log.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/shared_pools.h"
#include "engine/underlay.h"
#include "engine/verbs.h"
#include "store/time_text.h"

namespace fairlead::engine {

namespace {

// Another one after each start of the machine; empty if the kernel does not tell.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

Status open_tunnel(Engine& engine) {
  auto device =
      engine.links.ensure_vxlan(engine.settings.tunnel_device, engine.cluster->settings.port);
  if (!device) return std::unexpected(std::move(device).error());
  // Without it, datagrams are copied on their way into a tunnel: slower, and nothing else.
  auto room = engine.links.ensure_headroom(engine.settings.headroom_device);
  if (!room) log::event(log::Level::warning, "no_headroom", {{"error", room.error().message()}});
  engine.state.headroom = room.value_or(0);
  return engine.datapath.set_tunnel({.device = *device, .port = engine.cluster->settings.port});
}

// Also what an earlier daemon left open.
Status close_tunnel(Engine& engine) {
  Problems problems("close the tunnel");
  problems.add(engine.datapath.retain_remote({}, {}, {}));
  problems.add(engine.links.remove_link(engine.settings.tunnel_device));
  problems.add(engine.links.remove_headroom(engine.settings.headroom_device));
  engine.state.headroom = 0;
  problems.add(engine.datapath.set_tunnel({}));
  return problems.status();
}

// The programs hear of the other hosts from memory, and what they knew besides goes.
Status recall_others(Engine& engine) {
  Problems problems("recall the other hosts");
  problems.add(refresh_all(engine));
  problems.add(sync_underlay(engine));
  std::vector<datapath::Peer> peers;
  for (const auto& [node, peer] : engine.state.peers)
    if (peer.written) peers.push_back(*peer.written);
  std::vector<datapath::RemoteEndpoint> remotes;
  for (const auto& [key, remote] : engine.state.remotes) remotes.push_back(remote);
  std::vector<datapath::Membership> members;
  for (const auto& [key, member] : engine.state.memberships) members.push_back(member);
  problems.add(engine.datapath.retain_remote(peers, remotes, members));
  return problems.status();
}

cluster::AgentSettings agent_settings(const Engine& engine) {
  const Membership& cluster = *engine.cluster;
  return {.layout = cluster.view.layout(),
          .node = cluster.settings.node,
          .cluster_uuid = cluster.uuid,
          .alive = {.node = cluster.settings.node,
                    .boot_id = boot_id(),
                    .version = engine.settings.version,
                    .since = store::to_text(engine.clock.now())},
          .ttl = cluster.settings.lease};
}

}  // namespace

Status follow_cluster(Engine& engine) {
  if (!engine.cluster) return close_tunnel(engine);
  Problems problems("follow cluster " + engine.cluster->settings.name);
  // Without a tunnel the host still counts: its addresses stay unique, and status says what is
  // wrong.
  if (auto opened = open_tunnel(engine); !opened)
    engine.state.shared_problems["tunnel"] = opened.error().message();
  else
    engine.state.shared_problems.erase("tunnel");
  problems.add(sync_host(engine));  // its own end of the tunnels, which the others are to hear of
  problems.add(recall_others(engine));
  engine.cluster->agent = std::make_unique<cluster::Agent>(
      *engine.cluster->client, agent_settings(engine), engine.settings.on_news);
  return problems.status();
}

Status unfollow_cluster(Engine& engine) {
  Problems problems("leave the cluster");
  engine.cluster->agent.reset();
  engine.state.peers.clear();
  problems.add(sync_underlay(engine));  // no neighbour is kept any more
  leave_waiting(engine);
  std::vector<store::Change> changes = {store::EraseSetting{"cluster.settings"},
                                        store::EraseSetting{"cluster.uuid"}, store::EraseCluster{}};
  for (auto& [key, network] : engine.state.networks) {
    if (network.shared.empty()) continue;
    network.shared.clear();
    changes.emplace_back(network);
  }
  for (const ipam::Pool& pool : engine.ipam.pools())
    if (!pool.shared.empty()) changes.emplace_back(*engine.ipam.set_shared(pool.id, "", {}));
  for (const auto& [node, number] : engine.state.peer_numbers)
    changes.emplace_back(store::ErasePeerNumber{node});

  engine.state.remotes.clear();
  engine.state.memberships.clear();
  engine.state.shared_problems.clear();
  problems.add(close_tunnel(engine));
  problems.add(engine.store.apply(changes));
  engine.state.peer_numbers.clear();
  return problems.status();
}

void leave_waiting(Engine& engine) {
  if (!engine.cluster) return;
  engine.cluster->agent.reset();  // its threads use what goes next
  engine.cluster.reset();
}

Status remember_view(Engine& engine) {
  std::vector<store::Change> changes = {store::EraseCluster{}};
  for (const auto& [key, entry] : engine.cluster->view.entries())
    changes.emplace_back(store::ClusterEntry{
        .key = key, .value = entry.value, .created = entry.created, .modified = entry.modified});
  return engine.store.apply(changes);
}

void announce_self(Engine& engine) {
  if (!engine.cluster || !engine.cluster->introduced || !engine.cluster->agent) return;
  const Membership& cluster = *engine.cluster;
  const Underlay& own = engine.state.underlay;
  if (own.vteps.empty()) return;  // sync_host() says why
  const cluster::Node self{.name = cluster.settings.node,
                           .vteps = own.vteps,
                           .port = cluster.settings.port,
                           .mtu = own.mtu,
                           .instance = cluster.instance};
  engine.cluster->agent->put(cluster.view.layout().node(self.name), cluster::format(self));
}

}  // namespace fairlead::engine
