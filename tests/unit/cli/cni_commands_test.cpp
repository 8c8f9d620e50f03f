// `fairlead cni install | uninstall | show`: which files there are before and after.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/cli/fake_daemon.h"

namespace fairlead::cli {
namespace {

namespace fs = std::filesystem;

class CniCommands : public CommandLineTest {
 protected:
  CniCommands() { std::ofstream(binary_) << "a plugin"; }

  Ran cni(const char* verb, std::vector<const char*> more = {}) {
    std::vector<const char*> arguments{
        "cni", verb, "--dir", dir_of_lists_.c_str(), "--bin-dir", dir_of_plugins_.c_str()};
    if (std::string_view(verb) == "install") {
      for (const char* each : {"--binary", binary_.c_str(), "--socket", path_.c_str()})
        arguments.push_back(each);
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return fairlead(arguments);
  }

  void ready() { answer(200, R"({"ready":true,"problems":[]})"); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(dir_of_lists_);
    std::ofstream(list(name)) << text;
  }

  std::string list(const std::string& name) const { return dir_of_lists_ + "/" + name; }
  std::string plugin() const { return dir_of_plugins_ + "/fairlead-cni"; }

  static std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  std::string dir_of_lists_ = dir_ / "net.d";
  std::string dir_of_plugins_ = dir_ / "bin";
  std::string binary_ = dir_ / "built";
};

TEST_F(CniCommands, InstallWritesThePluginAndTheList) {
  ready();
  const Ran ran = cni("install", {"--subnet", "10.9.0.0/24", "--ipv6-subnet", "auto"});
  ASSERT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(asked_.target, "/v1/attachments/ready");
  EXPECT_EQ(ran.out,
            "wrote " + plugin() + "\nwrote " + list("87-fairlead-fairlead.conflist") + "\n");
  EXPECT_EQ(content(plugin()), "a plugin");
  EXPECT_EQ(fs::status(plugin()).permissions(), static_cast<fs::perms>(0755));
  const std::string text = content(list("87-fairlead-fairlead.conflist"));
  EXPECT_NE(text.find(R"("portMappings": true)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("subnet": "10.9.0.0/24")"), std::string::npos);
  EXPECT_NE(text.find(R"("ipv6": true)"), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_of_lists_), {}), 1) << "nothing half-written";
}

TEST_F(CniCommands, InstallAgainReplacesAndChangesTheOrder) {
  ready();
  ASSERT_EQ(cni("install", {"--name", "web"}).code, kOk);
  ASSERT_EQ(cni("install", {"--name", "web", "--default", "--internal"}).code, kOk);
  EXPECT_FALSE(fs::exists(list("87-fairlead-web.conflist")));
  EXPECT_NE(content(list("05-fairlead-web.conflist")).find("internal"), std::string::npos);
}

TEST_F(CniCommands, InstallNeedsADaemonThatIsReady) {
  EXPECT_EQ(cni("install").code, kAway);
  answer(200, R"({"ready":false,"problems":["no BPF"]})");
  const Ran ran = cni("install");
  EXPECT_EQ(ran.code, kWarning);
  EXPECT_NE(ran.err.find("no BPF"), std::string::npos) << ran.err;
  EXPECT_FALSE(fs::exists(dir_of_lists_));
}

TEST_F(CniCommands, WhatIsNotOursStays) {
  ready();
  const std::string other = R"({"name":"web","plugins":[{"type":"bridge"}]})";
  write("10-web.conflist", other);
  EXPECT_EQ(cni("install", {"--name", "web"}).code, kWarning);
  EXPECT_EQ(cni("uninstall", {"--name", "web"}).code, kWarning);
  EXPECT_EQ(content(list("10-web.conflist")), other);
  write("87-fairlead-x.conflist", "mine");
  EXPECT_EQ(cni("install", {"--name", "x"}).code, kWarning);
  EXPECT_EQ(content(list("87-fairlead-x.conflist")), "mine");
  write("20-own.conflist", R"({"name":"own","plugins":[{"type":"fairlead-cni"}]})");
  EXPECT_EQ(cni("uninstall", {"--name", "own"}).code, kWarning) << "written by hand";
}

TEST_F(CniCommands, UninstallRemovesThePluginWithTheLastList) {
  ready();
  ASSERT_EQ(cni("install", {"--name", "a"}).code, kOk);
  ASSERT_EQ(cni("install", {"--name", "b"}).code, kOk);
  ASSERT_EQ(cni("uninstall", {"--name", "a"}).code, kOk);
  EXPECT_TRUE(fs::exists(plugin()));
  const Ran last = cni("uninstall", {"--name", "b"});
  EXPECT_EQ(last.out, "removed " + list("87-fairlead-b.conflist") + "\nremoved " + plugin() + "\n");
  EXPECT_FALSE(fs::exists(plugin()));
  EXPECT_EQ(cni("uninstall", {"--name", "b"}).code, kWarning);
}

TEST_F(CniCommands, ShowListsOursOnly) {
  ready();
  ASSERT_EQ(cni("install", {"--network", "shop"}).code, kOk);
  write("10-web.conflist", R"({"name":"web","plugins":[{"type":"bridge"}]})");
  const Ran ran = cni("show");
  EXPECT_EQ(ran.code, kOk);
  EXPECT_NE(ran.out.find("fairlead   shop"), std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find("web"), std::string::npos);
  EXPECT_NE(ran.out.find("Plugin: " + plugin()), std::string::npos);
  EXPECT_NE(cni("show", {"-o", "json"}).out.find(R"("network": "shop")"), std::string::npos);
  fs::remove(plugin());
  EXPECT_EQ(cni("show").code, kWarning) << "runtimes would not find it";
}

TEST_F(CniCommands, NamesAreWhatRuntimesTake) {
  EXPECT_EQ(cni("install", {"--name", "../x"}).code, kUsage);
  EXPECT_EQ(cni("install", {"--name", ""}).code, kUsage);
}

}  // namespace
}  // namespace fairlead::cli
