#include "datapath/maps.h"

namespace fairlead::datapath {

Result<Maps> Maps::open(const Programs& programs) {
  Maps maps;
  Status failed;
  const auto open = [&]<typename K, typename V>(Map<K, V>& map, const char* name) {
    if (!failed) return;
    auto opened = Map<K, V>::open(programs.map(name), name);
    if (opened) {
      map = std::move(*opened);
    } else {
      failed = std::unexpected(std::move(opened).error());
    }
  };
  open(maps.endpoints, "fl_endpoints");
  open(maps.networks, "fl_networks");
  open(maps.forward, "fl_forward");
  open(maps.subnets, "fl_subnets");
  open(maps.members, "fl_members");
  open(maps.uplinks, "fl_uplinks");
  open(maps.local, "fl_local");
  open(maps.port_bits, "fl_port_bits");
  open(maps.ports, "fl_ports");
  open(maps.epoch, "fl_epoch");
  open(maps.nat, "fl_nat");
  open(maps.sources, "fl_sources");
  open(maps.flow_counts, "fl_flow_counts");
  open(maps.frags, "fl_frags");
  open(maps.sockets, "fl_sockets");
  open(maps.tunnel, "fl_tunnel");
  open(maps.peers, "fl_peers");
  open(maps.hops, "fl_hops");
  open(maps.path_mtu, "fl_path_mtu");
  open(maps.vteps, "fl_vteps");
  open(maps.vni_members, "fl_vni_members");
  open(maps.handshakes, "fl_handshakes");
  open(maps.rates, "fl_rates");
  open(maps.forwarded, "fl_forwarded");
  open(maps.drops, "fl_drops");
  if (!failed) return std::unexpected(std::move(failed).error());
  return maps;
}

std::vector<const RawMap*> Maps::all() const {
  return {
      &endpoints.raw(),   &networks.raw(),   &forward.raw(),     &subnets.raw(),   &members.raw(),
      &uplinks.raw(),     &local.raw(),      &port_bits.raw(),   &ports.raw(),     &epoch.raw(),
      &nat.raw(),         &sources.raw(),    &flow_counts.raw(), &frags.raw(),     &sockets.raw(),
      &tunnel.raw(),      &peers.raw(),      &hops.raw(),        &path_mtu.raw(),  &vteps.raw(),
      &vni_members.raw(), &handshakes.raw(), &rates.raw(),       &forwarded.raw(), &drops.raw()};
}

}  // namespace fairlead::datapath
