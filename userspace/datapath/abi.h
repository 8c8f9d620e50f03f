// From the model to the structs that the programs read (bpf/shared).
#pragma once

#include <arpa/inet.h>

#include <compare>
#include <cstring>

#include "bpf/shared/addr.h"
#include "bpf/shared/endpoint.h"
#include "bpf/shared/host.h"
#include "bpf/shared/nat.h"
#include "model/network.h"

namespace fairlead::datapath {

inline fl_addr to_abi(const Address& address) {
  fl_addr out{};
  std::memcpy(out.b, address.bytes().data(), sizeof(out.b));
  return out;
}

template <typename T>
void copy_mac(const Mac& mac, T& target) {
  static_assert(sizeof(target.mac) == 6);
  std::memcpy(target.mac, mac.bytes().data(), sizeof(target.mac));
}

inline fl_port_key port_key(const PortBinding& binding) {
  return {.addr = to_abi(binding.host_address),
          .port = htons(binding.host_port),
          .proto = static_cast<__u8>(binding.protocol),
          .pad = 0};
}

// enum fl_network_flags.
inline __u32 flags_of(const Network& network) {
  __u32 flags = 0;
  if (network.internal) flags |= FL_NET_INTERNAL;
  if (!network.icc) flags |= FL_NET_NO_ICC;
  if (network.masquerade) flags |= FL_NET_MASQUERADE;
  if (network.routed) flags |= FL_NET_ROUTED;
  if (network.shortcut) flags |= FL_NET_SHORTCUT;
  return flags;
}

// Bytewise order and equality of structs without padding, for sets and comparisons.
template <typename T>
bool same(const T& a, const T& b) {
  static_assert(std::has_unique_object_representations_v<T>);
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}
template <typename T>
struct BytesLess {
  bool operator()(const T& a, const T& b) const {
    static_assert(std::has_unique_object_representations_v<T>);
    return std::memcmp(&a, &b, sizeof(T)) < 0;
  }
};

inline bool is_set(const fl_addr& address) { return !same(address, fl_addr{}); }

}  // namespace fairlead::datapath
