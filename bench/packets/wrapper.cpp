#include "wrapper.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <vector>

namespace fairlead::bench {
namespace {

bpf_tc_hook egress_of(std::uint32_t device) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = static_cast<int>(device);
  hook.attach_point = BPF_TC_EGRESS;
  return hook;
}

}  // namespace

std::unique_ptr<Wrapper> Wrapper::load(bool xdp, const fl_repeat& constants, std::string* why) {
  const std::string path = std::string(FAIRLEAD_BPF_OBJECTS) +
                           (xdp ? "/bench/repeat_xdp.bpf.o" : "/bench/repeat_tc.bpf.o");
  bpf_object* const object = bpf_object__open_file(path.c_str(), nullptr);
  if (object == nullptr) {
    *why = "cannot open " + path + ": " + std::strerror(errno);
    return nullptr;
  }
  std::unique_ptr<Wrapper> self(new Wrapper(object));
  self->xdp_ = xdp;
  if (self->prepare(constants)) return self;
  *why = "cannot load " + path + ": " + std::strerror(errno);
  return nullptr;
}

Wrapper::~Wrapper() {
  if (device_ != 0) {
    bpf_tc_hook hook = egress_of(device_);
    hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
    bpf_tc_hook_destroy(&hook);
  }
  if (state_ != nullptr) ::munmap(state_, sizeof(*state_));
  bpf_object__close(object_);
}

bool Wrapper::prepare(const fl_repeat& constants) {
  if (bpf_map__set_initial_value(section(".rodata"), &constants, sizeof(constants)) != 0 ||
      bpf_object__load(object_) != 0)
    return false;
  void* const state = ::mmap(nullptr, sizeof(*state_), PROT_READ | PROT_WRITE, MAP_SHARED,
                             bpf_map__fd(section(".bss")), 0);
  if (state == MAP_FAILED) return false;
  state_ = static_cast<fl_repeat_state*>(state);
  device_ = constants.device;
  return device_ == 0 || attach();
}

bool Wrapper::attach() const {
  bpf_tc_hook hook = egress_of(device_);
  const int made = bpf_tc_hook_create(&hook);
  if (made != 0 && made != -EEXIST) return false;
  bpf_tc_opts opts{};
  opts.sz = sizeof(opts);
  opts.handle = 1;
  opts.priority = 1;
  opts.prog_fd = fd_of("repeat");
  opts.flags = BPF_TC_F_REPLACE;
  return bpf_tc_attach(&hook, &opts) == 0;
}

int Wrapper::fd_of(const char* program) const {
  return bpf_program__fd(bpf_object__find_program_by_name(object_, program));
}

bpf_map* Wrapper::section(std::string_view name) const {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_) {
    if (std::string_view(bpf_map__name(map)).ends_with(name)) return map;
  }
  return nullptr;
}

double Wrapper::run(int target, const Step& step) {
  const std::uint32_t zero = 0;
  const int programs = bpf_map__fd(bpf_object__find_map_by_name(object_, "fl_program"));
  if (bpf_map_update_elem(programs, &zero, &target, BPF_ANY) != 0) return -1;
  if (device_ != 0 && !attach()) return -1;
  state_->runs = 0;
  __sk_buff ctx{};
  ctx.ifindex = step.options.ifindex;
  ctx.ingress_ifindex = step.options.ingress_ifindex;
  LIBBPF_OPTS(bpf_test_run_opts, opts);
  out_.resize(step.packet.size() + 512);
  opts.data_in = step.packet.bytes.data();
  opts.data_size_in = static_cast<std::uint32_t>(step.packet.size());
  opts.data_out = out_.data();
  opts.data_size_out = static_cast<std::uint32_t>(out_.size());
  if (!xdp_) {
    opts.ctx_in = &ctx;
    opts.ctx_size_in = sizeof(ctx);
  }
  opts.repeat = FL_SAMPLES;
  if (bpf_prog_test_run_opts(fd_of(device_ != 0 ? "repeat_clones" : "repeat"), &opts) != 0)
    return -1;
  out_.resize(opts.data_size_out);
  return opts.duration;
}

double Wrapper::sampled() const {
  // Clocks may count in steps of 10 ns, and interrupts are no part of a program.
  const std::size_t count = std::min<std::size_t>(state_->runs, FL_SAMPLES);
  std::vector<std::uint32_t> samples(state_->samples, state_->samples + count);
  std::sort(samples.begin(), samples.end());
  const auto first = samples.begin() + static_cast<long>(count / 4);
  const auto last = samples.end() - static_cast<long>(count / 4);
  if (first == last) return 0;
  return std::accumulate(first, last, 0.0) / static_cast<double>(last - first);
}

}  // namespace fairlead::bench
