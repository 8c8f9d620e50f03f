// Rate limits as the programs keep them.
#pragma once

#include "bpf/shared/rate.h"
#include "model/network.h"

namespace fairlead::datapath {

// Bursts and queues that nobody chose are chosen here. For a rate that check_rate() takes.
fl_rate rate_value(NetworkId network, const Rate& rate);

// enum fl_endpoint_flags of an endpoint with these limits.
__u32 limit_flags(const Rate& rate);

}  // namespace fairlead::datapath
