#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace fairlead {
namespace {

UniqueFd open_null() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesWhatItOwns) {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    number = fd.get();
    ASSERT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, AssigningOverAnOpenOneClosesItAndKeepsTheNew) {
  UniqueFd fd = open_null();
  UniqueFd other = open_null();
  const int before = fd.get();
  const int after = other.get();
  ASSERT_NE(before, after);
  fd = std::move(other);
  EXPECT_FALSE(is_open(before));
  EXPECT_TRUE(is_open(after));
  EXPECT_EQ(fd.get(), after);
  EXPECT_FALSE(other);
}

TEST(UniqueFd, AssigningToItselfKeepsItOpen) {
  UniqueFd fd = open_null();
  const int number = fd.get();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_EQ(fd.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(UniqueFd, MovedFromAndDefaultAreEmpty) {
  UniqueFd fd = open_null();
  const UniqueFd moved(std::move(fd));
  EXPECT_TRUE(moved);
  EXPECT_FALSE(fd);
  EXPECT_FALSE(UniqueFd());
}

TEST(UniqueFd, AReleasedOneStaysOpen) {
  int number = -1;
  {
    UniqueFd fd = open_null();
    number = fd.release();
    EXPECT_FALSE(fd);
  }
  ASSERT_TRUE(is_open(number));
  const UniqueFd owner(number);
}

}  // namespace
}  // namespace fairlead
