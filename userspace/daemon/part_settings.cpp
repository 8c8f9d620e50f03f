#include "daemon/part_settings.h"

#include "api/codec_attachments.h"
#include "base/log.h"
#include "daemon/cgroup.h"
#include "etcd/grpc_client.h"

namespace fairlead::daemon {

namespace {

constexpr const char* kDetached = "/detached";  // what fairlead-cni leaves while nobody answers it

Result<std::unique_ptr<etcd::Client>> connect_etcd(const cluster::Settings& settings) {
  return etcd::make_grpc_client({.endpoints = settings.etcd,
                                 .ca_file = settings.ca,
                                 .cert_file = settings.cert,
                                 .key_file = settings.key,
                                 .user = settings.user,
                                 .password = settings.password});
}

}  // namespace

ipam::Settings ipam_settings(const Config& config) {
  ipam::Settings out{.ranges_v4 = {}, .ranges_v6 = {}, .cooldown = config.ipam.cooldown};
  for (const Prefix& prefix : config.ipam.ranges_v4)
    out.ranges_v4.push_back({.prefix = prefix, .cut = config.ipam.cut_v4});
  for (const Prefix& prefix : config.ipam.ranges_v6)
    out.ranges_v6.push_back({.prefix = prefix, .cut = config.ipam.cut_v6});
  return out;
}

engine::Settings engine_settings(const Config& config) {
  return {.host_device = config.host_device.name,
          .host_device_peer = config.host_device.peer,
          .uplinks = config.uplinks,
          .default_mtu = config.mtu,
          .orphan_grace = config.orphan_grace,
          .publish_allow = config.publish.allow,
          .host_rules = config.publish.host_rules,
          .pools = ipam_settings(config),
          .version = FAIRLEAD_VERSION,
          .detached = {.folder = config.state_dir + kDetached, .parse = api::parse_attachment_key},
          .connect = connect_etcd};
}

datapath::Options datapath_options(const Config& config, const netlink::HostDevice& host) {
  datapath::Options out;
  out.pin_dir = config.pin_dir;
  out.cgroup = find_cgroup(config.cgroup);
  out.allow_tcx = config.attach != "clsact";
  out.host_device = config.host_device.name;
  out.host_index = host.index;
  out.gateway_mac = host.mac;
  out.nat_port_first = config.nat.first;
  out.nat_port_last = config.nat.last;
  out.flows_per_container = config.nat.flows_per_container;
  out.timeouts = config.nat.timeouts;
  out.sizes = {.endpoints = config.maps.endpoints,
               .networks = config.maps.networks,
               .ports = config.maps.ports,
               .flows = config.maps.flows,
               .peers = config.maps.peers,
               .remote_endpoints = config.maps.remote_endpoints,
               .members = config.maps.members};
  out.host_rules = config.publish.host_rules;
  out.xdp = config.xdp;
  out.libbpf_log = [](std::string_view line) {
    log::event(log::Level::debug, "libbpf", {{"line", std::string(line)}});
  };
  return out;
}

}  // namespace fairlead::daemon
