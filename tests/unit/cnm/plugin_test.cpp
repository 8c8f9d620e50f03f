#include "cnm/plugin.h"

#include <gtest/gtest.h>

#include <future>

#include "cnm/method.h"
#include "cnm/reader.h"
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::cnm {
namespace {

// The whole way of a call but for the socket: name, queue, codec, engine.
class PluginTest : public test::EngineTest {
 protected:
  http::Response call(const std::string& method, const std::string& body,
                      const std::string& verb = "POST") {
    std::promise<http::Response> answer;
    plugin_.handle({.method = verb, .target = "/" + method, .body = body},
                   [&](http::Response response) { answer.set_value(std::move(response)); });
    return answer.get_future().get();
  }

  std::string ok(const std::string& method, const std::string& body) {
    const auto response = call(method, body);
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.body.find("\"Err\""), std::string::npos) << response.body;
    return response.body;
  }

  std::string refused(const std::string& method, const std::string& body) {
    const auto response = call(method, body);
    EXPECT_EQ(response.status, 200U);
    EXPECT_NE(response.body.find("\"Err\":"), std::string::npos) << response.body;
    EXPECT_NE(response.body.find("\"Error\":"), std::string::npos) << response.body;
    return response.body;
  }

  void make_network() {
    ok("NetworkDriver.CreateNetwork",
       R"({"NetworkID":"n1","Options":{"com.docker.network.generic":{}},
           "IPv4Data":[{"Pool":"192.0.2.0/24","Gateway":"192.0.2.1/24"}],"IPv6Data":[]})");
  }
  std::string make_endpoint() {
    return ok("NetworkDriver.CreateEndpoint",
              R"({"NetworkID":"n1","EndpointID":"e1","Interface":{"Address":"192.0.2.2/24",
                  "AddressIPv6":"","MacAddress":""},"Options":{}})");
  }

  int activations_ = 0;
  int names_ = 0;
  WorkQueue queue_;
  Plugin plugin_{engine, queue_, [this] { ++activations_; }, [this] { ++names_; }};
};

const char* const kRef = R"({"NetworkID":"n1","EndpointID":"e1"})";

TEST_F(PluginTest, NewNetworkAndJoinedContainerAreAReasonToAskForNames) {
  make_network();
  make_endpoint();
  EXPECT_EQ(names_, 1);

  ok("NetworkDriver.Join",
     R"({"NetworkID":"n1","EndpointID":"e1","SandboxKey":"/x","Options":{}})");
  EXPECT_EQ(names_, 2);
}

TEST_F(PluginTest, ActivationNamesBothInterfacesAndIsNoticed) {
  EXPECT_EQ(ok("Plugin.Activate", ""), R"({"Implements":["NetworkDriver","IpamDriver"]})");
  EXPECT_EQ(activations_, 1);
}

TEST_F(PluginTest, CapabilitiesNeedNoBody) {
  EXPECT_EQ(ok("NetworkDriver.GetCapabilities", ""), R"({"ConnectivityScope":"","Scope":"local"})");
  EXPECT_EQ(ok("IpamDriver.GetCapabilities", ""),
            R"({"RequiresMACAddress":false,"RequiresRequestReplay":false})");
  EXPECT_EQ(ok("IpamDriver.GetDefaultAddressSpaces", ""),
            R"({"GlobalDefaultAddressSpace":"global","LocalDefaultAddressSpace":"local"})");
}

TEST_F(PluginTest, EveryMethodWithArgumentsRefusesAnEmptyBodyAndChangesNothing) {
  make_network();
  make_endpoint();
  const int writes = store.applied();
  for (const auto methods : {network_driver_methods(), ipam_driver_methods()})
    for (const Method& method : methods) {
      if (!method.takes_arguments) continue;
      EXPECT_NE(refused(std::string(method.name), " \n").find("without a body"), std::string::npos);
      refused(std::string(method.name), "null");
      refused(std::string(method.name), "[]");
      refused(std::string(method.name), "{\"NetworkID\":");
    }
  EXPECT_EQ(store.applied(), writes);
}

TEST_F(PluginTest, OnlyUnknownMethodsAreNotFound) {
  EXPECT_EQ(call("NetworkDriver.Fly", "{}").status, 404U);
  EXPECT_EQ(call("", "{}").status, 404U);
  EXPECT_EQ(call("NetworkDriver.DeleteNetwork", R"({"NetworkID":"unknown"})").status, 200U);
  EXPECT_EQ(call("NetworkDriver.GetCapabilities", "", "GET").status, 405U);
}

