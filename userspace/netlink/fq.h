// The qdisc that keeps departure times.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace fairlead::netlink {

// How many packets it takes of one device.
inline constexpr std::uint32_t kFqPackets = 10'000;

// Makes fq the root qdisc of a device of the caller's network namespace, again: success. It goes
// with the device. Packets without a departure time leave at once. False: this kernel has no fq
// (module sch_fq), and the device is as it was.
Result<bool> put_fq(int link);

}  // namespace fairlead::netlink
