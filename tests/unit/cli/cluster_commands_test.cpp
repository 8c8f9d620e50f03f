#include "cli/cluster_commands.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/cli/fake_daemon.h"

namespace fairlead::cli {
namespace {

constexpr const char* kIn =
    R"({"schema":"x","cluster":"default","node":"h1","etcd":["http://a:1","http://b:1"],)"
    R"("connected":true,"alarm":"","configured":false})";
constexpr const char* kInNone = R"({"schema":"x","cluster":null,"configured":true})";

class ClusterCommandsTest : public CommandLineTest {
 protected:
  Ran cluster(std::vector<const char*> words) {
    words.insert(words.begin(), {"--socket", path_.c_str(), "cluster"});
    return fairlead(words);
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return dir_ / name;
  }
};

TEST_F(ClusterCommandsTest, InitSendsWhatWasSaidAndTellsHowToJoin) {
  answer(200, kIn);

  const Ran ran = cluster({"init", "--etcd", "http://a:1,http://b:1", "--node=h1", "--port", "4796",
                           "--underlay", "192.0.2.1,2001:db8::1", "--no-mirror"});

  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(asked_.method, "POST");
  EXPECT_EQ(asked_.target, "/v1/cluster/init");
  EXPECT_EQ(asked_.body,
            R"({"etcd":["http://a:1","http://b:1"],"mirror":false,"node":"h1","port":4796,)"
            R"("underlay":["192.0.2.1","2001:db8::1"]})");
  EXPECT_NE(ran.out.find("fairlead cluster join --etcd http://a:1,http://b:1\n"), std::string::npos)
      << ran.out;
}

TEST_F(ClusterCommandsTest, WithoutFlagsTheDaemonTakesItsConfiguration) {
  answer(200, kIn);

  const Ran ran = cluster({"join"});

  EXPECT_EQ(asked_.body, "{}");
  EXPECT_EQ(ran.out, "This host is h1 in cluster default.\n");
}

TEST_F(ClusterCommandsTest, FilesAreNamedSoThatTheDaemonFindsThem) {
  answer(200, kIn);

  cluster({"join", "--ca", "pki/../ca.pem", "--key", "/pki/h1.key"});

  const std::string here = std::filesystem::current_path().string();
  EXPECT_NE(asked_.body.find("\"ca\":\"" + here + "/ca.pem\""), std::string::npos) << asked_.body;
  EXPECT_NE(asked_.body.find(R"("key":"/pki/h1.key")"), std::string::npos) << asked_.body;
}

TEST_F(ClusterCommandsTest, PasswordIsTheFirstLineOfItsFile) {
  answer(200, kIn);
  const std::string password = file("password", "secret\nnot this\n");

  cluster({"join", "--user", "root", "--password-file", password.c_str()});

  EXPECT_EQ(asked_.body, R"({"password":"secret","user":"root"})");
}

TEST_F(ClusterCommandsTest, PasswordFileThatIsNotThereIsSaidAndNothingIsAsked) {
  answer(200, kIn);

  const Ran ran = cluster({"join", "--user", "root", "--password-file", "/nonexistent/p"});

  EXPECT_EQ(ran.code, kWarning);
  EXPECT_NE(ran.err.find("/nonexistent/p"), std::string::npos);
  EXPECT_EQ(asked_.body, "");
}

TEST_F(ClusterCommandsTest, LeavingWarnsOfTheConfigurationThatJoinsAgain) {
  answer(200, kInNone);

  const Ran ran = cluster({"leave", "--force"});

  EXPECT_EQ(asked_.target, "/v1/cluster/leave");
  EXPECT_EQ(asked_.body, R"({"force":true})");
  EXPECT_NE(ran.out.find("Remove section [cluster]"), std::string::npos) << ran.out;
}

TEST_F(ClusterCommandsTest, ForgetNamesTheHost) {
  answer(200, kIn);

  const Ran ran = cluster({"forget", "h3"});

  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(asked_.body, R"({"force":false,"host":"h3"})");
  EXPECT_EQ(cluster({"forget"}).code, kUsage);
}

TEST_F(ClusterCommandsTest, ARefusalIsShownAsTheDaemonSaysIt) {
  answer(409, R"({"schema":"x","error":"h3 is alive"})");

  const Ran ran = cluster({"forget", "h3"});

  EXPECT_EQ(ran.code, kWarning);
  EXPECT_EQ(ran.err, "fairleadd: h3 is alive\n");
}

TEST_F(ClusterCommandsTest, ExportPrintsTheDocumentAsItIs) {
  answer(200, R"({"keys":{"a":"b"}})");

  const Ran ran = cluster({"export"});

  EXPECT_EQ(asked_.method, "GET");
  EXPECT_EQ(asked_.target, "/v1/cluster/export");
  EXPECT_EQ(ran.out, "{\"keys\":{\"a\":\"b\"}}\n");
}

TEST_F(ClusterCommandsTest, ImportSendsTheFile) {
  answer(200, kInNone);
  const std::string exported = file("cluster.json", R"({"keys":{}})");

  EXPECT_EQ(cluster({"import", exported.c_str()}).code, kOk);
  EXPECT_EQ(asked_.target, "/v1/cluster/import");
  EXPECT_EQ(asked_.body, R"({"keys":{}})");

  EXPECT_EQ(cluster({"import", "/nonexistent/f"}).code, kWarning);
}

TEST_F(ClusterCommandsTest, AcceptAsks) {
  answer(200, kIn);

  EXPECT_EQ(cluster({"accept"}).code, kOk);
  EXPECT_EQ(asked_.target, "/v1/cluster/accept");
}

TEST_F(ClusterCommandsTest, StatusOfAHostInNoneSaysHowToBeInOne) {
  answer(200, kInNone);

  const Ran ran = cluster({"status"});

  EXPECT_EQ(asked_.target, "/v1/cluster");
  EXPECT_EQ(ran.code, kOk);
  EXPECT_NE(ran.out.find("fairlead cluster join --etcd URL"), std::string::npos) << ran.out;
}

TEST_F(ClusterCommandsTest, StatusThatIsNotWellIsItsExitCode) {
  answer(200, R"({"schema":"x","cluster":"default","node":"h1","connected":false})");

  EXPECT_EQ(cluster({"status"}).code, kWarning);
  const Ran ran = cluster({"status", "-o", "json"});
  EXPECT_EQ(ran.code, kWarning);
  EXPECT_NE(ran.out.find("\"connected\": false"), std::string::npos) << ran.out;
}

TEST_F(ClusterCommandsTest, WrongArgumentsAreUsageErrors) {
  EXPECT_EQ(cluster({}).code, kUsage);
  EXPECT_EQ(cluster({"fly"}).code, kUsage);
  EXPECT_EQ(cluster({"join", "--port", "0"}).code, kUsage);
  EXPECT_EQ(cluster({"leave", "now"}).code, kUsage);
}

}  // namespace
}  // namespace fairlead::cli
