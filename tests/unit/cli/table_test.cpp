#include "cli/table.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCellAndLinesEndWithoutBlanks) {
  EXPECT_EQ(render({.header = {"NAME", "ID"}, .rows = {{"a", "1"}, {"longer", "22"}}}),
            "NAME     ID\n"
            "a        1\n"
            "longer   22\n");
}

TEST(Table, WithoutRowsTheHeaderIsLeft) {
  EXPECT_EQ(render({.header = {"NAME", "ID"}, .rows = {}}), "NAME   ID\n");
}

}  // namespace
}  // namespace fairlead::cli
