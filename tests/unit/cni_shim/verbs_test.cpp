// Whole runs of the shim as a CNI plugin, against a daemon that says what the test wants.
#include "cni-shim/verbs.h"

#include <gtest/gtest.h>

#include "tests/unit/cni_shim/shim_support.h"

namespace fairlead::cni {
namespace {

using namespace std::chrono_literals;

class Verbs : public ShimTest {
 protected:
  Reply run(const std::string& verb, const std::string& input) const {
    return run_cni(call(verb, input));
  }

  static bool has_code(const Reply& reply, int code) {
    return reply.status == 1 &&
           reply.output.find("\"code\":" + std::to_string(code) + ",") != std::string::npos;
  }
};

TEST_F(Verbs, WithoutACommandItSaysWhatItIs) {
  const Reply reply = run_cni({});
  EXPECT_EQ(reply.status, 0);
  EXPECT_EQ(reply.output, "");
  EXPECT_NE(reply.log.find("0.3.1, 0.4.0, 1.0.0, 1.1.0"), std::string::npos);
}

TEST_F(Verbs, VersionNeedsNothing) {
  EXPECT_EQ(run("VERSION", R"({"cniVersion":"0.4.0"})").output,
            R"({"cniVersion":"0.4.0","supportedVersions":["0.3.1","0.4.0","1.0.0","1.1.0"]})"
            "\n");
  EXPECT_EQ(run("VERSION", "").status, 0);
}

TEST_F(Verbs, AddAttachesWithTheNamespace) {
  daemon({{200, kAttachment}});
  const Reply reply = run("ADD", config());
  ASSERT_EQ(reply.status, 0) << reply.output;
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].target, "/v1/attachments/attach");
  EXPECT_EQ(asked_[0].files.size(), 1U);
  EXPECT_NE(reply.output.find(R"("ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1",)"
                              R"("interface":1}])"),
            std::string::npos)
      << reply.output;
}

TEST_F(Verbs, ARuntimeThatBindsPublishedPortsItselfIsKnownByItsName) {
  daemon({{200, kAttachment}});
  Call from = call("ADD", config());
  for (const char* caller : {"podman", "netavark", "containerd", ""}) {
    from.caller = caller;
    EXPECT_EQ(run_cni(from).status, 0) << caller;
  }
  ASSERT_EQ(asked_.size(), 4U);
  const auto says_so = [this](std::size_t nth) {
    return asked_[nth].body.find(R"("holds_ports":true)") != std::string::npos;
  };
  EXPECT_TRUE(says_so(0) && says_so(1));
  EXPECT_FALSE(says_so(2) || says_so(3));
}

TEST_F(Verbs, TheHostsOwnNamespaceIsRefusedUnasked) {
  daemon({{200, kAttachment}});
  Call own = call("ADD", config());
  own.variables.erase("CNI_NETNS_OVERRIDE");
  EXPECT_TRUE(has_code(run_cni(own), 8));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(Verbs, ADaemonThatIsAwayIsAskedAgainLater) {
  EXPECT_TRUE(has_code(run("ADD", config()), 11));
  EXPECT_TRUE(has_code(run("STATUS", config()), 50));
  EXPECT_TRUE(has_code(run("GC", config(R"(,"cni.dev/valid-attachments":[])")), 100));
  EXPECT_TRUE(has_code(run("CHECK", config()), 100));
}

TEST_F(Verbs, ABusyDaemonIsAskedAgainAtOnce) {
  daemon({{503, R"({"error":"wait","code":"busy"})"}, {200, kAttachment}});
  EXPECT_EQ(run("ADD", config()).status, 0);
  EXPECT_EQ(asked_.size(), 2U);
}

TEST_F(Verbs, ButNotForEver) {
  daemon({{503, R"({"error":"wait","code":"busy"})"}});
  Call late = call("ADD", config());
  late.deadline = std::chrono::steady_clock::now() + 1600ms;
  EXPECT_TRUE(has_code(run_cni(late), 11));
}

TEST_F(Verbs, RefusalsHaveTheirCodes) {
  daemon({{400, R"({"error":"a","code":"invalid_argument"})"},
          {404, R"({"error":"b","code":"not_found"})"},
          {409, R"({"error":"c","code":"conflict"})"},
          {409, R"({"error":"d","code":"already_exists"})"},
          {500, R"({"error":"e","code":"exhausted"})"},
          {500, R"({"error":"f","code":"unsupported"})"},
          {503, R"({"error":"g","code":"unavailable"})"},
          {500, R"({"error":"h","code":"internal"})"},
          {500, "<html>"}});
  for (const int code : {7, 7, 105, 105, 101, 103, 104, 999, 999})
    EXPECT_TRUE(has_code(run("ADD", config()), code)) << code;
}

TEST_F(Verbs, DelWorksWithAsLittleAsThereIs) {
  daemon({{200, "{}"}});
  Call bare = call("DEL", config());
  bare.variables["CNI_NETNS"] = "";
  EXPECT_EQ(run_cni(bare).output, "");
  EXPECT_EQ(run_cni(bare).status, 0);
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_[0].body, R"({"config":"web","container":"c1","interface":"eth0"})");
  EXPECT_EQ(run("DEL", config(R"(,"edited":"since ADD","prevResult":"what")")).status, 0);
}

TEST_F(Verbs, DelLeavesATombstoneForADaemonThatIsAway) {
  const Reply reply = run("DEL", config());
  EXPECT_EQ(reply.status, 0) << reply.output;
  EXPECT_EQ(content(dir_ / "detached/web.c1.eth0.json"),
            R"({"config":"web","container":"c1","interface":"eth0"})");
  EXPECT_NE(reply.log.find("detached"), std::string::npos);
}

