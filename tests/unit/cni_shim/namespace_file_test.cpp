#include "cni-shim/namespace_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/cni_shim/shim_support.h"

namespace fairlead::cni {
namespace {

Code code_of(const std::string& path, bool own_allowed = false) {
  const auto done = open_namespace(path, own_allowed);
  return done ? Code{} : done.error().code;
}

TEST(NamespaceFile, OwnOneIsTakenOnlyIfThatIsMeant) {
  EXPECT_EQ(code_of(kOwn), Code::netns);
  EXPECT_EQ(code_of(kOwn, true), Code{});
}

TEST(NamespaceFile, NothingElseIsANetworkNamespace) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  for (const std::string& path : {std::string("/nonexistent"), std::string("/proc/self/ns/mnt"),
                                  std::string("/dev/null"), std::string("/"), dir / "fifo"})
    EXPECT_EQ(code_of(path, true), Code::netns) << path;
}

}  // namespace
}  // namespace fairlead::cni
