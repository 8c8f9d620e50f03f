// A network namespace of the test process's own.
//
// bpf_prog_test_run uses the devices, routes and neighbours of the caller's namespace, so a
// test makes one and fills it with iproute2. It dies with the process; the machine's own
// namespace is never touched.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>

namespace fairlead::test {

// Moves the calling thread into a new network namespace, once a process. False and a message
// in `why` without the privilege.
bool enter_own_netns(std::string* why);

// Another network namespace, and a thread that lives in it: what is started there sees its devices.
class Elsewhere {
 public:
  Elsewhere();
  ~Elsewhere();
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;

  // Runs after what was started before.
  std::future<void> start(std::function<void()> work);
  void run(std::function<void()> work) { start(std::move(work)).get(); }
  // What "ip link set DEVICE netns" takes.
  std::string name() const { return std::to_string(thread_id_); }

 private:
  void live(std::promise<int> ready);

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::packaged_task<void()>> work_;
  bool leaving_ = false;
  int thread_id_ = 0;
  std::thread thread_;
};

// Runs commands of iproute2, one a line, without the leading "ip". False and its output in
// `why` at the first that fails.
bool ip(const std::string& commands, std::string* why);

// Writes a file under /proc/sys/net; of the own namespace only.
bool set_sysctl(const std::string& path, const std::string& value, std::string* why);

std::uint32_t ifindex_of(const char* device);  // 0: no such device

}  // namespace fairlead::test