TEST_F(Verbs, DelSaysWhatTheDaemonRefuses) {
  daemon({{500, R"({"error":"map full","code":"internal"})"}});
  EXPECT_TRUE(has_code(run("DEL", config()), 999));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "detached"));
}

TEST_F(Verbs, CheckComparesWithTheResult) {
  daemon({{200, kAttachment},
          {200, kAttachment},
          {409, R"({"error":"eth0 is down","code":"conflict"})"}});
  const std::string result =
      R"(,"prevResult":{"interfaces":[{"name":"eth0","sandbox":"/x"}],
                        "ips":[{"address":"10.9.0.5/24"}]})";
  const Reply reply = run("CHECK", config(result));
  EXPECT_EQ(reply.status, 0) << reply.output;
  EXPECT_EQ(reply.output, "");
  EXPECT_EQ(asked_[0].files.size(), 1U);
  EXPECT_TRUE(has_code(run("CHECK", config()), 7));
  const Reply down = run("CHECK", config(result));
  EXPECT_NE(down.output.find("eth0 is down"), std::string::npos);
}

TEST_F(Verbs, GcSaysWhatIsToStayAndReportsWhatFailed) {
  daemon({{200, R"({"removed":1,"problems":[]})"}, {200, R"({"removed":0,"problems":["a","b"]})"}});
  const std::string input =
      config(R"(,"cni.dev/valid-attachments":[{"containerID":"c2","ifname":"eth0"}])");
  EXPECT_EQ(run("GC", input).status, 0);
  EXPECT_EQ(asked_[0].body, R"({"config":"web","valid":[{"container":"c2","interface":"eth0"}]})");
  const Reply failed = run("GC", input);
  EXPECT_TRUE(has_code(failed, 999));
  EXPECT_NE(failed.output.find("a; b"), std::string::npos);
}

TEST_F(Verbs, StatusIsTheDaemons) {
  daemon({{200, R"({"ready":true,"problems":["no fq"]})"},
          {200, R"({"ready":false,"problems":["programs detached"]})"},
          {200, R"({"ready":false,"problems":[]})"}});
  const Reply well = run("STATUS", config());
  EXPECT_EQ(well.status, 0);
  EXPECT_NE(well.log.find("no fq"), std::string::npos);
  EXPECT_TRUE(has_code(run("STATUS", config()), 51));
  EXPECT_TRUE(has_code(run("STATUS", config()), 50));
}

class Ipam : public Verbs {
 protected:
  // Notes the verbs that it is asked.
  void ipam(const std::string& answer) const {
    plugin("ipam", "echo $CNI_COMMAND >> " + (dir_ / "verbs") + "\necho '" + answer + "'");
  }
  std::string with_ipam() const { return config(R"(,"ipam":{"type":"ipam","own":{"a":1}})"); }
  std::string verbs() const { return content(dir_ / "verbs"); }
};

constexpr const char* kLease =
    R"({"cniVersion":"1.1.0","ips":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}]})";

TEST_F(Ipam, AddressesOfAnotherAreGivenToTheDaemon) {
  ipam(kLease);
  daemon({{200, kAttachment}});
  const Reply reply = run("ADD", with_ipam());
  EXPECT_EQ(reply.status, 0) << reply.output;
  EXPECT_NE(asked_[0].body.find(R"("given":[{"address":"10.9.0.5/24")"), std::string::npos);
  EXPECT_EQ(verbs(), "ADD\n");
}

TEST_F(Ipam, LeaseIsGivenBackWhenTheRestFails) {
  ipam(kLease);
  daemon({{409, R"({"error":"taken","code":"conflict"})"}});
  EXPECT_TRUE(has_code(run("ADD", with_ipam()), 105));
  EXPECT_EQ(verbs(), "ADD\nDEL\n");
  ipam("{}");
  EXPECT_TRUE(has_code(run("ADD", with_ipam()), 7));
  EXPECT_EQ(verbs(), "ADD\nDEL\nADD\nDEL\n");
}

TEST_F(Ipam, IsAskedNothingIfTheConfigurationIsWrong) {
  ipam(kLease);
  EXPECT_TRUE(has_code(run("ADD", config(R"(,"ipam":{"type":"ipam"},"typo":1)")), 2));
  EXPECT_EQ(verbs(), "");
}

TEST_F(Ipam, EveryOtherVerbIsForwarded) {
  ipam("");
  daemon({{200, "{}"},
          {200, kAttachment},
          {200, R"({"ready":true})"},
          {200, R"({"removed":0,"problems":[]})"}});
  EXPECT_EQ(run("DEL", with_ipam()).status, 0);
  std::string input = with_ipam();
  input.pop_back();
  EXPECT_EQ(run("CHECK", input + R"(,"prevResult":{"interfaces":[{"name":"eth0","sandbox":"/x"}],
                                     "ips":[{"address":"10.9.0.5/24"}]}})")
                .output,
            "");
  EXPECT_EQ(run("STATUS", with_ipam()).output, "");
  EXPECT_EQ(run("GC", input + R"(,"cni.dev/attachments":[]})").output, "");
  EXPECT_EQ(verbs(), "DEL\nCHECK\nSTATUS\nGC\n");
}

TEST_F(Ipam, IsAskedToForgetEvenIfTheDaemonIsAway) {
  ipam("");
  EXPECT_EQ(run("DEL", with_ipam()).status, 0);
  EXPECT_EQ(verbs(), "DEL\n");
}

TEST_F(Verbs, AResultThatNobodyGotIsTakenBack) {
  daemon({{200, "{}"}});
  take_back(call("ADD", config()));
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].target, "/v1/attachments/detach");
}

}  // namespace
}  // namespace fairlead::cni
