#include "daemon/mirror_bell.h"

#include <gtest/gtest.h>

namespace fairlead::daemon {
namespace {

TEST(MirrorBell, CallsWhatHangsThere) {
  MirrorBell bell;
  int called = 0;
  bell.hang([&] { ++called; });

  bell.ring();
  bell.ring();

  EXPECT_EQ(called, 2);
}

TEST(MirrorBell, RingingBeforeAnythingHangsThereIsNotLost) {
  MirrorBell bell;
  int called = 0;
  bell.ring();
  bell.ring();

  bell.hang([&] { ++called; });

  EXPECT_EQ(called, 1);
}

TEST(MirrorBell, WhatIsTakenOffIsCalledNoMore) {
  MirrorBell bell;
  int called = 0;
  bell.hang([&] { ++called; });

  bell.hang(nullptr);
  bell.ring();

  EXPECT_EQ(called, 0);
}

}  // namespace
}  // namespace fairlead::daemon
