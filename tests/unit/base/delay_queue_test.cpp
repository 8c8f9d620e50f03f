// Run it under the tsan preset too: that is where a missing lock shows.
#include "base/delay_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(DelayQueue, RunsATaskOnceItsPauseIsOverOnAnotherThread) {
  DelayQueue queue;
  std::promise<std::thread::id> ran;
  const auto start = Clock::now();

  queue.post(30ms, [&] { ran.set_value(std::this_thread::get_id()); });

  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
  EXPECT_GE(Clock::now() - start, 30ms);
}

TEST(DelayQueue, ShorterPauseOvertakesALongerOne) {
  DelayQueue queue;
  std::string order;  // the queue's thread only, until `done`
  std::promise<void> done;

  queue.post(200ms, [&] {
    order += "long ";
    done.set_value();
  });
  queue.post(10ms, [&] { order += "short "; });

  done.get_future().wait();
  EXPECT_EQ(order, "short long ");
}

TEST(DelayQueue, TasksOfOneMomentKeepTheirOrder) {
  DelayQueue queue;
  std::string order;
  std::promise<void> done;

  queue.post(0ms, [] { std::this_thread::sleep_for(20ms); });
  for (int i = 0; i < 9; ++i) queue.post(1ms, [&order, i] { order += std::to_string(i); });
  queue.post(2ms, [&] { done.set_value(); });

  done.get_future().wait();
  EXPECT_EQ(order, "012345678");
}

TEST(DelayQueue, ATaskMayPostAnother) {
  DelayQueue queue;
  std::promise<void> ran;

  queue.post(1ms, [&] { queue.post(1ms, [&] { ran.set_value(); }); });

  EXPECT_EQ(ran.get_future().wait_for(10s), std::future_status::ready);
}

TEST(DelayQueue, WhatATaskCapturedMayPostWhenItDies) {
  DelayQueue queue;
  std::promise<void> ran;
  struct LastWord {
    DelayQueue& queue;
    std::promise<void>& ran;
    ~LastWord() {
      queue.post(0ms, [&ran = ran] { ran.set_value(); });
    }
  };

  queue.post(1ms, [word = std::make_shared<LastWord>(queue, ran)] {});

  EXPECT_EQ(ran.get_future().wait_for(10s), std::future_status::ready);
}

TEST(DelayQueue, WhatWaitsAtTheEndIsDroppedAtOnce) {
  bool ran = false;
  const auto held = std::make_shared<int>(7);
  const auto start = Clock::now();
  {
    DelayQueue queue;
    queue.post(1h, [&ran, held] { ran = true; });
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_LT(Clock::now() - start, 1min);
}

TEST(DelayQueue, ClosingWaitsForTheTaskThatRunsAndTakesNoMore) {
  DelayQueue queue;
  std::promise<void> began;
  bool ended = false;
  bool late = false;
  queue.post(0ms, [&] {
    began.set_value();
    std::this_thread::sleep_for(20ms);
    ended = true;
  });
  began.get_future().wait();

  queue.close();

  EXPECT_TRUE(ended);
  queue.post(0ms, [&] { late = true; });
  queue.close();
  EXPECT_FALSE(late);
}

}  // namespace
}  // namespace fairlead
