#include "base/undo.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead {
namespace {

TEST(Undo, RunsItsStepsNewestFirst) {
  std::string ran;
  {
    Undo undo;
    for (const char step : {'a', 'b', 'c'}) {
      undo.add([&ran, step] { ran += step; });
    }
    EXPECT_EQ(ran, "");
  }
  EXPECT_EQ(ran, "cba");
}

TEST(Undo, CommitForgetsThem) {
  std::string ran;
  {
    Undo undo;
    undo.add([&ran] { ran += 'a'; });
    undo.commit();
  }
  EXPECT_EQ(ran, "");
}

TEST(Undo, StepsAddedAfterACommitStillRun) {
  std::string ran;
  {
    Undo undo;
    undo.add([&ran] { ran += 'a'; });
    undo.commit();
    undo.add([&ran] { ran += 'b'; });
  }
  EXPECT_EQ(ran, "b");
}

}  // namespace
}  // namespace fairlead
