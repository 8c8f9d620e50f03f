// What the main thread waits for: signals, timers, news of the host's links.
#pragma once

#include <chrono>
#include <functional>

#include "base/error.h"
#include "base/unique_fd.h"
#include "netlink/events.h"

namespace fairlead::daemon {

// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those made later, which leaves them to
// wait_for_signals(); ignores SIGPIPE. Before any thread is made.
Result<UniqueFd> take_signals();

struct Events {
  int signals = -1;                           // of take_signals()
  int host = -1;                              // readable: something about the host may have changed
  std::function<netlink::News()> drain_host;  // reads what is there
  // At most once in `host_pause`, after a change: a container's start makes dozens.
  std::function<void()> on_host_change;
  std::chrono::milliseconds host_pause{250};
  // The same for the ways to other hosts, where packets are lost until it is done.
  std::function<void()> on_underlay_change;
  std::chrono::milliseconds underlay_pause{5};
  std::function<void()> on_tick;
  std::chrono::milliseconds tick{5000};
};

// Until SIGTERM or SIGINT. Callbacks run on this thread and must not block.
Status run_loop(const Events& events);

}  // namespace fairlead::daemon
