#include "cni-shim/config.h"

#include <gtest/gtest.h>

namespace fairlead::cni {
namespace {

Outcome<Config> parse(const std::string& text, Verb verb = Verb::add,
                      const Variables& variables = {}) {
  return parse_config(text, verb, variables);
}

Code code_of(const std::string& text, Verb verb = Verb::add) {
  const auto done = parse(text, verb);
  return done ? Code{} : done.error().code;
}

TEST(ShimConfig, KnowsWhereTheDaemonIs) {
  const std::string text = R"({"cniVersion":"1.0.0","name":"web"})";
  EXPECT_EQ(parse(text)->socket, "/run/fairlead/fairlead.sock");
  EXPECT_EQ(parse(text)->state_dir, "/var/lib/fairlead");
  EXPECT_EQ(parse(text, Verb::add, {{"FAIRLEAD_SOCKET", "/x"}})->socket, "/x");
  EXPECT_EQ(parse(R"({"cniVersion":"1.0.0","name":"web","socket":"/y"})", Verb::add,
                  {{"FAIRLEAD_SOCKET", "/x"}})
                ->socket,
            "/y");
}

TEST(ShimConfig, VersionsDecideWhichVerbsThereAre) {
  const auto of = [](const std::string& version) {
    return R"({"name":"web","cniVersion":")" + version + "\"}";
  };
  for (const std::string_view version : kVersions)
    EXPECT_TRUE(parse(of(std::string(version)))) << version;
  EXPECT_EQ(code_of(of("0.2.0")), Code::version);
  EXPECT_EQ(code_of(of("2.0.0")), Code::version);
  EXPECT_EQ(code_of(R"({"name":"web"})"), Code::version);
  EXPECT_EQ(code_of(of("0.3.1"), Verb::check), Code::version);
  EXPECT_TRUE(parse(of("0.4.0"), Verb::check));
  EXPECT_EQ(code_of(of("1.0.0"), Verb::gc), Code::version);
  EXPECT_EQ(code_of(of("1.0.0"), Verb::status), Code::version);
  EXPECT_TRUE(parse(of("1.1.0"), Verb::status));
}

TEST(ShimConfig, RefusesWhatIsNoConfiguration) {
  EXPECT_EQ(code_of(""), Code::decode);
  EXPECT_EQ(code_of("[]"), Code::decode);
  EXPECT_EQ(code_of(R"({"cniVersion":1})"), Code::decode);
  EXPECT_EQ(code_of(std::string(100000, '[')), Code::decode);
  EXPECT_EQ(code_of(R"({"cniVersion":"1.0.0"})"), Code::config);
  EXPECT_EQ(code_of(R"({"cniVersion":"1.0.0","name":"../x"})"), Code::config);
}

TEST(ShimConfig, IpamOfAnotherIsTheNameOfAPlugin) {
  const auto of = [](const std::string& ipam) {
    return R"({"cniVersion":"1.0.0","name":"web","ipam":)" + ipam + "}";
  };
  EXPECT_EQ(parse(of(R"({"type":"host-local"})"))->ipam, "host-local");
  EXPECT_EQ(parse(of(R"({"type":"fairlead"})"))->ipam, "");
  EXPECT_EQ(parse(of("{}"))->ipam, "");
  EXPECT_EQ(parse(of("null"))->ipam, "");
  EXPECT_EQ(code_of(of(R"({"type":"../evil"})")), Code::config);
}

TEST(ShimConfig, AnswersSayTheVersionThatWasAskedForIfItIsSpoken) {
  EXPECT_EQ(answer_version(R"({"cniVersion":"0.4.0"})"), "0.4.0");
  EXPECT_EQ(answer_version(R"({"cniVersion":"9"})"), "1.1.0");
  EXPECT_EQ(answer_version("nonsense"), "1.1.0");
}

TEST(ShimConfig, ReadsWhatIsToStay) {
  const auto config = [](const std::string& more) {
    return Config{.text = R"({"name":"web")" + more + "}", .name = "web"};
  };
  const auto both = parse_valid_attachments(
      config(R"(,"cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}])"));
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_EQ(both->size(), 1U);
  EXPECT_EQ(both->front().container, "c1");
  EXPECT_EQ(both->front().interface, "eth0");
  EXPECT_EQ(parse_valid_attachments(config(R"(,"cni.dev/attachments":[])"))->size(), 0U);
  EXPECT_FALSE(parse_valid_attachments(config(""))) << "nothing said is not nothing valid";
  EXPECT_FALSE(parse_valid_attachments(config(R"(,"cni.dev/attachments":null)")));
  EXPECT_FALSE(parse_valid_attachments(config(R"(,"cni.dev/attachments":{"a":1})")));
}

}  // namespace
}  // namespace fairlead::cni