TEST_F(PluginTest, AContainersWholeLifeIsAnswered) {
  make_network();
  const std::string made = make_endpoint();
  EXPECT_NE(made.find("MacAddress"), std::string::npos) << made;
  const std::string joined =
      ok("NetworkDriver.Join", R"({"NetworkID":"n1","EndpointID":"e1","SandboxKey":"/x"})");
  EXPECT_NE(joined.find(R"("Gateway":"192.0.2.1")"), std::string::npos) << joined;
  ok("NetworkDriver.ProgramExternalConnectivity",
     R"({"NetworkID":"n1","EndpointID":"e1","Options":{"com.docker.network.portmap":[
         {"Proto":6,"Port":80,"HostIP":"127.0.0.1","HostPort":0,"HostPortEnd":0}]}})");
  const std::string info = ok("NetworkDriver.EndpointOperInfo", kRef);
  EXPECT_TRUE(Reader::parse(info)) << info;
  EXPECT_NE(info.find(R"("HostIP":"127.0.0.1")"), std::string::npos) << info;
  EXPECT_EQ(info.find(R"("HostPort":0)"), std::string::npos) << info;
  for (const char* method : {"RevokeExternalConnectivity", "Leave", "DeleteEndpoint"})
    ok("NetworkDriver." + std::string(method), kRef);
  ok("NetworkDriver.DeleteNetwork", R"({"NetworkID":"n1"})");
  EXPECT_TRUE(stored().networks.empty());
  EXPECT_TRUE(stored().endpoints.empty());
}

TEST_F(PluginTest, AMacThatDockerGaveIsNotRepeated) {
  make_network();

  EXPECT_EQ(ok("NetworkDriver.CreateEndpoint",
               R"({"NetworkID":"n1","EndpointID":"e1","Interface":{"Address":"192.0.2.2/24",
                   "MacAddress":"02:42:c0:00:02:09"}})"),
            R"({"Interface":{}})");
}

TEST_F(PluginTest, RepeatedAndLateCallsSucceed) {
  make_network();
  make_network();
  make_endpoint();
  make_endpoint();
  for (int i = 0; i < 2; ++i)
    for (const char* method : {"RevokeExternalConnectivity", "Leave", "DeleteEndpoint"})
      ok("NetworkDriver." + std::string(method), kRef);
  EXPECT_EQ(ok("NetworkDriver.EndpointOperInfo", kRef), R"({"Value":{}})");
}

TEST_F(PluginTest, PortsInCreateEndpointAreNotPublished) {
  make_network();
  ok("NetworkDriver.CreateEndpoint",
     R"({"NetworkID":"n1","EndpointID":"e1","Interface":{"Address":"192.0.2.2/24"},
         "Options":{"com.docker.network.portmap":[{"Proto":6,"Port":80,"HostPort":8080}]}})");

  EXPECT_TRUE(engine.state.endpoints.at("e1").ports.empty());
}

TEST_F(PluginTest, AddressesComeAndGo) {
  const std::string pool =
      ok("IpamDriver.RequestPool", R"({"AddressSpace":"local","Pool":"192.0.2.0/24","V6":false})");
  EXPECT_NE(pool.find(R"("Pool":"192.0.2.0/24")"), std::string::npos) << pool;
  const std::string id = ipam.pools().at(0).id;
  EXPECT_EQ(ok("IpamDriver.RequestAddress", R"({"PoolID":")" + id + R"(","Address":"","Options":{
                   "RequestAddressType":"com.docker.network.gateway"}})"),
            R"({"Address":"192.0.2.1/24","Data":{}})");
  refused("IpamDriver.RequestAddress", R"({"PoolID":")" + id + R"(","Address":"192.0.2.1"})");
  ok("IpamDriver.ReleaseAddress", R"({"PoolID":")" + id + R"(","Address":"192.0.2.1"})");
  ok("IpamDriver.ReleasePool", R"({"PoolID":")" + id + "\"}");
  ok("IpamDriver.ReleasePool", R"({"PoolID":")" + id + "\"}");
  EXPECT_TRUE(ipam.pools().empty());
}

TEST_F(PluginTest, ABadOptionMakesNoNetwork) {
  refused("NetworkDriver.CreateNetwork",
          R"({"NetworkID":"n1","Options":{"com.docker.network.generic":{"fairlead.x":"1"}},
              "IPv4Data":[{"Pool":"192.0.2.0/24"}]})");

  EXPECT_TRUE(engine.state.networks.empty());
}

}  // namespace
}  // namespace fairlead::cnm
