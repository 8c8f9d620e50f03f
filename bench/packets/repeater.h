// How long a program takes for a packet, by the kernel's clock, in nanoseconds.
//
// BPF_PROG_TEST_RUN can repeat a program, but each run gets what the one before has left. So a
// program of ours (bpf/repeat_tc.bpf.c) calls the measured one, unchanged, by a tail call, and
// undoes what it did. Two ways, which check each other:
//
//   alone       the clock is read before and after each run, so that the undoing is left out; the
//               mean of the half in the middle of 65536 runs. Less the same of a program that does
//               nothing. Reading the clock waits for what is under way in the CPU: this is what a
//               packet takes that comes alone.
//   in a row    the kernel's mean over all runs, with the undoing, less the same of a program that
//               does nothing. Here the CPU begins with the next packet before the last is done. Not
//               of programs that move the packet: to do nothing and undo it is not possible then.
//
// A packet that has got a tunnel header is never rid of it again (skb->encapsulation stays set, and
// adjust_room refuses a second one). So each run of an encapsulating program gets a clone of the
// packet, at the egress of a device that belongs to the test.
//
// Of several rounds the lowest counts: whatever else a machine does makes programs slower only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/packets/bpf/repeat.h"
#include "fast_paths.h"

namespace fairlead::bench {

struct Nanoseconds {
  double alone = 0;
  double alone_spread = 0;  // highest minus lowest of the rounds
  std::optional<double> in_a_row = {};
};

// What tells packets apart when there are many flows; none: the path's packet only.
using Variants = std::vector<fl_variant>;

class Repeater {
 public:
  ~Repeater();
  // Null and a message in `why` if the measuring program does not load.
  static std::unique_ptr<Repeater> make(const FastPath& path, const Variants& variants,
                                        std::string* why);
  // One round, the empty program's and the path's in turn. False and a message in `why` if
  // the kernel refuses, or the program's verdict is another than the first time.
  bool measure(std::string* why);
  // The lowest of all rounds so far, less that of the empty program.
  Nanoseconds result() const;

 private:
  struct Impl;
  explicit Repeater(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::bench
