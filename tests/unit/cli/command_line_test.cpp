#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/unit/cli/fake_daemon.h"

namespace fairlead::cli {
namespace {

TEST_F(CommandLineTest, SaysHowToStartADaemonThatIsAway) {
  const Ran ran = fairlead({"--socket", path_.c_str(), "networks"});

  EXPECT_EQ(ran.code, kAway);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(ran.err.starts_with("fairleadd does not answer on " + path_ +
                                  ": start it with systemctl start fairlead"))
      << ran.err;
}

TEST_F(CommandLineTest, AsksForTheNounAndPrintsATable) {
  answer(200, R"({"schema":"x","ports":[]})");

  const Ran ran = fairlead({"ports", "--socket", path_.c_str()});

  EXPECT_EQ(asked_.target, "/v1/ports");
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.out, "no published ports\n");
}

TEST_F(CommandLineTest, PrintsTheDocumentItselfAsJson) {
  answer(200, R"({"schema":"x","ports":[]})");

  EXPECT_EQ(fairlead({"--socket", path_.c_str(), "ports", "-o", "json"}).out,
            "{\n  \"ports\": [],\n  \"schema\": \"x\"\n}\n");
}

TEST_F(CommandLineTest, StatusThatIsNotWellIsItsExitCode) {
  answer(200, R"({"schema":"x","state":"warning","warnings":["w"]})");

  const Ran ran = fairlead({"status", "--socket", path_.c_str()});

  EXPECT_EQ(ran.code, kWarning);
  EXPECT_NE(ran.out.find("Warning:    w"), std::string::npos);
}

TEST_F(CommandLineTest, TheDaemonsOwnErrorIsShown) {
  answer(500, R"({"schema":"x","error":"map fl_drops: gone"})");

  const Ran ran = fairlead({"drops", "--socket", path_.c_str()});

  EXPECT_EQ(ran.code, kWarning);
  EXPECT_EQ(ran.err, "fairleadd: map fl_drops: gone\n");
}

TEST_F(CommandLineTest, TeardownWantsToBeMeant) {
  const Ran ran = fairlead({"teardown", "--socket", path_.c_str()});

  EXPECT_EQ(ran.code, kUsage);
  EXPECT_NE(ran.err.find("--all"), std::string::npos);
}

TEST_F(CommandLineTest, TeardownRefusesWhileADaemonAnswers) {
  answer(200, R"({"schema":"x"})");

  const Ran ran = fairlead({"teardown", "--all", "--socket", path_.c_str(), "--pin-dir",
                            "/nonexistent", "--state-dir", dir_.path().c_str()});

  EXPECT_EQ(ran.code, kWarning);
  EXPECT_NE(ran.err.find("stop it first"), std::string::npos) << ran.err;
}

TEST_F(CommandLineTest, TeardownDryRunRemovesNothing) {
  std::ofstream(dir_ / "state.db") << "precious";

  const Ran ran = fairlead({"teardown", "--all", "--dry-run", "--socket", path_.c_str(),
                            "--pin-dir", "/nonexistent", "--state-dir", dir_.path().c_str()});

  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_NE(ran.out.find("would remove file " + (dir_ / "state.db")), std::string::npos) << ran.out;
  EXPECT_TRUE(std::filesystem::exists(dir_ / "state.db"));
}

TEST(CommandLine, WrongArgumentsAreUsageErrors) {
  EXPECT_EQ(fairlead({}).code, kUsage);
  EXPECT_EQ(fairlead({"fly"}).code, kUsage);
  EXPECT_EQ(fairlead({"ports", "-o", "yaml"}).code, kUsage);
  EXPECT_EQ(fairlead({"--help"}).code, kOk);
}

// Words of a --help text that begin a line: options, subcommands.
std::set<std::string> words_of_help(const std::string& help) {
  std::set<std::string> out;
  static const std::regex kWord(R"((?:^|\n)  (?:-\w,)?(--[a-z-]+|[a-z]+)\b)");
  for (auto match = std::sregex_iterator(help.begin(), help.end(), kWord);
       match != std::sregex_iterator(); ++match)
    out.insert((*match)[1]);
  return out;
}

TEST(CommandLine, CompletionKnowsEveryWordOfTheHelp) {
  std::ostringstream completion;
  completion << std::ifstream(COMPLETION_FILE).rdbuf();
  const std::string known = completion.str();
  const auto top = words_of_help(fairlead({"--help"}).out);
  ASSERT_TRUE(top.contains("networks"));
  ASSERT_TRUE(top.contains("--socket"));

  for (const std::string& word : top) {
    EXPECT_NE(known.find(word), std::string::npos) << word;
    if (word.starts_with("--")) continue;
    for (const std::string& option : words_of_help(fairlead({word.c_str(), "--help"}).out)) {
      EXPECT_NE(known.find(option), std::string::npos) << word << " " << option;
      if (option.starts_with("--")) continue;
      const Ran verb = fairlead({word.c_str(), option.c_str(), "--help"});
      for (const std::string& third : words_of_help(verb.out))
        EXPECT_NE(known.find(third), std::string::npos) << word << " " << option << " " << third;
    }
  }
}

}  // namespace
}  // namespace fairlead::cli
