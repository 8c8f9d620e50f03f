#include "cli/codec_cluster.h"

#include <gtest/gtest.h>

#include "cli/codec.h"

namespace fairlead::cli {
namespace {

// A status document with this in its object "cluster", besides the name.
std::string status_line(const std::string& fields) {
  const auto text = format_document(
      "status",
      R"({"schema":"x","state":"ok","cluster":{"cluster":"default","node":"h1","uuid":"u",)" +
          fields + "}}");
  if (!text) return text.error().message();
  const auto begin = text->find("Cluster:");
  return begin == std::string::npos ? *text : text->substr(begin, text->find("Uplinks:") - begin);
}

TEST(CliCodecCluster, StatusHasALineOfTheCluster) {
  EXPECT_EQ(status_line(R"("hosts":3,"connected":true,"endpoint":"http://192.0.2.1:2379")"),
            "Cluster:    default as h1, 3 hosts, connected to http://192.0.2.1:2379\n");
  EXPECT_EQ(status_line(R"("hosts":1,"connected":false,"read_only_since":"2026-11-21T04:00:00Z",)"
                        R"("last_error":"refused","pending_writes":2)"),
            "Cluster:    default as h1, 1 host, read-only since 2026-11-21T04:00:00Z: refused, "
            "2 writes pending\n");
  EXPECT_EQ(status_line(R"("hosts":1,"connected":false,"read_only_since":null,"last_error":"e")"),
            "Cluster:    default as h1, 1 host, not connected yet: e\n");
  EXPECT_EQ(status_line(R"("hosts":1,"connected":true,"alarm":"emptied: fairlead cluster accept")"),
            "Cluster:    default as h1, 1 host, ALARM emptied: fairlead cluster accept\n");
}

TEST(CliCodecCluster, ProblemsFollowTheLine) {
  EXPECT_EQ(status_line(R"("hosts":1,"connected":true,"endpoint":"e",)"
                        R"("store_alarms":["NOSPACE"],"problems":["network web: overlaps"])"),
            "Cluster:    default as h1, 1 host, connected to e\n"
            "Problem:    etcd: NOSPACE\n"
            "Problem:    network web: overlaps\n");
}

TEST(CliCodecCluster, WithoutAClusterStatusHasNoSuchLine) {
  const auto text = format_document("status", R"({"schema":"x","state":"ok"})");

  ASSERT_TRUE(text);
  EXPECT_EQ(text->find("Cluster"), std::string::npos);
}

TEST(CliCodecCluster, AClusterThatIsYetToBeMadeSaysHow) {
  const auto text = format_document(
      "cluster", R"({"schema":"x","cluster":"default","node":"h1","uuid":"","connected":true})");

  ASSERT_TRUE(text);
  EXPECT_NE(text->find("fairlead cluster init"), std::string::npos) << *text;
}

TEST(CliCodecCluster, PeersAreATable) {
  const auto text = format_document("peers", R"({"schema":"x","peers":[
      {"name":"h2","address":"198.18.0.12","state":"alive","rtt_ms":0.25,"path_mtu":1500,
       "mode":"direct","last_error":""},
      {"name":"h3","address":"","state":"silent","rtt_ms":null,"path_mtu":0,"mode":"",
       "last_error":"no route"}]})");

  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text,
            "NAME   ADDRESS       STATE    RTT        PATH MTU   MODE     LAST ERROR\n"
            "h2     198.18.0.12   alive    0.250 ms   1500       direct   -\n"
            "h3     -             silent   -          -          -        no route\n");
}

TEST(CliCodecCluster, BodiesHoldWhatWasSaidAndNothingElse) {
  EXPECT_EQ(format_join({}), "{}");
  JoinFlags flags;
  flags.etcd = {"http://a:1", "http://b:1"};
  flags.node = "h1";
  flags.no_mirror = true;
  EXPECT_EQ(format_join(flags),
            R"({"etcd":["http://a:1","http://b:1"],"mirror":false,"node":"h1"})");
  EXPECT_EQ(format_forget("h3", true), R"({"force":true,"host":"h3"})");
}

TEST(CliCodecCluster, OnlyConnectedWithoutAlarmIsWell) {
  EXPECT_TRUE(parse_belonging(R"({"cluster":null})")->well);
  EXPECT_TRUE(parse_belonging(R"({"cluster":"d","connected":true,"alarm":""})")->well);
  EXPECT_FALSE(parse_belonging(R"({"cluster":"d","connected":false})")->well);
  EXPECT_FALSE(parse_belonging(R"({"cluster":"d","connected":true,"alarm":"a"})")->well);
}

TEST(CliCodecCluster, AnswersOfAnotherFormAreNoCrash) {
  for (const char* body : {"", "7", "{}", R"({"cluster":"d","connected":7})",
                           R"({"cluster":"d","connected":true,"etcd":[7]})"})
    EXPECT_FALSE(parse_belonging(body)) << body;
  for (const char* body : {R"({"schema":"x","cluster":7})", R"({"schema":"x","cluster":{"a":1}})",
                           R"({"schema":"x","cluster":"d","etcd":7,"problems":7})"}) {
    static_cast<void>(format_document("cluster", body));
    static_cast<void>(format_document("status", body));
  }
}

}  // namespace
}  // namespace fairlead::cli
