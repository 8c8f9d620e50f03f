// /v1/ports and what changes it.
#include <gtest/gtest.h>

#include <future>

#include "api/api.h"
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::api {
namespace {

class PortsApiTest : public test::EngineTest {
 protected:
  http::Response call(const std::string& verb, const std::string& target,
                      const std::string& body = {}) {
    std::promise<http::Response> answer;
    api_.handle({.method = verb, .target = target, .body = body},
                [&](http::Response response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }

  void expect(const http::Response& response, const std::string& part) {
    EXPECT_EQ(response.status, 200U) << response.body;
    EXPECT_NE(response.body.find(part), std::string::npos) << part << "\nin " << response.body;
  }

  void publish(const char* address, std::uint16_t port, std::uint16_t count = 1) {
    engine.state.endpoints.at(kEndpoint).ports.push_back(
        {.protocol = Protocol::tcp,
         .host_address = test::addr(address),
         .host_port = port,
         .container_address = test::addr("192.0.2.2"),
         .container_port = port,
         .count = count});
  }

  WorkQueue queue_;
  Api api_{engine, queue_, {.version = "1.2.3", .host = "h1", .configured = {}}};
};

TEST_F(PortsApiTest, APortSaysWhoMayReachItAndWhoSaidSo) {
  with_endpoint();
  publish("198.18.0.1", 443);
  publish("127.0.0.1", 444);
  engine.state.networks.at(kNetwork).publish.allow = {test::prefix("10.0.0.0/8")};

  const auto ports = call("GET", "/v1/ports");

  expect(ports, R"("exposure":{"allow":["10.0.0.0/8"],"except":[],"from":"network",)"
                R"("reach":"limited"},"host_address":"198.18.0.1")");
  expect(ports, R"("reach":"this host"},"host_address":"127.0.0.1")");
  expect(call("GET", "/v1/status"),
         R"("exposure":{"everyone":0,"limited":1,"nobody":0,"this_host":1})");
  expect(call("GET", "/v1/status"), R"("host_rules":false)");
}

TEST_F(PortsApiTest, AnsweredIsWhatWasChangedOnly) {
  with_endpoint();
  publish("198.18.0.1", 443);
  publish("198.18.0.1", 8080);

  const auto changed =
      call("POST", "/v1/ports/allow", R"({"ports":"443","sources":["10.0.0.0/8","::1"]})");

  expect(changed, R"("from":"run time")");
  expect(changed, R"("schema":"fairlead.ports/v1")");
  EXPECT_EQ(changed.body.find("8080"), std::string::npos) << changed.body;
  EXPECT_EQ(engine.state.port_rules.size(), 1U);
  expect(call("POST", "/v1/ports/deny", R"({"ports":"443/tcp"})"), R"("reach":"nobody")");
  expect(call("POST", "/v1/ports/reset", R"({"ports":"443/tcp"})"), R"("reach":"everyone")");
  EXPECT_TRUE(engine.state.port_rules.empty());
}

TEST_F(PortsApiTest, ARangeWhosePortsDifferIsSeveralRows) {
  with_endpoint();
  publish("198.18.0.1", 20000, 5000);
  expect(call("GET", "/v1/ports"), R"("count":5000)");

  expect(call("POST", "/v1/ports/deny", R"({"ports":"20100-20199"})"), R"("count":100)");

  const auto ports = call("GET", "/v1/ports");
  expect(ports, R"("container_port":20200,"count":4800)");
}

TEST_F(PortsApiTest, RulesOfAPortThatNobodyPublishesAreShown) {
  expect(call("POST", "/v1/ports/deny", R"({"ports":"[2001:db8::1]:443-450/udp"})"),
         R"("rules":[{"count":8,"exposure":{"allow":[],"except":[],"from":"run time",)"
         R"("reach":"nobody"},"host_address":"2001:db8::1","host_port":443,"protocol":"udp",)"
         R"("published":false}])");
}

TEST_F(PortsApiTest, WrongBodiesAreRefusedInWords) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{}", "\\\"ports\\\" is missing"},
      {R"({"ports":443})", "unknown or no string"},
      {R"({"ports":"http"})", "is no port of the host"},
      {R"({"ports":"443","sources":"::/0"})", "is not an array"},
      {R"({"ports":"443","sources":[7]})", "not a string"},
      {R"({"ports":"443","sources":["friends"]})", "neither an address nor a prefix"},
      {R"({"ports":"443","who":"me"})", "unknown or no string"}};
  for (const auto& [body, message] : wrong) {
    const auto response = call("POST", "/v1/ports/allow", body);
    EXPECT_EQ(response.status, 400U) << body;
    EXPECT_NE(response.body.find(message), std::string::npos) << response.body;
  }
  EXPECT_EQ(call("POST", "/v1/ports/reset", R"({"ports":"443","sources":["::/0"]})").status, 400U);
  EXPECT_EQ(call("GET", "/v1/ports/reset").status, 405U);
}

}  // namespace
}  // namespace fairlead::api
