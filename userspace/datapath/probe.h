// Kernel features that the programs are told of, found by trying.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace fairlead::datapath {

// Does bpf_l4_csum_replace() know BPF_F_IPV6 (Linux 6.16, and stable kernels that took it over)?
bool knows_ipv6_checksum_flag();

// The cookie of the calling thread's network namespace (SO_NETNS_COOKIE, Linux 5.14).
Result<std::uint64_t> netns_cookie();

}  // namespace fairlead::datapath
