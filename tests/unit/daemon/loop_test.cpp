#include "daemon/loop.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace fairlead::daemon {
namespace {

using namespace std::chrono_literals;

class LoopTest : public testing::Test {
 protected:
  LoopTest() {
    events_.signals = signals_.get();
    events_.host = host_.get();
    events_.drain_host = [this] {
      std::uint64_t count = 0;
      const bool changed = ::read(host_.get(), &count, sizeof(count)) == sizeof(count);
      return netlink::News{.host = changed && news_.host, .underlay = changed && news_.underlay};
    };
    events_.on_underlay_change = [] { FAIL() << "the underlay has not changed"; };
    events_.on_host_change = [] { FAIL() << "nothing has changed"; };
    events_.on_tick = [] {};
  }

  static void end() { ::kill(::getpid(), SIGTERM); }
  void change_host() {
    const std::uint64_t one = 1;
    ASSERT_EQ(::write(host_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  }

  UniqueFd signals_ = take_signals().value();
  UniqueFd host_{::eventfd(0, EFD_NONBLOCK)};
  netlink::News news_{.host = true, .underlay = false};  // what a change is
  Events events_;
};

TEST_F(LoopTest, EndsOnSigtermAndNotOnSighup) {
  int ticks = 0;
  events_.tick = 5ms;
  events_.on_tick = [&] {
    ++ticks;
    ::kill(::getpid(), ticks < 3 ? SIGHUP : SIGTERM);
  };

  EXPECT_TRUE(run_loop(events_));
  EXPECT_GE(ticks, 3);
}

TEST_F(LoopTest, ManyChangesOfTheHostAreOneWhenTheyComeTogether) {
  int ticks = 0;
  int changes = 0;
  events_.tick = 5ms;
  events_.host_pause = 100ms;
  events_.on_tick = [&] {
    if (++ticks <= 5) change_host();
  };
  events_.on_host_change = [&] {
    ++changes;
    end();
  };

  EXPECT_TRUE(run_loop(events_));
  EXPECT_EQ(changes, 1);
  EXPECT_GT(ticks, 5);
}

TEST_F(LoopTest, NewsOfTheUnderlayAloneDoNotWaitAndLookAtNothingElse) {
  int changes = 0;
  news_ = {.host = false, .underlay = true};
  change_host();
  events_.on_underlay_change = [&] {
    ++changes;
    end();
  };

  EXPECT_TRUE(run_loop(events_));
  EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace fairlead::daemon
