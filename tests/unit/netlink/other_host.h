// A second host at the other end of a wire.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace fairlead::test {

// A process that does nothing but hold a network namespace; it dies with the test's.
class OtherHost {
 public:
  OtherHost() {
    int ready[2];
    if (::pipe(ready) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const char done = ::unshare(CLONE_NEWNET) == 0 ? 1 : 0;
      if (::write(ready[1], &done, 1) != 1 || done == 0) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char done = 0;
    ok_ = ::read(ready[0], &done, 1) == 1 && done == 1;
    ::close(ready[0]);
  }
  OtherHost(const OtherHost&) = delete;
  OtherHost& operator=(const OtherHost&) = delete;
  ~OtherHost() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  bool ok() const { return ok_; }
  int run(const std::string& command) const {
    return std::system(
        ("nsenter -t " + std::to_string(pid_) + " -n sh -c '" + command + "'").c_str());
  }

  // A wire: `name` here, "far" there, both up; with addresses 198.18.0.1 and .2, 2001:db8::1 and
  // ::2.
  void connect(const std::string& name, const std::string& far_mac) const {
    const std::string no_dad = "/proc/sys/net/ipv6/conf/";
    ASSERT_EQ(std::system(("ip link add " + name + " type veth peer name far address " + far_mac +
                           " netns " + std::to_string(pid_) + " && echo 0 >" + no_dad + name +
                           "/accept_dad && ip addr add 198.18.0.1/24 dev " + name +
                           " && ip addr add 2001:db8::1/64 dev " + name + " && ip link set " +
                           name + " up")
                              .c_str()),
              0);
    ASSERT_EQ(run("echo 0 >" + no_dad +
                  "far/accept_dad && ip addr add 198.18.0.2/24 dev far && "
                  "ip addr add 2001:db8::2/64 dev far && ip link set far up && ip link set lo up"),
              0);
  }

 private:
  pid_t pid_ = -1;
  bool ok_ = false;
};

// Until it holds, for thirty seconds at most.
template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace fairlead::test
