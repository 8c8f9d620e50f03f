// `fairlead ports [allow | deny | reset]`: what is asked, what is shown.
#include <gtest/gtest.h>

#include "cli/codec.h"
#include "tests/unit/cli/fake_daemon.h"

namespace fairlead::cli {
namespace {

// A document /v1/ports with one port of this exposure.
std::string with_exposure(const std::string& exposure) {
  return R"({"schema":"x","ports":[{"host_address":"192.0.2.1","host_port":443,"protocol":"tcp",
             "container_address":"10.1.0.2","container_port":80,"count":1,"endpoint":"web",
             "network":"shop","exposure":)" +
         exposure + "}],\"rules\":[]}";
}

// The end of the only row.
std::string shown(const std::string& exposure) {
  const auto text = format_document("ports", with_exposure(exposure));
  EXPECT_TRUE(text) << text.error().message();
  if (!text) return "";
  return text->substr(text->find("shop") + std::string("shop      ").size());
}

TEST(PortsTable, SaysWhoMayReachAPort) {
  EXPECT_EQ(shown(R"({"reach":"everyone","from":"default"})"), "everyone   -\n");
  EXPECT_EQ(shown(R"({"reach":"this host","from":"default"})"), "this host only   -\n");
  EXPECT_EQ(shown(R"({"reach":"nobody","from":"run time"})"), "nobody     run time\n");
  EXPECT_EQ(shown(R"({"reach":"limited","allow":["10.0.0.0/8","192.0.2.7/32","2001:db8::7/128"],
                      "except":["10.1.0.0/16"],"from":"endpoint"})"),
            "10.0.0.0/8, 192.0.2.7, 2001:db8::7 but not 10.1.0.0/16   endpoint\n");
  EXPECT_EQ(shown(R"({"reach":"limited","allow":[],"except":["10.0.0.0/8"],"from":"run time"})"),
            "everyone but 10.0.0.0/8   run time\n");
}

TEST(PortsTable, LongListsAreCutInTheTable) {
  EXPECT_EQ(shown(R"({"reach":"limited","allow":["10.0.0.0/8","11.0.0.0/8","12.0.0.0/8",
                      "13.0.0.0/8"],"except":[],"from":"network"})"),
            "10.0.0.0/8, 11.0.0.0/8, 12.0.0.0/8, 13.0.0.0/8   network\n")
      << "one more is no longer than \"and 1 more\"";
  EXPECT_EQ(shown(R"({"reach":"limited","allow":["10.0.0.0/8","11.0.0.0/8","12.0.0.0/8",
                      "13.0.0.0/8","14.0.0.0/8"],"except":[],"from":"network"})"),
            "10.0.0.0/8, 11.0.0.0/8, 12.0.0.0/8 and 2 more   network\n");
}

TEST(PortsTable, RangesAndRulesWithoutAPortAreShown) {
  const auto text = format_document("ports", R"({"schema":"x","ports":[
      {"host_address":"::","host_port":20000,"protocol":"udp","container_address":"fd00::2",
       "container_port":30000,"count":5000,"endpoint":"voice","network":"shop",
       "exposure":{"reach":"everyone","from":"default"}}],"rules":[
      {"protocol":"tcp","host_address":null,"host_port":443,"count":8,"published":false,
       "exposure":{"reach":"nobody","from":"run time"}},
      {"protocol":"tcp","host_address":"192.0.2.1","host_port":80,"count":1,"published":true,
       "exposure":{"reach":"nobody","from":"run time"}}]})");

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_NE(text->find("[::]:20000-24999   udp        [fd00::2]:30000-34999   voice"),
            std::string::npos)
      << *text;
  EXPECT_NE(text->find("*:443-450          tcp        not published"), std::string::npos) << *text;
  EXPECT_EQ(text->find("192.0.2.1:80"), std::string::npos) << "shown with its port";
}

