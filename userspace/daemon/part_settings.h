// From the configuration to what each part of the daemon is told.
#pragma once

#include "daemon/config.h"
#include "datapath/options.h"
#include "engine/engine.h"
#include "ipam/ipam.h"
#include "netlink/links.h"

namespace fairlead::daemon {

// Without on_news and on_mirror, which are the service's.
engine::Settings engine_settings(const Config& config);
ipam::Settings ipam_settings(const Config& config);
datapath::Options datapath_options(const Config& config, const netlink::HostDevice& host);

}  // namespace fairlead::daemon
