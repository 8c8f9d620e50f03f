// systemd's side of being a service: state, watchdog, inherited sockets.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace fairlead::daemon {

// Without systemd all of these do nothing and succeed.
void notify_ready(const std::string& status);
void notify_stopping();
void notify_alive();

// How often notify_alive() is due, if the watchdog is on: half of WatchdogSec.
std::optional<std::chrono::milliseconds> watchdog_period();

// Whether standard error goes to the journal, which wants priorities and no times.
bool logs_to_journal();

struct Inherited {
  UniqueFd fd;
  std::string name;  // FileDescriptorName=; "unknown" without one
  std::string path;  // what it is bound to
};

// Sockets that systemd opened (sd_listen_fds(3)). Errors: one that is no listening unix socket.
Result<std::vector<Inherited>> inherited_sockets();

// Takes the socket called `name`, or bound to `path`, out of `sockets`.
std::optional<UniqueFd> take_socket(std::vector<Inherited>& sockets, const std::string& name,
                                    const std::string& path);

}  // namespace fairlead::daemon
