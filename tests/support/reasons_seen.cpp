#include "reasons_seen.h"

#include <errno.h>  // program_invocation_short_name
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace fairlead::test {
namespace {

std::set<int>& seen() {
  static std::set<int> reasons;
  return reasons;
}

class WriteAtEnd : public ::testing::Environment {
 public:
  void TearDown() override {
    std::error_code error;
    if (seen().empty()) return;  // all skipped, perhaps by a user who may not write there
    std::filesystem::create_directories(FAIRLEAD_REASONS_FOLDER, error);
    const auto path =
        std::filesystem::path(FAIRLEAD_REASONS_FOLDER) / program_invocation_short_name;
    std::ofstream file(path);
    for (const int reason : seen()) file << reason << "\n";
    EXPECT_TRUE(file.flush()) << "cannot write " << path;
  }
};

[[maybe_unused]] auto* const kRegistered = ::testing::AddGlobalTestEnvironment(new WriteAtEnd);

}  // namespace

void reason_seen(fl_reason reason) { seen().insert(static_cast<int>(reason)); }

}  // namespace fairlead::test
