#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fairlead {
namespace {

Status busy() { return fail_errno("set link up", EBUSY); }

TEST(Error, ContextComesOutermostFirst) {
  auto status = busy();
  ASSERT_FALSE(status);
  const Status outer = fail(std::move(status).error(), "create endpoint e1");
  EXPECT_EQ(outer.error().message(), "create endpoint e1: set link up: Device or resource busy");
  EXPECT_EQ(outer.error().code(), Errc::conflict);
}

TEST(Error, ErrnoBecomesWhatACallerCanBranchOn) {
  const struct {
    int sys_errno;
    Errc code;
  } cases[] = {{ENOENT, Errc::not_found},       {ENODEV, Errc::not_found},
               {EEXIST, Errc::already_exists},  {EADDRINUSE, Errc::conflict},
               {ENOSPC, Errc::exhausted},       {EMFILE, Errc::exhausted},
               {EOPNOTSUPP, Errc::unsupported}, {EINVAL, Errc::invalid_argument},
               {ETIMEDOUT, Errc::unavailable},  {EPERM, Errc::unavailable}};
  for (const auto& each : cases) {
    EXPECT_EQ(fail_errno("x", each.sys_errno).error().code(), each.code) << each.sys_errno;
  }
}

TEST(Error, ErrnoIsReadWhenNoneIsGiven) {
  errno = ENODEV;
  EXPECT_EQ(fail_errno("open").error().message(), "open: No such device");
}

TEST(Error, AResultHoldsTheValueOrTheError) {
  const Result<int> good = 7;
  const Result<int> bad = fail(Errc::exhausted, "none left");
  EXPECT_EQ(good.value_or(0), 7);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message(), "none left");
}

}  // namespace
}  // namespace fairlead
