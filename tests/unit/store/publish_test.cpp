#include "sqlite_fixture.h"
#include "store/sqlite_store.h"

namespace fairlead::store {
namespace {

using PublishStoreTest = SqliteTest;

const HostPort kEvery{.protocol = Protocol::tcp, .address = {}, .number = 443};
const HostPort kOne{.protocol = Protocol::tcp, .address = address("198.18.0.1"), .number = 443};
const HostPort kUdp{.protocol = Protocol::udp, .address = address("2001:db8::1"), .number = 443};

TEST_F(PublishStoreTest, RulesOfAPortSurviveAReopenSortedAsPrefixesAre) {
  apply({full_rules(kEvery), full_rules(kOne), full_rules(kUdp)});
  open();

  EXPECT_EQ(load().port_rules,
            (std::vector{full_rules(kEvery), full_rules(kOne), full_rules(kUdp)}));
}

TEST_F(PublishStoreTest, PuttingRulesReplacesThoseOfThePortAlone) {
  apply({full_rules(kEvery), full_rules(kOne)});
  const PortRules fewer{.port = kOne, .rules = {{.prefix = prefix("::/0"), .allow = true}}};

  apply({fewer});

  EXPECT_EQ(load().port_rules, (std::vector{full_rules(kEvery), fewer}));
}

TEST_F(PublishStoreTest, ErasedRulesAreGoneAndTheOthersStay) {
  apply({full_rules(kEvery), full_rules(kOne), full_rules(kUdp)});

  apply({ErasePortRules{kEvery}, ErasePortRules{{.number = 80}}});

  EXPECT_EQ(load().port_rules, (std::vector{full_rules(kOne), full_rules(kUdp)}));
}

TEST_F(PublishStoreTest, NobodyIsAnotherPolicyThanNothingSaid) {
  Network nobody = full_network("n1", 1);
  nobody.publish = {.allow = std::vector<Prefix>(), .allow_port = {}};
  Network nothing = full_network("n2", 2);
  nothing.publish = {};
  apply({nobody, nothing});
  open();

  EXPECT_EQ(load().networks, (std::vector{nobody, nothing}));
}

TEST_F(PublishStoreTest, PuttingANetworkAgainReplacesItsPolicy) {
  Network network = full_network("n1", 1);
  apply({network});
  network.publish = {.allow = {}, .allow_port = {{{Protocol::tcp, 80}, {prefix("::1/128")}}}};

  apply({network});

  EXPECT_EQ(load().networks, std::vector{network});
}

TEST_F(PublishStoreTest, ErasedOwnersLeaveNoPolicyToTheNextOfTheirName) {
  apply({full_network("n1", 1), full_endpoint("e1", "n1")});
  apply({EraseNetwork{"n1"}, EraseEndpoint{"e1"}});
  Network network = full_network("n1", 1);
  network.publish = {};

  apply({network, bare_endpoint("e1", "n1")});
  // Not with the endpoint's own put, which replaces: what is left in the table.
  store.reset();
  auto database = Database::open(dir.file());
  ASSERT_TRUE(database);
  EXPECT_EQ(database->query_text("SELECT count(*) FROM publish_policy"), "0");
}

TEST_F(PublishStoreTest, APolicyThatMakesNoSenseIsNamed) {
  apply({full_network("n1", 1)});
  store.reset();
  {
    auto database = Database::open(dir.file());
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("UPDATE publish_policy SET allow = 'friends' WHERE port = ''"));
  }
  open();

  const auto all = store->load();

  ASSERT_FALSE(all);
  EXPECT_NE(all.error().message().find("table publish_policy"), std::string::npos)
      << all.error().message();
  EXPECT_NE(all.error().message().find("friends"), std::string::npos) << all.error().message();
}

}  // namespace
}  // namespace fairlead::store
