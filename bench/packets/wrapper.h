// One of the measuring programs, loaded with its constants.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bench/packets/bpf/repeat.h"
#include "fast_paths.h"

struct bpf_map;
struct bpf_object;

namespace fairlead::bench {

class Wrapper {
 public:
  // repeat_tc or repeat_xdp. With constants.device it is attached to the device's egress. Null and
  // a message in `why` if the kernel refuses.
  static std::unique_ptr<Wrapper> load(bool xdp, const fl_repeat& constants, std::string* why);
  ~Wrapper();
  Wrapper(const Wrapper&) = delete;
  Wrapper& operator=(const Wrapper&) = delete;

  int nothing() const { return fd_of("nothing"); }  // a program that does nothing
  // Runs `target` FL_SAMPLES times on the step's packet. The mean duration of a run in ns, or
  // negative and the kernel's errno.
  double run(int target, const Step& step);
  // After that: what the clock said, ns; the last verdict; the packet after it.
  double sampled() const;
  int verdict() const { return state_->verdict; }
  const test::Buffer& out() const { return out_; }
  fl_repeat_state& state() { return *state_; }

 private:
  explicit Wrapper(bpf_object* object) : object_(object) {}
  bool prepare(const fl_repeat& constants);
  bool attach() const;
  int fd_of(const char* program) const;
  bpf_map* section(std::string_view name) const;

  bpf_object* object_;
  fl_repeat_state* state_ = nullptr;
  std::uint32_t device_ = 0;
  bool xdp_ = false;
  test::Buffer out_;
};

}  // namespace fairlead::bench
