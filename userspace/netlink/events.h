// Noticing that the host's links, addresses or routes change.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace fairlead::netlink {

// Belongs to the network namespace it was opened in. Says only that something changed: what the
// host looks like is then read whole, so a lost notification costs nothing.
class Monitor {
 public:
  static Result<Monitor> open();

  int fd() const { return fd_.get(); }  // readable when there may be something to drain

  // Reads all that is there, without waiting. True: links, addresses, or routes of the main table
  // have changed since the last call, or so much happened that notifications were lost.
  Result<bool> drain();

 private:
  explicit Monitor(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace fairlead::netlink
