// fairleadd: reads its settings, puts the parts together, and waits.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "base/log.h"
#include "base/unique_fd.h"
#include "daemon/arguments.h"
#include "daemon/config.h"
#include "daemon/loop.h"
#include "daemon/privileges.h"
#include "daemon/service.h"
#include "daemon/supervisor.h"

namespace fairlead::daemon {

namespace {

constexpr std::chrono::seconds kTick{5};

Result<Config> load_config(const Arguments& arguments) {
  if (!arguments.config.empty()) return read_config(arguments.config);
  if (::access(kDefaultConfig, F_OK) == 0) return read_config(kDefaultConfig);
  return Config();
}

// A published port is a socket for each address family; the usual soft limit of 1024 is 500 ports.
void raise_file_limit() {
  constexpr rlim_t kFiles = 1 << 18;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlimit more{.rlim_cur = std::max(limit.rlim_max, kFiles),
                    .rlim_max = std::max(limit.rlim_max, kFiles)};
  if (::setrlimit(RLIMIT_NOFILE, &more) == 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    log::event(log::Level::warning, "file_limit_low", {{"files", std::to_string(limit.rlim_cur)}});
}

// The kernel doubles the table of open files whenever it is full, and in a process with threads
// waits for a grace period of RCU each time (fs/file.c expand_fdtable()): 5 to 15 ms, in the middle
// of publishing ports. There are no threads yet.
void size_file_table() {
  constexpr int kFiles = 1 << 14;  // 8 bytes each
  const UniqueFd last(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, kFiles - 1));
}

Status serve(const Config& config) {
  for (const std::string& warning : config.warnings)
    log::event(log::Level::warning, "config_warning", {{"warning", warning}});
  auto signals = take_signals();
  if (!signals) return std::unexpected(std::move(signals).error());
  raise_file_limit();
  size_file_table();
  if (auto done = drop_privileges(); !done) return done;
  auto sockets = inherited_sockets();
  if (!sockets) return std::unexpected(std::move(sockets).error());

  auto service = Service::create(config);
  if (!service) return std::unexpected(std::move(service).error());
  if (auto done = (*service)->listen(std::move(*sockets)); !done) return done;
  const std::string summary = (*service)->summary();
  notify_ready(summary);
  log::event(
      log::Level::info, "ready",
      {{"version", FAIRLEAD_VERSION}, {"restored", summary}, {"plugin", config.plugin_socket}});

  Events events;
  events.signals = signals->get();
  events.host = (*service)->host_fd();
  events.drain_host = [&service] { return (*service)->drain_host(); };
  events.on_host_change = [&service] { (*service)->sync_host(); };
  events.on_underlay_change = [&service] { (*service)->sync_underlay(); };
  events.on_tick = [&service] { (*service)->tick(); };
  events.tick = std::min(watchdog_period().value_or(kTick), std::chrono::milliseconds(kTick));
  auto ended = run_loop(events);

  notify_stopping();
  (*service)->stop();
  log::event(log::Level::info, "stopped", {{"packets", "keep flowing"}});
  return ended;
}

int run(int argc, char** argv) {
  int exit_code = 0;
  const auto arguments = parse_arguments(argc, argv, std::cout, std::cerr, exit_code);
  if (!arguments) return exit_code;

  const auto config = load_config(*arguments);
  if (!config) {
    std::cerr << "fairleadd: " << config.error().message() << "\n";
    return 1;
  }
  if (arguments->check_config) {
    for (const std::string& warning : config->warnings)
      std::cerr << "fairleadd: " << warning << "\n";
    std::cout << "the configuration is valid\n";
    return 0;
  }
  if (auto done = log::configure(config->log_level, logs_to_journal()); !done) {
    std::cerr << "fairleadd: " << done.error().message() << "\n";
    return 1;
  }
  if (auto done = serve(*config); !done) {
    log::event(log::Level::error, "failed", {{"error", done.error().message()}});
    return 1;
  }
  return 0;
}

}  // namespace

}  // namespace fairlead::daemon

int main(int argc, char** argv) { return fairlead::daemon::run(argc, argv); }
