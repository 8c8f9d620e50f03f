#include "cnm/docker_client.h"

#include <gtest/gtest.h>

#include <map>

#include "http/server.h"
#include "http/socket.h"
#include "tests/unit/http/temp_dir.h"

namespace fairlead::cnm {
namespace {

using namespace std::chrono_literals;

TEST(DockerClient, PicksItsOwnNetworksAlsoThoseOfAManagedPlugin) {
  const auto networks = parse_docker_networks(
      R"([{"Id":"1","Name":"bridge","Driver":"bridge"},{"Id":"2","Name":"a","Driver":"fairlead"},
          {"Id":"3","Name":"b","Driver":"fairlead:latest"},
          {"Id":"4","Name":"c","Driver":"fairleads"}])",
      "fairlead");

  ASSERT_TRUE(networks) << networks.error().message();
  ASSERT_EQ(networks->size(), 2U);
  EXPECT_EQ(networks->at(0).name, "a");
  EXPECT_EQ(networks->at(1).id, "3");
}

TEST(DockerClient, PoolsLentToOtherDriversAreKnown) {
  const auto pools = parse_docker_pools(
      R"([{"Id":"1","Driver":"bridge","IPAM":{"Driver":"fairlead",
           "Config":[{"Subnet":"10.7.0.0/24"},{"Subnet":"2001:db8:7::/64"}]}},
          {"Id":"2","Driver":"fairlead","IPAM":{"Driver":"default","Config":[{"Subnet":"10.8.0.0/24"}]}},
          {"Id":"3","Driver":"host","IPAM":{"Driver":"default","Config":null}}])",
      "fairlead");

  ASSERT_TRUE(pools) << pools.error().message();
  EXPECT_EQ(*pools, (std::set<Prefix>{Prefix::parse("10.7.0.0/24").value(),
                                      Prefix::parse("2001:db8:7::/64").value()}));
  EXPECT_FALSE(parse_docker_pools("{}", "fairlead"));
}

TEST(DockerClient, ReadsEndpointsAndNames) {
  const auto endpoints = parse_docker_endpoints(
      R"({"Id":"2","Containers":{"c1":{"Name":"web","EndpointID":"e1","MacAddress":"x"}}})");

  ASSERT_TRUE(endpoints) << endpoints.error().message();
  ASSERT_EQ(endpoints->size(), 1U);
  EXPECT_EQ(endpoints->at(0).endpoint, "e1");
  EXPECT_EQ(endpoints->at(0).name, "web");
}

TEST(DockerClient, AnAnswerThatCannotBeReadIsAnErrorAndNotAnEmptyHost) {
  for (const char* body :
       {"", "{}", "null", "[7]", R"([{"Id":"1"}])", R"([{"Driver":"fairlead"}])"})
    EXPECT_FALSE(parse_docker_networks(body, "fairlead")) << body;
  for (const char* body : {"", "[]", R"({"Containers":[]})", R"({"Containers":{"c":{}}})"})
    EXPECT_FALSE(parse_docker_endpoints(body)) << body;
}

TEST(DockerClient, NetworkOfTheClusterIsMadeAsItIsElsewhere) {
  engine::MirrorPlan::Create web{
      .name = "web",
      .id = "abc",
      .v4 = Subnet{.pool = Prefix::parse("10.7.0.0/24").value(),
                   .gateway = Address::parse("10.7.0.1").value()},
      .v6 = Subnet{.pool = Prefix::parse("2001:db8:7::/64").value(), .gateway = {}},
      .range_v4 = Prefix::parse("10.7.0.128/25").value(),
      .range_v6 = {},
      .internal = true,
      .options = {{"com.docker.network.driver.mtu", "1400"}}};

  EXPECT_EQ(
      format_docker_network("fairlead:latest", web),
      R"({"CheckDuplicate":true,"Driver":"fairlead:latest","EnableIPv6":true,"IPAM":{"Config":[)"
      R"({"Gateway":"10.7.0.1","IPRange":"10.7.0.128/25","Subnet":"10.7.0.0/24"},)"
      R"({"Subnet":"2001:db8:7::/64"}],"Driver":"fairlead:latest",)"
      R"("Options":{"fairlead.network":"abc"}},"Internal":true,"Name":"web",)"
      R"("Options":{"com.docker.network.driver.mtu":"1400","fairlead.network":"abc"}})");
}

TEST(DockerClient, RefusalsAreGivenInDockersWords) {
  EXPECT_EQ(parse_docker_refusal(R"({"message":"no such driver"})"), "no such driver");
  EXPECT_EQ(parse_docker_refusal("<html>"), "<html>");
  EXPECT_EQ(parse_docker_refusal(R"({"message":7})"), R"({"message":7})");
  EXPECT_EQ(parse_docker_refusal(std::string(5000, 'x')).size(), 200U);
}

class FakeDocker : public testing::Test {
 protected:
  FakeDocker() {
    server_.add({.fd = http::listen_unix(path_).value(),
                 .unlink_path = path_,
                 .handler =
                     [this](http::Request request, http::Respond respond) {
                       const auto found = answers.find(request.target);
                       respond(found == answers.end()
                                   ? http::Response{.status = 404, .body = "{}"}
                                   : http::Response{.status = 200, .body = found->second});
                     },
                 .error_body = [](std::string_view) { return std::string(); }});
    server_.start();
  }

  std::map<std::string, std::string> answers{
      {"/networks", R"([{"Id":"n1","Name":"a","Driver":"fairlead"},
                        {"Id":"n2","Name":"b","Driver":"fairlead"}])"},
      {"/networks/n1", R"({"Containers":{"c":{"Name":"web","EndpointID":"e1"}}})"},
      {"/networks/n2", R"({"Containers":{}})"}};
  TempDir dir_;
  std::string path_ = dir_ / "docker.sock";
  http::Server server_ = http::Server::create().value();
};

TEST_F(FakeDocker, TellsAllNetworksAndContainers) {
  const auto known = ask_docker(path_, "fairlead", 5s);

  ASSERT_TRUE(known) << known.error().message();
  EXPECT_EQ(known->networks, (std::map<std::string, std::string>{{"n1", "a"}, {"n2", "b"}}));
  ASSERT_EQ(known->containers.size(), 1U);
  EXPECT_EQ(known->containers[0].endpoint, "e1");
}

TEST_F(FakeDocker, ThatTellsOnlyHalfTellsNothing) {
  answers["/networks/n2"] = "cut sho";

  EXPECT_FALSE(ask_docker(path_, "fairlead", 5s));
}

TEST_F(FakeDocker, NetworkThatIsRemovedBetweenTwoQuestionsIsNotKnown) {
  answers.erase("/networks/n2");  // status 404

  const auto known = ask_docker(path_, "fairlead", 5s);

  ASSERT_TRUE(known) << known.error().message();
  EXPECT_EQ(known->networks, (std::map<std::string, std::string>{{"n1", "a"}}));
}

TEST(DockerClient, DockerThatIsAwayIsAnError) {
  const TempDir dir;

  const auto known = ask_docker(dir / "none.sock", "fairlead", 1s);

  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace fairlead::cnm
