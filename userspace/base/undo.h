// Steps to take back when a verb fails half-way.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace fairlead {

// Runs its steps newest first unless commit() was called. Steps capture by value: they
// run after the locals declared below the Undo are gone.
class Undo {
 public:
  Undo() = default;
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
  }

  void add(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void commit() { steps_.clear(); }

 private:
  std::vector<std::function<void()>> steps_;
};

}  // namespace fairlead
