// What arrives on a device, for programs that send copies (bpf_clone_redirect).
#pragma once

#include <vector>

#include "packet.h"

namespace fairlead::test {

// A packet socket on one device of the caller's network namespace, open from construction on.
class Capture {
 public:
  explicit Capture(const char* device);
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // All frames received (not those the device sent) so far, in order. Test runs deliver
  // through the softirq backlog, so this waits until nothing comes for 50 ms.
  std::vector<Packet> received();

 private:
  int fd_;
};

}  // namespace fairlead::test
