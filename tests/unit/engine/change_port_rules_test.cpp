// allow_port, deny_port, reset_port: on real sockets of loopback, for HostPorts needs them.
#include "engine/port_rules.h"
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class ChangePortRulesTest : public EngineTest {
 protected:
  static std::vector<Prefix> list(const char* text) { return parse_sources(text).value(); }

  // Of the only published port.
  bool reaches(const char* source) {
    const auto& ports = datapath.published.at(kEndpoint);
    EXPECT_EQ(ports.size(), 1U);
    return permits(ports.at(0).sources, addr(source));
  }

  void publish_one() {
    with_endpoint();
    const auto published = engine::publish(engine, kNetwork, kEndpoint,
                                           {{.protocol = Protocol::tcp,
                                             .container_port = 80,
                                             .host_address = addr("127.0.0.1"),
                                             .host_port_first = 0,
                                             .host_port_last = 0}});
    ASSERT_TRUE(published) << published.error().message();
    port = {.protocol = Protocol::tcp,
            .address = {},
            .first = published->at(0).host_port,
            .last = published->at(0).host_port};
  }

  void limit_network(const char* allow) {
    engine.state.networks.at(kNetwork).publish.allow = list(allow);
  }

  HostPortRange port{.protocol = Protocol::tcp, .address = {}, .first = 443, .last = 443};
};

TEST_F(ChangePortRulesTest, TheFirstAllowedOfAnOpenPortIsTheOnlyOne) {
  publish_one();
  ASSERT_TRUE(reaches("10.0.0.1"));

  ASSERT_TRUE(engine::allow_port(engine, port, list("10.0.0.0/8")));

  EXPECT_TRUE(reaches("10.0.0.1"));
  EXPECT_FALSE(reaches("11.0.0.1"));
  EXPECT_FALSE(reaches("2001:db8::1"));
}

TEST_F(ChangePortRulesTest, AllowAddsToWhatOptionsAllow) {
  publish_one();
  limit_network("10.0.0.0/8");

  ASSERT_TRUE(engine::allow_port(engine, port, list("2001:db8::/32,192.0.2.7")));

  for (const char* source : {"10.0.0.1", "192.0.2.7", "2001:db8::1"}) EXPECT_TRUE(reaches(source));
  for (const char* source : {"11.0.0.1", "192.0.2.8", "::1"}) EXPECT_FALSE(reaches(source));
}

TEST_F(ChangePortRulesTest, AllowOpensToSomeWhatWasClosed) {
  publish_one();
  limit_network("");

  ASSERT_TRUE(engine::allow_port(engine, port, list("10.0.0.0/8")));

  EXPECT_TRUE(reaches("10.0.0.1"));
  EXPECT_FALSE(reaches("11.0.0.1"));
}

TEST_F(ChangePortRulesTest, DenyTakesOutOfAnOpenPort) {
  publish_one();

  ASSERT_TRUE(engine::deny_port(engine, port, list("10.0.0.0/8")));

  EXPECT_FALSE(reaches("10.0.0.1"));
  EXPECT_TRUE(reaches("11.0.0.1"));
  EXPECT_TRUE(reaches("2001:db8::1"));
}

TEST_F(ChangePortRulesTest, DenyTakesOutOfAListAndLeavesTheRest) {
  publish_one();
  limit_network("10.0.0.0/8,192.0.2.0/24");

  ASSERT_TRUE(engine::deny_port(engine, port, list("10.1.0.0/16")));
  EXPECT_TRUE(reaches("10.0.0.1"));
  EXPECT_FALSE(reaches("10.1.0.1"));
  EXPECT_FALSE(reaches("11.0.0.1"));

  ASSERT_TRUE(engine::deny_port(engine, port, list("10.0.0.0/8")));
  EXPECT_FALSE(reaches("10.0.0.1"));
  EXPECT_TRUE(reaches("192.0.2.1"));
}

