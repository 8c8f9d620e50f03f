#include "engine/backup_codec.h"

#include <gtest/gtest.h>

namespace fairlead::engine {
namespace {

TEST(BackupCodec, WhatIsWrittenIsRead) {
  const Backup written{.cluster = "default",
                       .revision = 4711,
                       .entries = {{"/a", R"({"name":"\"web\""})"}, {"/b", ""}}};

  const auto read = parse_backup(format_backup(written));

  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->cluster, written.cluster);
  EXPECT_EQ(read->revision, written.revision);
  EXPECT_EQ(read->entries, written.entries);
}

TEST(BackupCodec, OtherFilesAreRefused) {
  for (const char* text :
       {"", "[]", "null", "{}", R"({"format":"fairlead cluster export 2","entries":{}})",
        R"({"format":"fairlead cluster export 1"})",
        R"({"format":"fairlead cluster export 1","entries":[]})"}) {
    const auto read = parse_backup(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Errc::invalid_argument);
    EXPECT_NE(read.error().message().find("fairlead cluster export"), std::string::npos);
  }
}

TEST(BackupCodec, EntryThatIsNoTextIsNamed) {
  const auto read =
      parse_backup(R"({"format":"fairlead cluster export 1","entries":{"/a":"x","/b":7}})");

  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message().find("/b"), std::string::npos) << read.error().message();
}

}  // namespace
}  // namespace fairlead::engine
