#include "etcd/convert.h"

#include <gtest/gtest.h>

namespace fairlead::etcd {
namespace {

TEST(Convert, ThePrefixEndsBeforeTheNextKeyThatDoesNotBeginWithIt) {
  EXPECT_EQ(end_of_prefix("/a/"), "/a0");
  EXPECT_EQ(end_of_prefix("a\xff"), "b");
  EXPECT_EQ(end_of_prefix("a\x7f"), "a\x80");
  EXPECT_EQ(end_of_prefix("\xff\xff"), std::string(1, '\0'));
  EXPECT_EQ(end_of_prefix(""), std::string(1, '\0'));
  EXPECT_EQ(start_of_prefix(""), std::string(1, '\0'));
  EXPECT_EQ(start_of_prefix("a"), "a");
}

TEST(Convert, AnAlarmNamesItsMemberAsEtcdctlDoes) {
  EXPECT_EQ(to_alarm("memberID:10276657743932975437 alarm:NOSPACE "),
            "NOSPACE on member 8e9e05c52164694d");
  EXPECT_EQ(to_alarm("memberID:1 alarm:CORRUPT"), "CORRUPT on member 1");
  EXPECT_EQ(to_alarm("memberID:x alarm:NOSPACE"), "memberID:x alarm:NOSPACE");
  EXPECT_EQ(to_alarm("etcdserver: no leader"), "etcdserver: no leader");
}

}  // namespace
}  // namespace fairlead::etcd
