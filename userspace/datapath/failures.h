// For verbs that go on past failures.
#pragma once

#include <string>

#include "base/error.h"

namespace fairlead::datapath {

// Collects errors; result() is success, or all messages under the first one's code.
class Failures {
 public:
  void add(Status status) {
    if (!status) add(std::move(status).error());
  }
  void add(Error error) {
    if (messages_.empty()) {
      code_ = error.code();
    } else {
      messages_ += "; ";
    }
    messages_ += error.message();
  }
  Status result() const {
    if (messages_.empty()) return {};
    return fail(code_, messages_);
  }

 private:
  Errc code_ = Errc::internal;
  std::string messages_;
};

}  // namespace fairlead::datapath
