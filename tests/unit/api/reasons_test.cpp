#include "api/reasons.h"

#include <gtest/gtest.h>

#include <set>

#include "bpf/shared/reason.h"

namespace fairlead::api {
namespace {

TEST(Reasons, NameTextAndAdviceAreThoseOfTheSharedTable) {
  const Reason icc = find_reason(FL_DROP_ICC);

  EXPECT_EQ(icc.name, "DROP_ICC");
  EXPECT_EQ(icc.text, "network has enable_icc=false");
  EXPECT_FALSE(icc.advice.empty());
}

TEST(Reasons, AnUnknownNumberIsKeptAndSaidToBeUnknown) {
  EXPECT_EQ(find_reason(127).number, 127U);
  EXPECT_EQ(find_reason(127).name, "UNKNOWN");
}

TEST(Reasons, NumbersAndNamesAreUniqueAndInRange) {
  std::set<std::uint32_t> numbers;
  std::set<std::string_view> names;
  for (const Reason& reason : reasons()) {
    EXPECT_TRUE(numbers.insert(reason.number).second) << reason.name;
    EXPECT_TRUE(names.insert(reason.name).second) << reason.name;
    EXPECT_LT(reason.number, static_cast<std::uint32_t>(FL_REASON_MAX)) << reason.name;
    EXPECT_FALSE(reason.text.empty()) << reason.name;
  }
}

}  // namespace
}  // namespace fairlead::api
