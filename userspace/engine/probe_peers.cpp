#include "engine/probe_peers.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "engine/probe_socket.h"

namespace fairlead::engine {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// So that hosts that started together do not ask each other in step.
constexpr milliseconds kFirstPause{200};

struct Pending {
  std::size_t result = 0;  // index
  Address remote;
  Clock::time_point sent;
};

}  // namespace

struct PeerProbe::Impl {
  Impl(ProbeSettings its, std::function<void(std::vector<ProbeResult>)> callback)
      : settings(its),
        on_results(std::move(callback)),
        wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    thread = std::thread([this] { run(); });
  }

  void run();
  // The targets, and whether they are others than last time.
  std::vector<ProbeTarget> take_targets(bool& changed);
  // Until `when`, or (true) somebody calls.
  bool sleep(std::optional<Clock::time_point> when);
  void ring() const {
    const std::uint64_t one = 1;
    // Fails only when it rings already.
    [[maybe_unused]] const auto sent = ::write(wake.get(), &one, sizeof(one));
  }

  milliseconds by_chance(milliseconds least, milliseconds most) {
    return milliseconds(
        std::uniform_int_distribution<std::int64_t>(least.count(), most.count())(random));
  }

  // Nothing: interrupted.
  std::optional<std::vector<ProbeResult>> ask(const std::vector<ProbeTarget>& targets);
  void collect(ProbeSocket& socket, std::map<std::uint16_t, Pending>& pending,
               std::vector<ProbeResult>& results);

  const ProbeSettings settings;
  const std::function<void(std::vector<ProbeResult>)> on_results;
  const UniqueFd wake;
  std::minstd_rand random{std::random_device{}()};
  std::uint64_t cookie = 0;

  std::mutex mutex;  // guards what follows
  std::vector<ProbeTarget> targets;
  bool changed = false;
  bool closing = false;

  std::thread thread;  // last
};

std::vector<ProbeTarget> PeerProbe::Impl::take_targets(bool& is_new) {
  const std::lock_guard lock(mutex);
  is_new = std::exchange(changed, false);
  return targets;
}

bool PeerProbe::Impl::sleep(std::optional<Clock::time_point> when) {
  for (;;) {
    int left = -1;
    if (when)
      left = static_cast<int>(
          std::max<std::int64_t>(std::chrono::ceil<milliseconds>(*when - Clock::now()).count(), 0));
    pollfd entry{.fd = wake.get(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&entry, 1, left);
    if (count == 0) return false;
    if (count < 0) continue;  // EINTR
    std::uint64_t calls = 0;
    [[maybe_unused]] const auto got = ::read(wake.get(), &calls, sizeof(calls));
    return true;
  }
}

void PeerProbe::Impl::collect(ProbeSocket& socket, std::map<std::uint16_t, Pending>& pending,
                              std::vector<ProbeResult>& results) {
  while (const auto reply = socket.receive()) {
    const auto asked = pending.find(reply->sequence);
    if (asked == pending.end() || reply->cookie != cookie || reply->remote != asked->second.remote)
      continue;
    results[asked->second.result].rtt =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - asked->second.sent);
    pending.erase(asked);
  }
}

// Sockets live for a round: a VTEP address may come and go.
std::optional<std::vector<ProbeResult>> PeerProbe::Impl::ask(
    const std::vector<ProbeTarget>& asked) {
  std::vector<ProbeSocket> sockets;
  std::vector<ProbeResult> results;
  std::map<std::uint16_t, Pending> pending;  // by sequence number
  cookie = std::uniform_int_distribution<std::uint64_t>()(random);
  std::uint16_t sequence = 0;
  for (const ProbeTarget& target : asked) {
    results.push_back({.peer = target.peer, .rtt = std::nullopt});
    auto socket = std::ranges::find(sockets, target.local, &ProbeSocket::local);
    if (socket == sockets.end()) {
      auto opened = ProbeSocket::open(target.local);
      if (!opened) continue;  // not our address (any more): no answer
      socket = sockets.insert(sockets.end(), std::move(*opened));
    }
    const Pending entry{
        .result = results.size() - 1, .remote = target.remote, .sent = Clock::now()};
    const Echo echo{.remote = target.remote, .sequence = ++sequence, .cookie = cookie};
    if (socket->send(echo)) pending[sequence] = entry;
    collect(*socket, pending, results);
  }

  const auto end = Clock::now() + settings.deadline;
  std::vector<pollfd> entries{{.fd = wake.get(), .events = POLLIN, .revents = 0}};
  for (const ProbeSocket& socket : sockets)
    entries.push_back({.fd = socket.fd(), .events = POLLIN, .revents = 0});
  while (!pending.empty() && Clock::now() < end) {
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    ::poll(entries.data(), entries.size(), static_cast<int>(left.count()));
    if (entries[0].revents != 0) return std::nullopt;
    for (ProbeSocket& socket : sockets) collect(socket, pending, results);
  }
  return results;
}

void PeerProbe::Impl::run() {
  std::optional<Clock::time_point> due;  // of the next round; absent: nobody to ask
  std::size_t next = 0;                  // who is first in it
  for (;;) {
    const bool called = sleep(due);
    bool is_new = false;
    const std::vector<ProbeTarget> all = take_targets(is_new);
    {
      const std::lock_guard lock(mutex);
      if (closing) return;
    }
    if (all.empty()) {
      due.reset();
      continue;
    }
    if (called) {
      if (is_new || !due) due = Clock::now() + by_chance(milliseconds(0), kFirstPause);
      continue;
    }
    std::vector<ProbeTarget> round;
    for (std::size_t i = 0; i < std::min(settings.round, all.size()); ++i)
      round.push_back(all[(next + i) % all.size()]);
    auto results = ask(round);
    if (!results) continue;  // somebody calls: sleep() says so at once
    next = (next + round.size()) % all.size();
    on_results(std::move(*results));
    due = Clock::now() + by_chance(settings.period * 4 / 5, settings.period * 6 / 5);
  }
}

PeerProbe::PeerProbe(ProbeSettings settings,
                     std::function<void(std::vector<ProbeResult>)> on_results)
    : impl_(std::make_unique<Impl>(settings, std::move(on_results))) {}

PeerProbe::~PeerProbe() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->ring();
  impl_->thread.join();
}

void PeerProbe::set_targets(std::vector<ProbeTarget> targets) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->targets == targets) return;
    impl_->targets = std::move(targets);
    impl_->changed = true;
  }
  impl_->ring();
}

}  // namespace fairlead::engine
