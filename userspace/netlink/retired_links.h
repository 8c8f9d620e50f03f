// Removing devices without making anybody wait.
//
// The kernel answers RTM_DELLINK when nothing refers to the device any more (net/core/dev.c
// netdev_run_todo: rcu_barrier), 20-30 ms later, for one device or for a hundred. So what is to go
// is put into a device group, and a thread removes the group: all that came meanwhile at once.
//
// The group is kept by the kernel, with the device. What a daemon that died has left in it, the
// next one removes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "netlink/connection.h"

namespace fairlead::netlink {

// IFLA_GROUP of devices that are to go. "flrd"; nobody else's, 0 is everybody's.
constexpr std::uint32_t kRetiredGroup = 0x666c7264;

// All devices of the group go, with their other ends, and are gone when it returns. None is
// success.
Status remove_retired_group(Connection& connection);

class RetiredLinks {
 public:
  // Of the calling thread's network namespace.
  static Result<std::unique_ptr<RetiredLinks>> create();
  ~RetiredLinks();  // after what was asked for is done, or has failed once more

  // From any thread: there is something in the group. What fails is logged, and tried again.
  void wake();

 private:
  explicit RetiredLinks(Connection connection);
  void run();

  Connection connection_;  // the thread's
  std::mutex mutex_;       // guards all below
  std::condition_variable changed_;
  bool asked_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace fairlead::netlink
