// Run it under the tsan preset too: that is where a missing lock shows.
#include "base/work_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <future>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace fairlead {
namespace {

TEST(WorkQueue, RunsTasksInTheOrderTheyWerePosted) {
  std::vector<int> ran;
  {
    WorkQueue queue;
    for (int i = 0; i < 1000; ++i) {
      queue.post([&ran, i] { ran.push_back(i); });
    }
  }
  ASSERT_EQ(ran.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
}

TEST(WorkQueue, FinishesWhatIsQueuedBeforeItIsDestroyed) {
  std::promise<void> gate;
  int ran = 0;
  {
    WorkQueue queue;
    queue.post([opened = gate.get_future().share()] { opened.wait(); });
    for (int i = 0; i < 100; ++i) queue.post([&ran] { ++ran; });
    gate.set_value();
  }
  EXPECT_EQ(ran, 100);
}

TEST(WorkQueue, RunsEverythingOnOneThreadThatIsNotTheCallers) {
  std::set<std::thread::id> threads;
  {
    WorkQueue queue;
    for (int i = 0; i < 10; ++i) {
      queue.post([&threads] { threads.insert(std::this_thread::get_id()); });
    }
  }
  EXPECT_EQ(threads.size(), 1U);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(WorkQueue, TasksPostedFromManyThreadsAllRunAndKeepEachThreadsOrder) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 500;
  std::vector<std::vector<int>> ran(kThreads);
  {
    WorkQueue queue;
    std::vector<std::thread> posters;
    for (std::size_t who = 0; who < kThreads; ++who) {
      posters.emplace_back([&queue, &ran, who] {
        for (int i = 0; i < kTasks; ++i) {
          queue.post([&ran, who, i] { ran[who].push_back(i); });
        }
      });
    }
    for (auto& poster : posters) poster.join();
  }
  for (const auto& order : ran) {
    ASSERT_EQ(order.size(), static_cast<std::size_t>(kTasks));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
}

TEST(WorkQueue, ATaskMayPostAnother) {
  int ran = 0;
  {
    WorkQueue queue;
    queue.post([&queue, &ran] { queue.post([&ran] { ++ran; }); });
  }
  EXPECT_EQ(ran, 1);
}

TEST(WorkQueue, WhatATaskCapturedDiesBeforeTheNextTaskRuns) {
  bool alive = true;
  {
    WorkQueue queue;
    const auto held = std::make_shared<int>(7);
    std::weak_ptr<int> seen = held;
    std::promise<void> gate;
    queue.post([copy = held, opened = gate.get_future().share()] { opened.wait(); });
    queue.post([&alive, seen] { alive = seen.use_count() > 1; });
    gate.set_value();
  }
  EXPECT_FALSE(alive);
}

}  // namespace
}  // namespace fairlead
