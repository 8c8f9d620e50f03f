#include "repeater.h"

#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "wrapper.h"

namespace fairlead::bench {
namespace {

constexpr std::uint32_t kWords = FL_FRAME_WORDS;

// A program's and the empty one's, ns.
struct Rounds {
  std::vector<double> own, empty;

  static double lowest(const std::vector<double>& values) {
    return *std::min_element(values.begin(), values.end());
  }
  double lowest() const { return lowest(own) - lowest(empty); }
  double spread() const { return *std::max_element(own.begin(), own.end()) - lowest(own); }
};

}  // namespace

struct Repeater::Impl {
  FastPath path;
  bool varied = false;
  // With the clock and without; for the program, and for the one that does nothing.
  std::unique_ptr<Wrapper> timed, timed_empty, untimed, untimed_empty;
  Rounds alone, in_a_row;

  // Empty, or what is wrong after runs of the program.
  std::string check(const Wrapper& wrapper) const;
  // One round; the same.
  std::string round(Wrapper& own, Wrapper& empty, bool by_clock, Rounds* rounds) const;
};

std::string Repeater::Impl::check(const Wrapper& wrapper) const {
  const int expected = path.xdp                               ? XDP_PASS
                       : path.step.reason == FL_PUNT_NOT_OURS ? test::kNext
                                                              : test::kRedirect;
  if (wrapper.verdict() != expected)
    return path.id + ": verdict " + std::to_string(wrapper.verdict()) + " in repeated runs";
  if (!path.grows && !varied && wrapper.out() != path.step.packet.bytes)
    return path.id + ": the packet was not made what it was";
  return {};
}

std::string Repeater::Impl::round(Wrapper& own, Wrapper& empty, bool by_clock,
                                  Rounds* rounds) const {
  const double empty_mean = empty.run(empty.nothing(), path.step);
  const double own_mean = empty_mean < 0 ? -1 : own.run(path.step.program->fd(), path.step);
  if (own_mean < 0) return path.id + ": the kernel refuses the run: " + std::strerror(errno);
  rounds->empty.push_back(by_clock ? empty.sampled() : empty_mean);
  rounds->own.push_back(by_clock ? own.sampled() : own_mean);
  return check(own);
}

Repeater::Repeater(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Repeater::~Repeater() = default;

std::unique_ptr<Repeater> Repeater::make(const FastPath& path, const Variants& variants,
                                         std::string* why) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->varied = !variants.empty();
  const auto words = static_cast<std::uint32_t>(path.step.packet.size() / sizeof(std::uint64_t));
  const fl_repeat constants{.timed = 1,
                            .undo = path.taken_off != 0 ? FL_UNDO_DECAP : FL_UNDO_NONE,
                            .outer = path.taken_off,
                            .words = path.grows ? 0 : std::min(words, kWords),
                            .variants = static_cast<std::uint32_t>(variants.size()),
                            .is_v4 = path.step.packet.bytes.at(12) == 0x08,
                            .device = path.grows ? path.step.options.ifindex : 0};
  const auto load = [&](bool timed, bool empty) {
    fl_repeat own = constants;
    own.timed = timed;
    if (empty) own.undo = FL_UNDO_NONE;
    auto wrapper = Wrapper::load(path.xdp, own, why);
    if (wrapper == nullptr) return wrapper;
    fl_repeat_state& state = wrapper->state();
    std::memcpy(state.frame, path.step.packet.bytes.data(),
                std::min(sizeof(state.frame), path.step.packet.size()));
    std::copy_n(variants.begin(), std::min<std::size_t>(variants.size(), FL_MAX_VARIANTS),
                state.variants);
    return wrapper;
  };
  impl->timed = load(true, false);
  impl->timed_empty = load(true, true);
  impl->untimed = load(false, false);
  impl->untimed_empty = load(false, true);
  if (!impl->timed || !impl->timed_empty || !impl->untimed || !impl->untimed_empty) return nullptr;
  return std::unique_ptr<Repeater>(new Repeater(std::move(impl)));
}

bool Repeater::measure(std::string* why) {
  Impl& m = *impl_;
  *why = m.round(*m.timed, *m.timed_empty, true, &m.alone);
  if (!why->empty() || m.path.grows || m.path.taken_off != 0) return why->empty();
  *why = m.round(*m.untimed, *m.untimed_empty, false, &m.in_a_row);
  return why->empty();
}

Nanoseconds Repeater::result() const {
  const Impl& m = *impl_;
  if (m.alone.own.empty()) return {};
  Nanoseconds out{.alone = m.alone.lowest(), .alone_spread = m.alone.spread()};
  if (!m.in_a_row.own.empty()) out.in_a_row = m.in_a_row.lowest();
  return out;
}

}  // namespace fairlead::bench
