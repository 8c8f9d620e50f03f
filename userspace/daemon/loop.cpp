#include "daemon/loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>

#include "base/log.h"

namespace fairlead::daemon {

namespace {

using Clock = std::chrono::steady_clock;

// poll(2)'s argument: rounded up, so that a timer that is due in 0.4 ms is not spun for.
int until(Clock::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

// True: end.
bool read_signal(int fd) {
  signalfd_siginfo info{};
  if (::read(fd, &info, sizeof(info)) != sizeof(info)) return false;
  if (info.ssi_signo == SIGHUP) {
    log::event(log::Level::info, "sighup_ignored",
               {{"advice", "settings are read at start: restart"}});
    return false;
  }
  log::event(log::Level::info, "signal",
             {{"number", std::to_string(info.ssi_signo)}, {"pid", std::to_string(info.ssi_pid)}});
  return true;
}

}  // namespace

Result<UniqueFd> take_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set, signal);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("block signals");
  if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail_errno("ignore SIGPIPE");
  const int fd = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return fail_errno("make a signalfd");
  return UniqueFd(fd);
}

Status run_loop(const Events& events) {
  auto next_tick = Clock::now() + events.tick;
  constexpr auto kNever = Clock::time_point::max();
  auto host_due = kNever;
  auto underlay_due = kNever;
  const auto take_news = [&] {
    const netlink::News news = events.drain_host();
    const auto now = Clock::now();
    if (news.host && host_due == kNever) host_due = now + events.host_pause;
    if (news.underlay && underlay_due == kNever) underlay_due = now + events.underlay_pause;
  };
  for (;;) {
    pollfd ready[] = {{.fd = events.signals, .events = POLLIN, .revents = 0},
                      {.fd = events.host, .events = POLLIN, .revents = 0}};
    const int count = ::poll(ready, 2, until(std::min({host_due, underlay_due, next_tick})));
    if (count < 0 && errno != EINTR) return fail_errno("wait for events");

    if (count > 0 && ready[0].revents != 0 && read_signal(events.signals)) return {};
    if (count > 0 && ready[1].revents != 0) take_news();
    if (Clock::now() >= underlay_due) {
      underlay_due = kNever;
      events.on_underlay_change();
    }
    if (Clock::now() >= host_due) {
      host_due = kNever;
      events.on_host_change();
    }
    if (Clock::now() >= next_tick) {
      next_tick = Clock::now() + events.tick;
      events.on_tick();
    }
  }
}

}  // namespace fairlead::daemon
