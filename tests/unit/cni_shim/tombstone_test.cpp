#include "cni-shim/tombstone.h"

#include <gtest/gtest.h>

#include "tests/unit/cni_shim/shim_support.h"

namespace fairlead::cni {
namespace {

class Tombstone : public ShimTest {};

TEST_F(Tombstone, NameTellsAttachmentsApartAndIsAFileName) {
  EXPECT_EQ(tombstone_name({"web", "c1", "eth0"}), "web.c1.eth0.json");
  EXPECT_EQ(tombstone_name({"a/b", "c 1", "eth%"}), "a%2Fb.c%201.eth%25.json");
  const std::string id(255, 'x');
  EXPECT_LE(tombstone_name({"web", id, "eth0"}).size(), 255U);
  EXPECT_NE(tombstone_name({"web", id, "eth0"}), tombstone_name({"web", id, "eth1"}));
}

TEST_F(Tombstone, IsWrittenWholeAndAlone) {
  for (int twice = 0; twice < 2; ++twice) {
    const auto done = leave_tombstone(dir_.path(), {"web", "c1", "eth0"}, "body");
    ASSERT_TRUE(done) << done.error().message;
  }
  EXPECT_EQ(content(dir_ / "detached/web.c1.eth0.json"), "body");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_ / "detached"), {}), 1);
}

TEST_F(Tombstone, SaysWhereItCouldNotBeLeft) {
  std::ofstream(dir_ / "file") << "x";
  const auto done = leave_tombstone(dir_ / "file", {"web", "c1", "eth0"}, "body");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::io);
  EXPECT_NE(done.error().message.find(dir_ / "file"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::cni
