// /v1/cluster and what is below it, with engines over fakes and a store in memory.
#include <gtest/gtest.h>

#include <future>

#include "api/api.h"
#include "tests/unit/engine/cluster_fixture.h"

namespace fairlead::api {
namespace {

constexpr const char* kEtcd = R"({"etcd":["http://198.18.0.2:2379"]})";

class ApiClusterTest : public testing::Test {
 protected:
  http::Response ask(const std::string& verb, const std::string& what, const std::string& body = "",
                     const std::optional<cluster::Settings>& configured = {}) {
    Api api(*host_.engine, queue_, {.version = "1.2.3", .host = "h1", .configured = configured});
    std::promise<http::Response> answer;
    api.handle({.method = verb, .target = "/v1/" + what, .body = body},
               [&](http::Response response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }

  http::Response post(const std::string& verb, const std::string& body = "") {
    return ask("POST", "cluster/" + verb, body);
  }

  static void expect(const http::Response& response, unsigned status, const std::string& part) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_NE(response.body.find(part), std::string::npos) << part << "\nin " << response.body;
  }

  test::MemoryEtcd etcd_;
  test::ClusterHost host_{"h1", 11, etcd_};
  WorkQueue queue_;
};

TEST_F(ApiClusterTest, AHostInNoClusterSaysSo) {
  expect(ask("GET", "cluster"), 200, R"("cluster":null,"configured":false)");
  EXPECT_EQ(ask("GET", "status").body.find("\"cluster\""), std::string::npos);
  expect(ask("GET", "peers"), 200, R"("peers":[])");
}

TEST_F(ApiClusterTest, InitMakesAClusterAndAnswersWithIt) {
  expect(post("init", kEtcd), 200, R"("cluster":"default")");

  expect(ask("GET", "cluster"), 200, R"("node":"h1")");
  expect(ask("GET", "status"), 200, R"("cluster":{"alarm":"")");
}

TEST_F(ApiClusterTest, WhatTheBodyDoesNotSayIsAsConfigured) {
  cluster::Settings configured = host_.settings();
  configured.name = "west";
  configured.lease = std::chrono::seconds(5);

  expect(ask("POST", "cluster/init", R"({"node":"h7"})", configured), 200, R"("cluster":"west")");

  EXPECT_EQ(host_.engine->cluster->settings.node, "h7");
  EXPECT_EQ(host_.engine->cluster->settings.lease, std::chrono::seconds(5));
  expect(ask("GET", "cluster", "", configured), 200, R"("configured":true)");
}

TEST_F(ApiClusterTest, SettingsThatCannotBeAreBadRequests) {
  expect(post("init", "{}"), 400, "--etcd URL");
  expect(post("init", "etcd"), 400, "no JSON object");
  expect(post("init", R"({"etcd":["here"]})"), 400, "etcd");
  expect(post("init", R"({"ectd":["http://h:1"]})"), 400, R"(unknown field \"ectd\")");
  expect(post("leave", R"({"force":1})"), 400, "true or false");
  expect(post("leave", R"({"forse":true})"), 400, "unknown field");
  expect(post("forget", "{}"), 400, R"(\"host\" must be)");
  expect(post("accept", R"({"now":true})"), 400, "unknown field");
}

TEST_F(ApiClusterTest, ErrorsOfTheEngineHaveTheirStatus) {
  expect(post("join", kEtcd), 404, "cluster init");
  ASSERT_EQ(post("init", kEtcd).status, 200U);
  expect(post("init", kEtcd), 409, "already");
  expect(post("forget", R"({"host":"h1"})"), 409, "is this host");
}

TEST_F(ApiClusterTest, AStoreThatDoesNotAnswerIsUnavailable) {
  host_.engine->settings.connect = [this](const cluster::Settings&) {
    auto client = etcd_.other_host();
    client->down(true);
    return Result<std::unique_ptr<etcd::Client>>(std::move(client));
  };

  EXPECT_EQ(post("init", kEtcd).status, 503U);
}

TEST_F(ApiClusterTest, LeavingIsAnsweredWithNoCluster) {
  ASSERT_EQ(post("init", kEtcd).status, 200U);

  expect(post("leave"), 200, R"("cluster":null)");
}

TEST_F(ApiClusterTest, WhatIsExportedCanBeImported) {
  ASSERT_EQ(post("init", kEtcd).status, 200U);
  std::string exported;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  do {  // once the agent has listed
    host_.hear();
    exported = ask("GET", "cluster/export").body;
  } while (exported.find("meta") == std::string::npos && std::chrono::steady_clock::now() < end);
  ASSERT_NE(exported.find("meta"), std::string::npos) << exported;

  EXPECT_EQ(post("import", exported).status, 409U);  // it is still there
  etcd_.wipe(7);
  const auto imported = post("import", exported);
  EXPECT_EQ(imported.status, 200U) << imported.body;
}

TEST_F(ApiClusterTest, PeersAreShownWithTheirWay) {
  engine::PeerState peer;
  peer.alive = true;
  peer.rtt = std::chrono::microseconds(250);
  peer.written = datapath::Peer{};
  peer.written->remote = test::addr("198.18.0.12");
  peer.last_error = "no route";
  host_.engine->state.peers["h2"] = peer;

  expect(ask("GET", "peers"), 200,
         R"({"address":"198.18.0.12","last_error":"no route","mode":"kernel","name":"h2",)"
         R"("path_mtu":0,"rtt_ms":0.25,"state":"alive"})");

  host_.engine->state.peers["h2"].alive = false;
  expect(ask("GET", "peers"), 200, R"("state":"silent")");
}

}  // namespace
}  // namespace fairlead::api
