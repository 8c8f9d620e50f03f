#include "own_netns.h"

#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace fairlead::test {

bool enter_own_netns(std::string* why) {
  static bool entered = false;
  if (entered) return true;
  if (unshare(CLONE_NEWNET) != 0) {
    *why = std::string("cannot make a network namespace: ") + std::strerror(errno) +
           ": run the test as root";
    return false;
  }
  entered = true;
  return ip("link set lo up", why);
}

Elsewhere::Elsewhere() {
  std::promise<int> ready;
  auto id = ready.get_future();
  thread_ = std::thread([this, ready = std::move(ready)]() mutable { live(std::move(ready)); });
  thread_id_ = id.get();
}

Elsewhere::~Elsewhere() {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  more_.notify_one();
  thread_.join();
}

std::future<void> Elsewhere::start(std::function<void()> work) {
  std::packaged_task<void()> task(std::move(work));
  auto done = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(task));
  }
  more_.notify_one();
  return done;
}

void Elsewhere::live(std::promise<int> ready) {
  unshare(CLONE_NEWNET);
  ready.set_value(gettid());
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [this] { return leaving_ || !work_.empty(); });
    if (work_.empty()) return;
    auto task = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

bool ip(const std::string& commands, std::string* why) {
  FILE* pipe = popen("ip -batch - 2>&1", "we");
  if (pipe == nullptr) {
    *why = std::string("cannot run ip: ") + std::strerror(errno);
    return false;
  }
  std::fwrite(commands.data(), 1, commands.size(), pipe);
  if (pclose(pipe) == 0) return true;
  *why = "ip -batch failed, its message is above; the commands were:\n" + commands;
  return false;
}

bool set_sysctl(const std::string& path, const std::string& value, std::string* why) {
  std::ofstream file("/proc/sys/net/" + path);
  file << value;
  if (file.flush()) return true;
  *why = "cannot write " + value + " to /proc/sys/net/" + path;
  return false;
}

std::uint32_t ifindex_of(const char* device) { return if_nametoindex(device); }

}  // namespace fairlead::test