// A set without an "allow" is open: it must not come about by taking the last one away.
TEST_F(ChangePortRulesTest, WhenTheLastOfAListIsDeniedNobodyIsLeft) {
  publish_one();
  limit_network("10.0.0.0/8");

  ASSERT_TRUE(engine::deny_port(engine, port, list("10.0.0.0/8")));

  for (const char* source : {"10.0.0.1", "11.0.0.1", "2001:db8::1"}) EXPECT_FALSE(reaches(source));
}

TEST_F(ChangePortRulesTest, DenyingAWidePrefixTakesOutWhatIsAllowedWithin) {
  publish_one();
  limit_network("10.1.0.0/16,192.0.2.0/24");

  ASSERT_TRUE(engine::deny_port(engine, port, list("10.0.0.0/8")));

  EXPECT_FALSE(reaches("10.1.0.1"));
  EXPECT_TRUE(reaches("192.0.2.1"));
}

TEST_F(ChangePortRulesTest, WithoutSourcesItIsNobodyOrEveryoneWhateverWasBefore) {
  publish_one();
  limit_network("10.0.0.0/8");

  ASSERT_TRUE(engine::deny_port(engine, port, {}));
  for (const char* source : {"10.0.0.1", "11.0.0.1", "::1"}) EXPECT_FALSE(reaches(source));
  ASSERT_TRUE(engine::allow_port(engine, port, list("192.0.2.0/24")));
  EXPECT_TRUE(reaches("192.0.2.1"));
  EXPECT_FALSE(reaches("10.0.0.1")) << "the option comes back";
  ASSERT_TRUE(engine::allow_port(engine, port, {}));
  for (const char* source : {"10.0.0.1", "11.0.0.1", "::1"}) EXPECT_TRUE(reaches(source));
}

TEST_F(ChangePortRulesTest, ResetLetsOptionsDecideAgain) {
  publish_one();
  limit_network("10.0.0.0/8");
  ASSERT_TRUE(engine::allow_port(engine, port, {}));

  ASSERT_TRUE(engine::reset_port(engine, port));

  EXPECT_TRUE(reaches("10.0.0.1"));
  EXPECT_FALSE(reaches("11.0.0.1"));
  EXPECT_TRUE(engine.state.port_rules.empty());
  EXPECT_TRUE(stored().port_rules.empty());
}

TEST_F(ChangePortRulesTest, RulesAreKeptAndHoldForWhoeverPublishesNext) {
  publish_one();
  ASSERT_TRUE(engine::deny_port(engine, port, {}));
  EXPECT_EQ(stored().port_rules.size(), 1U);
  ASSERT_TRUE(engine::unpublish(engine, kNetwork, kEndpoint));

  ASSERT_TRUE(engine::publish(engine, kNetwork, kEndpoint,
                              {{.container_port = 81,
                                .host_address = addr("127.0.0.1"),
                                .host_port_first = port.first,
                                .host_port_last = port.first}}));

  EXPECT_FALSE(reaches("10.0.0.1"));
}

TEST_F(ChangePortRulesTest, ARestartedDaemonKnowsThem) {
  ASSERT_TRUE(engine::deny_port(engine, port, list("10.0.0.0/8")));
  const auto before = engine.state.port_rules;
  engine.state.port_rules.clear();

  ASSERT_TRUE(engine::restore(engine));

  EXPECT_EQ(engine.state.port_rules, before);
}

TEST_F(ChangePortRulesTest, AgainIsNoChangeAndNoWrite) {
  publish_one();
  ASSERT_TRUE(engine::allow_port(engine, port, list("10.0.0.0/8")));
  const int writes = store.applied();
  datapath.refuse_next("put_ports");

  EXPECT_TRUE(engine::allow_port(engine, port, list("10.0.0.0/8")));
  EXPECT_TRUE(engine::reset_port(engine, {.protocol = Protocol::udp, .first = 1, .last = 9}));

  EXPECT_EQ(store.applied(), writes);
}

