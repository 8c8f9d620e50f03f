#include "api/api.h"

#include <gtest/gtest.h>

#include <future>

#include "bpf/shared/reason.h"
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::api {
namespace {

class ApiTest : public test::EngineTest {
 protected:
  http::Response get(const std::string& target, const std::string& verb = "GET") {
    std::promise<http::Response> answer;
    api_.handle({.method = verb, .target = target},
                [&](http::Response response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }

  void expect(const std::string& target, const std::string& part) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 200U) << target;
    EXPECT_NE(response.body.find(part), std::string::npos) << part << "\nin " << response.body;
  }

  WorkQueue queue_;
  Api api_{engine, queue_, {.version = "1.2.3", .host = "h1", .configured = {}}};
};

TEST_F(ApiTest, EveryDocumentSaysItsSchema) {
  for (const char* noun :
       {"status", "networks", "endpoints", "ports", "drops", "ipam", "peers", "cluster", "version"})
    expect("/v1/" + std::string(noun), R"("schema":"fairlead.)" + std::string(noun) + "/v1\"");
}

TEST_F(ApiTest, NetworksAreShownByTheNameThatTheOrchestratorGaveThem) {
  with_network();
  engine.state.network_names[kNetwork] = "shop";

  expect("/v1/networks", R"("name":"shop")");
  expect("/v1/networks", R"("ipv4":{"gateway":"192.0.2.1","pool":"192.0.2.0/24"},"ipv6":null)");
}

TEST_F(ApiTest, EndpointsAndPortsAreShown) {
  with_endpoint();
  ASSERT_TRUE(engine::publish(
      engine, kNetwork, kEndpoint,
      {{.container_port = 80, .host_address = test::addr("127.0.0.1"), .host_port_first = 0}}));

  expect("/v1/endpoints", R"("ipv4":"192.0.2.2/24")");
  expect("/v1/endpoints", R"("rate":null)");
  engine.state.networks.at(kNetwork).rate.egress = 10'000'000;
  expect("/v1/endpoints",
         R"("rate":{"egress":10000000,"egress_burst":0,"ingress":0,"ingress_burst":0})");
  expect("/v1/ports", R"("container_address":"192.0.2.2","container_port":80)");
  expect("/v1/ports", R"("host_address":"127.0.0.1")");
}

TEST_F(ApiTest, DropsCarryNumberNameTextAdviceAndTheNetworksName) {
  with_network();
  engine.state.network_names[kNetwork] = "shop";
  datapath.all_counters = {{.network = engine.state.networks.at(kNetwork).id,
                            .reason = FL_DROP_ICC,
                            .packets = 7,
                            .bytes = 700}};

  expect("/v1/drops", R"("advice":"publish a port)");
  expect("/v1/drops", R"("bytes":700,"name":"DROP_ICC","network":"shop","packets":7,"reason":72)");
}

TEST_F(ApiTest, PoolsShowHowFullTheyAre) {
  const auto pool = engine::request_pool(
      engine, {.pool = {.space = "local", .prefix = test::prefix("192.0.2.0/24")}});
  ASSERT_TRUE(pool);
  ASSERT_TRUE(engine::request_address(engine, pool->id, {}, ipam::Use::gateway));

  expect("/v1/ipam", R"("pool":"192.0.2.0/24","range":null,"size":254,"space":"local","used":1)");
}

TEST_F(ApiTest, WarningsMakeTheStateAWarning) {
  expect("/v1/status", R"("state":"ok")");
  engine.state.warnings.push_back("port of web could not be held again");

  expect("/v1/status", R"("state":"warning")");
  expect("/v1/status", "could not be held again");
}

TEST_F(ApiTest, UnknownPathsAreAnsweredWithTheKnownOnes) {
  const auto response = get("/v1/weather");

  EXPECT_EQ(response.status, 404U);
  EXPECT_NE(response.body.find("/v1/networks"), std::string::npos);
}

TEST_F(ApiTest, ReadingCannotWriteAndWritingCannotRead) {
  EXPECT_EQ(get("/v1/networks", "POST").status, 405U);
  EXPECT_EQ(get("/v1/cluster/leave", "GET").status, 405U);
  EXPECT_NE(get("/v1/cluster/leave").body.find("takes POST only"), std::string::npos);
}

TEST_F(ApiTest, NetworksSayWhetherHostsShareThem) {
  with_network();
  expect("/v1/networks", R"("shared":null,"shortcut":false,"vni":null)");

  engine.state.networks.at(kNetwork).shared = "cafe";
  engine.state.networks.at(kNetwork).id = 65536;
  expect("/v1/networks", R"("shared":"cafe","shortcut":false,"vni":65536)");
}

}  // namespace
}  // namespace fairlead::api
