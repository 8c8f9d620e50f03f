#include "engine/exposure.h"

#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

using engine::Exposure;
using engine::exposure_of;
using engine::Reach;

SourceRules rules(std::vector<SourceRules::Rule> list, bool otherwise = false) {
  return {.rules = std::move(list), .otherwise = otherwise};
}

TEST(Exposure, IsToldForTheFamilyOfTheHostAddress) {
  const SourceRules v4_only = only({prefix("10.0.0.0/8")});

  EXPECT_EQ(exposure_of(v4_only, Family::v4).reach, Reach::limited);
  EXPECT_EQ(exposure_of(v4_only, Family::v4).allow, std::vector{prefix("10.0.0.0/8")});
  EXPECT_EQ(exposure_of(v4_only, Family::v6).reach, Reach::nobody);
  EXPECT_EQ(exposure_of(SourceRules(), Family::v6).reach, Reach::everyone);
}

TEST(Exposure, ARuleOfEverythingIsWhatHoldsOtherwise) {
  EXPECT_EQ(exposure_of(rules({{prefix("0.0.0.0/0"), true}}), Family::v4).reach, Reach::everyone);
  EXPECT_EQ(exposure_of(rules({{prefix("0.0.0.0/0"), false}}, true), Family::v4).reach,
            Reach::nobody);
  const Exposure but =
      exposure_of(rules({{prefix("0.0.0.0/0"), true}, {prefix("10.0.0.0/8"), false}}), Family::v4);
  EXPECT_EQ(but.reach, Reach::limited);
  EXPECT_TRUE(but.allow.empty());
  EXPECT_EQ(but.except, std::vector{prefix("10.0.0.0/8")});
}

TEST(Exposure, RulesThatChangeNothingAreLeftOut) {
  const Exposure shown = exposure_of(rules({{prefix("10.0.0.0/8"), true},
                                            {prefix("10.1.0.0/16"), true},
                                            {prefix("10.2.0.0/16"), false},
                                            {prefix("10.2.3.0/24"), true},
                                            {prefix("11.0.0.0/8"), false}}),
                                     Family::v4);

  EXPECT_EQ(shown.allow, (std::vector{prefix("10.0.0.0/8"), prefix("10.2.3.0/24")}));
  EXPECT_EQ(shown.except, std::vector{prefix("10.2.0.0/16")});
}

TEST(Exposure, LoopbackIsThisHostOnlyWhateverIsAllowed) {
  engine::ExposedPort port;
  for (const char* address : {"127.0.0.1", "127.9.9.9", "::1"}) {
    port.binding.host_address = addr(address);
    EXPECT_EQ(exposure_of(port).reach, Reach::this_host) << address;
  }
  port.binding.host_address = addr("198.18.0.1");
  EXPECT_EQ(exposure_of(port).reach, Reach::everyone);
}

TEST(Exposure, OfBothFamiliesIsEverythingSaid) {
  EXPECT_EQ(exposure_of(SourceRules()).reach, Reach::everyone);
  EXPECT_EQ(exposure_of(only({})).reach, Reach::nobody);
  const Exposure half = exposure_of(only({prefix("10.0.0.0/8"), prefix("::/0")}));
  EXPECT_EQ(half.reach, Reach::limited);
  EXPECT_EQ(half.allow, (std::vector{prefix("::/0"), prefix("10.0.0.0/8")}));
}

class PortRuleRowsTest : public EngineTest {};

TEST_F(PortRuleRowsTest, NeighboursWithTheSameRulesAreOneRow) {
  with_endpoint();
  engine.state.endpoints.at(kEndpoint).ports = {{.protocol = Protocol::tcp,
                                                 .host_address = addr("198.18.0.1"),
                                                 .host_port = 443,
                                                 .container_address = addr("192.0.2.2"),
                                                 .container_port = 443,
                                                 .count = 2}};
  const auto open = only({prefix("10.0.0.0/8")}).rules;
  for (const std::uint16_t number : std::initializer_list<std::uint16_t>{442, 443, 444, 445})
    engine.state.port_rules[{Protocol::tcp, {}, number}] = open;
  engine.state.port_rules[{Protocol::tcp, addr("198.18.0.1"), 444}] = open;
  engine.state.port_rules[{Protocol::tcp, addr("198.18.0.2"), 444}] = open;

  std::vector<std::pair<std::string, bool>> rows;
  for (const auto& row : engine::port_rule_rows(engine.state))
    rows.emplace_back(to_string(row.ports), row.published);

  EXPECT_EQ(rows, (std::vector<std::pair<std::string, bool>>{{"442/tcp", false},
                                                             {"443-444/tcp", true},
                                                             {"445/tcp", false},
                                                             {"198.18.0.1:444/tcp", true},
                                                             {"198.18.0.2:444/tcp", false}}));
}

TEST_F(PortRuleRowsTest, RulesOfAnAddressThatDoNotHoldAreWarnedOf) {
  with_endpoint();
  ASSERT_TRUE(
      engine::deny_port(engine, {.address = addr("198.18.0.1"), .first = 443, .last = 444}, {}));
  EXPECT_TRUE(engine::overview(engine)->warnings.empty());

  engine.state.endpoints.at(kEndpoint).ports = {{.protocol = Protocol::tcp,
                                                 .host_address = addr("0.0.0.0"),
                                                 .host_port = 443,
                                                 .container_address = addr("192.0.2.2"),
                                                 .container_port = 443}};

  const auto warnings = engine::overview(engine)->warnings;
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("198.18.0.1:443-444/tcp do not hold"), std::string::npos)
      << warnings[0];
}

TEST_F(PortRuleRowsTest, TheOverviewCountsEachPortOfARange) {
  with_endpoint();
  PortBinding binding{.protocol = Protocol::tcp,
                      .host_address = addr("198.18.0.1"),
                      .host_port = 20000,
                      .container_address = addr("192.0.2.2"),
                      .container_port = 20000,
                      .count = 5000};
  PortBinding local = binding;
  local.host_address = addr("127.0.0.1");
  local.count = 1;
  engine.state.endpoints.at(kEndpoint).ports = {binding, local};
  ASSERT_TRUE(engine::deny_port(engine, {.first = 20000, .last = 20009}, {}));
  ASSERT_TRUE(engine::allow_port(engine, {.first = 20010, .last = 20010}, {prefix("10.0.0.0/8")}));

  const auto seen = engine::overview(engine);

  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->ports, 5001U);
  EXPECT_EQ(seen->open_ports, 4989U);
  EXPECT_EQ(seen->limited_ports, 1U);
  EXPECT_EQ(seen->closed_ports, 10U);
  EXPECT_EQ(seen->this_host_ports, 1U);
}

}  // namespace
}  // namespace fairlead::test
