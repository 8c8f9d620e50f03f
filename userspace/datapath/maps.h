// All maps of the data path, typed; bpf/lib/maps.h says who writes and reads each.
#pragma once

#include "bpf/shared/endpoint.h"
#include "bpf/shared/host.h"
#include "bpf/shared/nat.h"
#include "bpf/shared/peer.h"
#include "bpf/shared/rate.h"
#include "bpf/shared/reason.h"
#include "bpf/shared/shortcut.h"
#include "datapath/map.h"
#include "datapath/programs.h"

namespace fairlead::datapath {

struct Maps {
  Map<__u32, fl_endpoint> endpoints;
  Map<__u32, fl_network> networks;
  Map<fl_forward_key, fl_forward> forward;
  Map<fl_subnet_key, __u32> subnets;
  Map<fl_member_key, __u32> members;
  Map<__u32, fl_uplink> uplinks;
  Map<fl_addr, __u32> local;
  Map<__u32, fl_port_bits> port_bits;
  Map<fl_port_key, fl_port> ports;
  Map<__u32, __u32> epoch;
  Map<fl_flow, fl_nat> nat;
  Map<fl_source_key, __u32> sources;
  Map<__u32, fl_flow_count> flow_counts;
  Map<fl_frag_key, fl_frag> frags;
  Map<fl_socket_key, fl_socket> sockets;
  Map<__u32, fl_tunnel> tunnel;
  Map<__u32, fl_peer> peers;
  Map<__u32, fl_hop> hops;
  Map<__u32, fl_path_mtu> path_mtu;
  Map<fl_addr, __u32> vteps;
  Map<fl_vni_member, __u32> vni_members;
  Map<fl_handshake_key, fl_handshake> handshakes;
  Map<__u32, fl_rate> rates;
  Map<__u32, fl_counter> forwarded;    // per CPU: by raw() only
  Map<fl_drop_key, fl_counter> drops;  // per CPU: by raw() only

  static Result<Maps> open(const Programs& programs);

  std::vector<const RawMap*> all() const;
};

}  // namespace fairlead::datapath
