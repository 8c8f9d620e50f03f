#include "daemon/supervisor.h"

#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <memory>

#include "http/socket.h"

namespace fairlead::daemon {

void notify_ready(const std::string& status) {
  ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void notify_stopping() { ::sd_notify(0, "STOPPING=1"); }

void notify_alive() { ::sd_notify(0, "WATCHDOG=1"); }

std::optional<std::chrono::milliseconds> watchdog_period() {
  std::uint64_t micros = 0;
  if (::sd_watchdog_enabled(0, &micros) <= 0) return std::nullopt;
  return std::chrono::milliseconds(std::max<std::uint64_t>(micros / 2000, 1));
}

bool logs_to_journal() { return ::getenv("JOURNAL_STREAM") != nullptr; }

Result<std::vector<Inherited>> inherited_sockets() {
  char** raw = nullptr;
  const int count = ::sd_listen_fds_with_names(/*unset_environment=*/1, &raw);
  if (count < 0) return fail_errno("take the sockets that systemd opened", -count);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    names.emplace_back(raw[i]);
    ::free(raw[i]);
  }
  ::free(raw);

  std::vector<Inherited> out;
  for (int i = 0; i < count; ++i) {
    auto fd = http::adopt_listener(SD_LISTEN_FDS_START + i);
    if (!fd) return fail(std::move(fd).error(), "socket " + names[static_cast<std::size_t>(i)]);
    const std::string path = http::bound_path(fd->get());
    out.push_back({std::move(*fd), names[static_cast<std::size_t>(i)], path});
  }
  return out;
}

std::optional<UniqueFd> take_socket(std::vector<Inherited>& sockets, const std::string& name,
                                    const std::string& path) {
  const auto found = std::ranges::find_if(
      sockets, [&](const Inherited& socket) { return socket.name == name || socket.path == path; });
  if (found == sockets.end()) return std::nullopt;
  UniqueFd fd = std::move(found->fd);
  sockets.erase(found);
  return fd;
}

}  // namespace fairlead::daemon
