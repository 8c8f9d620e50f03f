#include "daemon/cgroup.h"

#include <gtest/gtest.h>

namespace fairlead::daemon {
namespace {

TEST(Cgroup, IsFoundWhereVersionTwoIsMounted) {
  EXPECT_EQ(find_cgroup_mount("tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
                              "cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n"
                              "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"),
            "/sys/fs/cgroup/unified");
  EXPECT_EQ(find_cgroup_mount("proc /proc proc rw 0 0\n"), "");
}

TEST(Cgroup, CanBeSwitchedOffOrNamed) {
  EXPECT_EQ(find_cgroup("off"), "");
  EXPECT_EQ(find_cgroup("/sys/fs/cgroup/x"), "/sys/fs/cgroup/x");
}

}  // namespace
}  // namespace fairlead::daemon