TEST_F(ChangePortRulesTest, AFailureLeavesEverythingAsItWas) {
  publish_one();
  ASSERT_TRUE(engine::allow_port(engine, port, list("10.0.0.0/8")));
  const auto before = engine.state.port_rules;

  datapath.refuse_next("put_ports");
  EXPECT_FALSE(engine::deny_port(engine, port, {}));
  EXPECT_EQ(engine.state.port_rules, before);
  store.fail_next();
  EXPECT_FALSE(engine::deny_port(engine, port, {}));
  EXPECT_EQ(engine.state.port_rules, before);
  EXPECT_TRUE(reaches("10.0.0.1"));
}

TEST_F(ChangePortRulesTest, EachPortOfARangeGetsRulesOfItsOwn) {
  ASSERT_TRUE(engine::allow_port(engine, {.protocol = Protocol::udp, .first = 20000, .last = 24999},
                                 list("10.0.0.0/8")));
  ASSERT_TRUE(
      engine::reset_port(engine, {.protocol = Protocol::udp, .first = 20001, .last = 20001}));

  EXPECT_EQ(engine.state.port_rules.size(), 4999U);
  EXPECT_EQ(stored().port_rules.size(), 4999U);
}

TEST_F(ChangePortRulesTest, RulesOfOneAddressAreRefusedWhereThePortIsOnAll) {
  with_endpoint();
  engine.state.endpoints.at(kEndpoint).ports = {{.protocol = Protocol::tcp,
                                                 .host_address = addr("0.0.0.0"),
                                                 .host_port = 440,
                                                 .container_address = addr("192.0.2.2"),
                                                 .container_port = 440,
                                                 .count = 10}};
  port.address = addr("198.18.0.1");

  const auto done = engine::deny_port(engine, port, {});

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::conflict);
  EXPECT_NE(done.error().message().find("say 443/tcp, or publish it on 198.18.0.1 only"),
            std::string::npos)
      << done.error().message();
  port.address = addr("2001:db8::1");
  EXPECT_TRUE(engine::deny_port(engine, port, {})) << "of the other family";
}

TEST_F(ChangePortRulesTest, DifferentOptionsOnTwoAddressesAskForAnAddress) {
  with_endpoint();
  ASSERT_TRUE(engine::create_endpoint(engine, endpoint_request(kOther, "192.0.2.3/24")));
  PortBinding binding{.protocol = Protocol::tcp,
                      .host_address = addr("198.18.0.1"),
                      .host_port = 443,
                      .container_address = addr("192.0.2.2"),
                      .container_port = 443};
  engine.state.endpoints.at(kEndpoint).ports = {binding};
  binding.host_address = addr("198.18.0.2");
  engine.state.endpoints.at(kOther).ports = {binding};
  ASSERT_TRUE(engine::allow_port(engine, port, list("10.0.0.0/8")));
  ASSERT_TRUE(engine::reset_port(engine, port));
  engine.state.endpoints.at(kOther).publish.allow = list("10.9.0.0/16");

  const auto done = engine::allow_port(engine, port, list("10.0.0.0/8"));

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::conflict);
  EXPECT_NE(done.error().message().find("name the address"), std::string::npos);
  EXPECT_TRUE(engine::deny_port(engine, port, {})) << "what holds for all needs none";
}

TEST_F(ChangePortRulesTest, TooManyRulesAreRefusedBeforeAnythingIsWritten) {
  std::vector<Prefix> many;
  for (std::uint64_t i = 0; i < 1025; ++i) many.emplace_back(addr("10.0.0.0").plus(i), 32);

  const auto done = engine::allow_port(engine, port, many);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::exhausted);
  EXPECT_TRUE(engine.state.port_rules.empty());
}

TEST_F(ChangePortRulesTest, AnUnpublishedPortStartsFromTheConfiguration) {
  engine.settings.publish_allow = list("10.0.0.0/8");

  ASSERT_TRUE(engine::allow_port(engine, port, list("192.0.2.7")));

  const auto sources = engine::sources_of(engine.state.port_rules.begin()->second);
  EXPECT_TRUE(permits(sources, addr("10.0.0.1")));
  EXPECT_TRUE(permits(sources, addr("192.0.2.7")));
  EXPECT_FALSE(permits(sources, addr("192.0.2.8")));
}

}  // namespace
}  // namespace fairlead::test
