// Every reason is produced by some packet test, or is excused here in words. Runs after the
// other tests of this folder, which leave their reasons in FAIRLEAD_REASONS_FOLDER.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "bpf_program.h"
#include "require.h"

namespace fairlead::test {
namespace {

// What a test run cannot show, and why.
const std::map<fl_reason, const char*> kExcused = {
    {FL_OK, "means that no verdict was made; never counted"},
    {FL_FORWARD_SHORTCUT, "is of sockets, which have no test run: tests/netns/test_shortcut.py"},
    {FL_DROP_REDIRECT, "needs a helper that fails for want of memory in the kernel"},
};

std::map<fl_reason, std::string> reasons_by_test() {
  std::map<fl_reason, std::string> seen;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(FAIRLEAD_REASONS_FOLDER, none)) {
    std::ifstream in(file.path());
    for (int number = 0; in >> number;) {
      seen[static_cast<fl_reason>(number)] = file.path().filename();
    }
  }
  return seen;
}

TEST(ReasonsTest, EveryReasonIsProducedBySomeTest) {
  const auto seen = reasons_by_test();
  if (seen.empty()) FAIRLEAD_CANNOT_RUN("no packet test has run: run ctest -L bpf as root");

#define FL_CHECK(name, number, text, advice)                            \
  EXPECT_TRUE(seen.contains(name) || kExcused.contains(name))           \
      << #name " (\"" text "\"): write a packet test that produces it"; \
  EXPECT_FALSE(seen.contains(name) && kExcused.contains(name))          \
      << #name " is produced by " << seen.at(name) << ": take its excuse away";
  FL_REASONS(FL_CHECK)
#undef FL_CHECK
}

}  // namespace
}  // namespace fairlead::test
