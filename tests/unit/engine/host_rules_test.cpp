#include "engine/host_rules.h"

#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class HostRulesTest : public EngineTest {
 protected:
  void SetUp() override {
    auto want = network_request();
    want.v6 = Subnet{.pool = prefix("2001:db8:7::/64"), .gateway = addr("2001:db8:7::1")};
    ASSERT_TRUE(engine::create_network(engine, want));
    engine.settings.host_rules = true;
    engine.state.host_view.uplinks = {
        {.name = "up0", .index = 7, .mtu = 1500, .v4 = addr("198.18.0.2"), .v6 = addr("::")}};
  }
  std::vector<std::string> problems() { return engine::host_rules_problems(engine); }
};

TEST_F(HostRulesTest, HostThatDoesNotForwardIsAProblem) {
  const auto told = problems();

  ASSERT_EQ(told.size(), 1U) << "up0 has no IPv6 address";
  for (const char* word : {"up0", "net.ipv4.ip_forward=1", "publish.host_rules"})
    EXPECT_NE(told[0].find(word), std::string::npos) << told[0];
}

TEST_F(HostRulesTest, EachFamilyIsAskedFor) {
  engine.state.host_view.uplinks[0].v6 = addr("2001:db8::2");
  links.forwarding = {Family::v4};

  const auto told = problems();

  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("net.ipv6.conf.all.forwarding=1"), std::string::npos) << told[0];
}

TEST_F(HostRulesTest, HostThatForwardsIsFine) {
  links.forwarding = {Family::v4};

  EXPECT_EQ(problems(), std::vector<std::string>{});
}

TEST_F(HostRulesTest, NobodyIsBotheredWhoDoesNotUseIt) {
  engine.settings.host_rules = false;

  EXPECT_EQ(problems(), std::vector<std::string>{});
}

}  // namespace
}  // namespace fairlead::test
