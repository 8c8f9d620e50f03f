// Which of all that can be said of a port decides.
#include "engine/port_rules.h"

#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

using engine::RuleOrigin;

std::vector<Prefix> list(const char* text) { return parse_sources(text).value(); }

class PortRulesTest : public EngineTest {
 protected:
  // Host port 8443 on 198.18.0.1 leads to the container's 443.
  std::vector<engine::ExposedPort> expose(std::uint16_t count = 1) {
    return engine::exposed_ports(engine, network, endpoint,
                                 {{.protocol = Protocol::tcp,
                                   .host_address = addr("198.18.0.1"),
                                   .host_port = 8443,
                                   .container_address = addr("192.0.2.2"),
                                   .container_port = 443,
                                   .count = count}});
  }

  void at_run_time(std::uint16_t number, const char* allow, std::optional<Address> address = {}) {
    engine.state.port_rules[{Protocol::tcp, address, number}] = only(list(allow)).rules;
  }

  Network network;
  Endpoint endpoint;
};

TEST_F(PortRulesTest, NothingSaidIsEveryone) {
  const auto ports = expose();

  ASSERT_EQ(ports.size(), 1U);
  EXPECT_EQ(ports[0].sources, SourceRules());
  EXPECT_EQ(ports[0].origin, RuleOrigin::nothing);
}

// From the least to the most specific: each wins over all before it.
TEST_F(PortRulesTest, TheMostSpecificDecidesAlone) {
  const auto expect = [this](const char* allow, RuleOrigin origin) {
    const auto ports = expose();
    ASSERT_EQ(ports.size(), 1U);
    EXPECT_EQ(ports[0].sources, only(list(allow)));
    EXPECT_EQ(ports[0].origin, origin);
  };
  engine.settings.publish_allow = list("10.1.0.0/16");
  expect("10.1.0.0/16", RuleOrigin::configuration);
  network.publish.allow = list("10.2.0.0/16");
  expect("10.2.0.0/16", RuleOrigin::network);
  network.publish.allow_port[{Protocol::tcp, 443}] = list("10.3.0.0/16");
  expect("10.3.0.0/16", RuleOrigin::network);
  endpoint.publish.allow = list("10.4.0.0/16");
  expect("10.4.0.0/16", RuleOrigin::endpoint);
  endpoint.publish.allow_port[{Protocol::tcp, 443}] = list("10.5.0.0/16");
  expect("10.5.0.0/16", RuleOrigin::endpoint);
  at_run_time(8443, "10.6.0.0/16");
  expect("10.6.0.0/16", RuleOrigin::run_time);
  at_run_time(8443, "10.7.0.0/16", addr("198.18.0.1"));
  expect("10.7.0.0/16", RuleOrigin::run_time);
}

TEST_F(PortRulesTest, OtherPortsProtocolsAndAddressesDoNotMatter) {
  network.publish.allow_port[{Protocol::udp, 443}] = list("10.1.0.0/16");
  endpoint.publish.allow_port[{Protocol::tcp, 8443}] = list("10.2.0.0/16");
  at_run_time(443, "10.3.0.0/16");
  at_run_time(8443, "10.4.0.0/16", addr("198.18.0.2"));
  engine.state.port_rules[{Protocol::udp, {}, 8443}] = only(list("10.5.0.0/16")).rules;

  EXPECT_EQ(expose()[0].origin, RuleOrigin::nothing);
}

TEST_F(PortRulesTest, AnEmptyListIsNobody) {
  endpoint.publish.allow.emplace();

  EXPECT_FALSE(permits(expose()[0].sources, addr("10.0.0.1")));
  EXPECT_EQ(expose()[0].origin, RuleOrigin::endpoint);
}

TEST_F(PortRulesTest, RulesThatLetNobodyInByNameLetTheOthersIn) {
  EXPECT_TRUE(engine::sources_of({{prefix("10.0.0.0/8"), false}}).otherwise);
  EXPECT_FALSE(engine::sources_of({{prefix("10.0.0.0/8"), true}}).otherwise);
}

TEST_F(PortRulesTest, ARangeIsOneEntryWhereItsPortsAreAlike) {
  network.publish.allow = list("10.1.0.0/16");

  const auto ports = expose(5000);

  ASSERT_EQ(ports.size(), 1U);
  EXPECT_EQ(ports[0].binding.count, 5000);
}

TEST_F(PortRulesTest, ARangeIsSplitWhereItsPortsDiffer) {
  network.publish.allow_port[{Protocol::tcp, 445}] = list("10.1.0.0/16");
  at_run_time(8448, "10.2.0.0/16");
  at_run_time(8449, "10.2.0.0/16");
  at_run_time(8450, "10.3.0.0/16", addr("198.18.0.1"));
  at_run_time(8452, "10.4.0.0/16", addr("198.18.0.1"));  // behind the end

  const auto ports = expose(9);

  struct Part {
    std::uint16_t host_port;
    std::uint16_t container_port;
    std::uint16_t count;
    RuleOrigin origin;
    bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;
  for (const auto& port : ports)
    parts.push_back(
        {port.binding.host_port, port.binding.container_port, port.binding.count, port.origin});
  EXPECT_EQ(parts, (std::vector<Part>{{8443, 443, 2, RuleOrigin::nothing},
                                      {8445, 445, 1, RuleOrigin::network},
                                      {8446, 446, 2, RuleOrigin::nothing},
                                      {8448, 448, 2, RuleOrigin::run_time},
                                      {8450, 450, 1, RuleOrigin::run_time},
                                      {8451, 451, 1, RuleOrigin::nothing}}));
  EXPECT_EQ(ports[4].sources, only(list("10.3.0.0/16")));
}

TEST_F(PortRulesTest, ARangeUpToTheLastPortIsCutThereToo) {
  at_run_time(65535, "10.2.0.0/16");
  const PortBinding binding{.protocol = Protocol::tcp,
                            .host_address = addr("0.0.0.0"),
                            .host_port = 65530,
                            .container_address = addr("192.0.2.2"),
                            .container_port = 65530,
                            .count = 6};

  const auto ports = engine::with_rules(engine, network, endpoint, {binding});

  ASSERT_EQ(ports.size(), 2U);
  EXPECT_EQ(ports[0].binding.count, 5);
  EXPECT_EQ(ports[1].binding.host_port, 65535);
}

}  // namespace
}  // namespace fairlead::test
