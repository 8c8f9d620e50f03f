#include "daemon/settling.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/fake_datapath.h"

namespace fairlead::daemon {
namespace {

using namespace std::chrono_literals;

class SettlingTest : public ::testing::Test {
 protected:
  ~SettlingTest() override {
    settling.stop();
    on_queue([] {});
  }

  void on_queue(const std::function<void()>& task) {
    std::promise<void> done;
    queue.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  bool becomes(int unsettled) {
    for (int tries = 0; tries < 2000; ++tries) {
      bool so = false;
      on_queue([&] { so = datapath.unsettled == unsettled; });
      if (so) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  test::FakeDatapath datapath;
  WorkQueue queue;
  Settling settling{datapath, queue, {.first = 1ms, .next = 1ms}};
};

TEST_F(SettlingTest, GoesOnUntilNoneIsLeftAndBeginsAgain) {
  for (int round = 0; round < 2; ++round) {
    on_queue([&] {
      datapath.unsettled = 3;
      settling.update();
      settling.update();
    });
    EXPECT_TRUE(becomes(0));
  }
}

TEST_F(SettlingTest, AFailureDoesNotKeepTheOthersWaiting) {
  on_queue([&] {
    datapath.unsettled = 2;
    datapath.refuse_next("settle_next");
    settling.update();
  });
  EXPECT_TRUE(becomes(0));
}

TEST_F(SettlingTest, NothingIsDoneAfterStop) {
  settling.stop();
  on_queue([&] {
    datapath.unsettled = 1;
    settling.update();
  });
  std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(becomes(1));
}

}  // namespace
}  // namespace fairlead::daemon