TEST(PortsTable, AnOlderDaemonsPortsAreShownToo) {
  const auto text = format_document("ports", R"({"schema":"x","ports":[{"host_address":"::",
      "host_port":8080,"protocol":"tcp","container_address":"10.1.0.2","container_port":80,
      "endpoint":"web","network":"shop"}]})");

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_NE(text->find("[::]:8080"), std::string::npos);
}

TEST(Status, CountsPortsByWhoMayReachThem) {
  const auto ports = [](const std::string& status) {
    const auto text = format_document("status", status);
    const auto begin = text->find("Ports:");
    return text->substr(begin, text->find('\n', begin) - begin);
  };
  EXPECT_EQ(ports(R"({"schema":"x","ports":0})"), "Ports:      0");
  EXPECT_EQ(ports(R"({"schema":"x","ports":10,"host_rules":true,
                      "exposure":{"everyone":4,"limited":3,"this_host":2,"nobody":1}})"),
            "Ports:      10: 4 open to everyone, 3 limited, 2 on this host only, 1 closed; the "
            "host's forward rules are asked first");
}

TEST_F(CommandLineTest, AllowAsksForAChangeAndShowsThePort) {
  answer(200, with_exposure(R"({"reach":"limited","allow":["10.0.0.0/8"],"from":"run time"})"));

  const Ran ran = fairlead({"ports", "allow", "192.0.2.1:443/tcp", "10.0.0.0/8,::1", "192.0.2.7",
                            "--socket", path_.c_str()});

  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(asked_.method, "POST");
  EXPECT_EQ(asked_.target, "/v1/ports/allow");
  EXPECT_EQ(asked_.body,
            R"({"ports":"192.0.2.1:443/tcp","sources":["10.0.0.0/8","::1","192.0.2.7"]})");
  EXPECT_NE(ran.out.find("10.0.0.0/8   run time"), std::string::npos) << ran.out;
}

TEST_F(CommandLineTest, ResetOfAPortThatNobodyPublishesSaysSo) {
  answer(200, R"({"schema":"x","ports":[],"rules":[]})");

  const Ran ran = fairlead({"--socket", path_.c_str(), "ports", "reset", "443"});

  EXPECT_EQ(asked_.body, R"({"ports":"443","sources":[]})");
  EXPECT_EQ(ran.out, "443 is not published, and no rules are set for it\n");
}

TEST_F(CommandLineTest, TheChangedPortIsJsonIfThatIsAskedFor) {
  answer(200, R"({"schema":"x","ports":[],"rules":[]})");

  const Ran ran = fairlead({"--socket", path_.c_str(), "ports", "deny", "443", "-o", "json"});

  EXPECT_EQ(asked_.target, "/v1/ports/deny");
  EXPECT_EQ(ran.out, "{\n  \"ports\": [],\n  \"rules\": [],\n  \"schema\": \"x\"\n}\n");
}

TEST_F(CommandLineTest, WhatTheDaemonRefusesIsSaid) {
  answer(400, R"({"schema":"x","error":"\"http\" is no port of the host"})");

  const Ran ran = fairlead({"--socket", path_.c_str(), "ports", "deny", "http"});

  EXPECT_EQ(ran.code, kWarning);
  EXPECT_EQ(ran.err, "fairleadd: \"http\" is no port of the host\n");
}

TEST(CommandLine, VerbsOfPortsWantAPort) {
  EXPECT_EQ(fairlead({"ports", "allow"}).code, kUsage);
  EXPECT_EQ(fairlead({"ports", "reset", "443", "10.0.0.0/8"}).code, kUsage);
  EXPECT_EQ(fairlead({"ports", "close", "443"}).code, kUsage);
  const Ran help = fairlead({"ports", "allow", "--help"});
  EXPECT_EQ(help.code, kOk);
  EXPECT_NE(help.out.find("[ADDRESS:]PORT[-LAST][/PROTOCOL]"), std::string::npos) << help.out;
}

}  // namespace
}  // namespace fairlead::cli
