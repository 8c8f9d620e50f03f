// The addresses of an endpoint, as keys of fl_forward.
#pragma once

#include <vector>

#include "datapath/abi.h"

namespace fairlead::datapath {

inline std::vector<fl_forward_key> endpoint_keys(NetworkId network, const Endpoint& endpoint) {
  std::vector<fl_forward_key> keys;
  for (const auto& address : {endpoint.v4, endpoint.v6}) {
    if (address) keys.push_back({.network = network, .addr = to_abi(address->address())});
  }
  if (endpoint.v6) keys.push_back({.network = network, .addr = to_abi(endpoint.mac.link_local())});
  return keys;
}

// Is this entry of fl_forward the endpoint's, and not of another one that has its address now?
inline bool is_of(const fl_forward& entry, const Endpoint& endpoint) {
  return entry.kind == FL_TARGET_LOCAL &&
         std::memcmp(entry.mac, endpoint.mac.bytes().data(), sizeof(entry.mac)) == 0;
}

}  // namespace fairlead::datapath
