// A routing netlink socket: one request, one answer.
#pragma once

#include <linux/netlink.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

struct nl_sock;

namespace fairlead::netlink {

class Message;

// Belongs to the network namespace it was opened in. A request that is not answered within
// kDeadline fails as `unavailable`; the next request then uses a new connection, so that a late
// answer is never taken for its own.
class Connection {
 public:
  static constexpr int kDeadlineSeconds = 5;

  static Result<Connection> open();

  // Sends and waits for the acknowledgement. `what` says in words what is asked for; the error is
  // "<what>: <errno text> (<the kernel's own explanation>)", its code that of fail_errno().
  Status request(const Message& message, std::string_view what);

  // As request(), but the error number is left to the caller to judge: 0, or a positive errno
  // that the kernel answered with. `text` gets what request() would have said; `each` the messages
  // that come before the acknowledgement (RTM_GET... of one thing).
  Result<int> ask(const Message& message, std::string_view what, std::string* text,
                  const std::function<void(nlmsghdr*)>& each = nullptr);

  // Calls `each` for every message of the answer. Asks again if the table changed meanwhile, so
  // `restart` is called first, and before each new attempt.
  Status dump(const Message& message, std::string_view what,
              const std::function<void(nlmsghdr*)>& each, const std::function<void()>& restart);

 private:
  struct Free {
    void operator()(nl_sock* sock) const;
  };
  struct Answer;

  Connection() = default;
  Status connect();
  Status exchange(const Message& message, std::string_view what, Answer& answer);

  std::unique_ptr<nl_sock, Free> sock_;
};

}  // namespace fairlead::netlink
