// What arrives on a device, for programs that send copies (bpf_clone_redirect).
#pragma once

#include <vector>

#include "packet.h"

namespace fairlead::test {

// The kernel reports its multicast groups from `::` on devices with IPv6, whenever it likes.
enum class Reports { keep, ignore };

// A packet socket on one device of the caller's network namespace, open from construction on.
class Capture {
 public:
  explicit Capture(const char* device, Reports reports = Reports::keep);
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // All frames received (not those the device sent) so far, in order. Test runs deliver
  // through the softirq backlog, so this waits until nothing comes for 50 ms.
  std::vector<Packet> received();

 private:
  int fd_;
  Reports reports_;
};

}  // namespace fairlead::test
