#include "api/codec_cluster.h"

#include <gtest/gtest.h>

#include "api/codec.h"

namespace fairlead::api {
namespace {

engine::ClusterOverview overview() {
  engine::ClusterOverview out;
  out.settings.name = "west";
  out.settings.node = "h1";
  out.settings.etcd = {"http://192.0.2.1:2379"};
  out.settings.password = "secret";
  out.uuid = "u";
  out.agent.connected = true;
  out.agent.since = TimePoint(std::chrono::seconds(1'000'000'000));
  out.nodes = 3;
  return out;
}

void expect_in(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nin " << text;
}

std::string status(const std::optional<engine::ClusterOverview>& cluster) {
  return format_status({}, cluster, "1", TimePoint());
}

TEST(ApiCodecCluster, ConnectedIsNotReadOnly) {
  const std::string text = format_cluster(overview(), true);

  expect_in(text, R"("connected":true)");
  expect_in(text, R"("read_only_since":null)");
  expect_in(text, R"("hosts":3)");
  expect_in(text, R"("schema":"fairlead.cluster/v1")");
}

TEST(ApiCodecCluster, AwayIsReadOnlySince) {
  auto away = overview();
  away.agent.connected = false;
  away.agent.last_error = "refused";

  expect_in(format_cluster(away, false), R"("read_only_since":"2001-09-09T01:46:40Z")");
  expect_in(format_cluster(away, false), R"("last_error":"refused")");
}

TEST(ApiCodecCluster, TheFirstAnswerNotHavingComeYetIsNoDate) {
  auto starting = overview();
  starting.agent = {};

  expect_in(format_cluster(starting, false), R"("connected":false)");
  expect_in(format_cluster(starting, false), R"("read_only_since":null)");
}

TEST(ApiCodecCluster, PasswordsAreNeverShown) {
  EXPECT_EQ(format_cluster(overview(), true).find("secret"), std::string::npos);
}

TEST(ApiCodecCluster, StatusIsWellOnlyIfTheClusterIs) {
  expect_in(status(overview()), R"("state":"ok")");
  expect_in(status({}), R"("state":"ok")");

  auto away = overview();
  away.agent.connected = false;
  auto alarmed = overview();
  alarmed.agent.alarm = "another cluster";
  auto full = overview();
  full.agent.store_alarms = {"NOSPACE"};
  auto troubled = overview();
  troubled.problems = {"network web: overlaps"};
  for (const auto& each : {away, alarmed, full, troubled})
    expect_in(status(each), R"("state":"warning")");
}

TEST(ApiCodecCluster, BodiesReplaceWhatIsSetAndNothingElse) {
  cluster::Settings base;
  base.node = "h1";
  base.etcd = {"http://192.0.2.1:2379"};
  base.lease = std::chrono::seconds(5);

  const auto same = parse_settings("", base);
  ASSERT_TRUE(same) << same.error().message();
  EXPECT_EQ(*same, base);

  const auto changed = parse_settings(R"({"node":"h2","mirror":false})", base);
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ(changed->node, "h2");
  EXPECT_FALSE(changed->mirror);
  EXPECT_EQ(changed->lease, std::chrono::seconds(5));
}

TEST(ApiCodecCluster, BodiesThatCannotBeAreRefused) {
  const cluster::Settings base{.node = "h1", .etcd = {"http://192.0.2.1:2379"}};

  for (const char* body : {"[]", "7", "{", R"({"node":7})", R"({"nood":"h2"})", R"({"port":0})",
                           R"({"etcd":[]})", R"({"node":""})"}) {
    const auto settings = parse_settings(body, base);
    ASSERT_FALSE(settings) << body;
    EXPECT_EQ(settings.error().code(), Errc::invalid_argument) << body;
  }
}

TEST(ApiCodecCluster, ForgettingNamesItsHost) {
  const auto want = parse_forget(R"({"host":"h3","force":true})");

  ASSERT_TRUE(want);
  EXPECT_EQ(want->host, "h3");
  EXPECT_TRUE(want->force);
  EXPECT_FALSE(parse_forget(R"({"host":"h3"})")->force);
  EXPECT_FALSE(parse_forget(R"({"host":""})"));
  EXPECT_FALSE(parse_forget(R"({"host":7})"));
}

}  // namespace
}  // namespace fairlead::api
