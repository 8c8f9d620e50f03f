#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Hosts : public HostsTest {
 protected:
  // Host a has something of every kind.
  void SetUp() override {
    HostsTest::SetUp();
    id = a.pool("10.1.0.0/24").id;
    b.pool("10.1.0.0/24");
    own = a.pool("10.2.0.0/24").id;
    ASSERT_TRUE(a.registry.claim_block(own));
    block = a.registry.claim_block(id).value().prefix;
    ASSERT_TRUE(a.registry.claim_static(id, address("10.1.0.200")));
    b.sync();
    theirs = b.registry.claim_block(id).value().prefix;
    sync();
    ASSERT_TRUE(b.registry.ask(id, block.first().plus(3)));
    ASSERT_TRUE(a.registry.ask(id, theirs.first().plus(3)));
    ASSERT_TRUE(a.registry.ask(id, theirs.first().plus(4)));
    sync();
    ASSERT_TRUE(a.registry.lend(id, block, block.first().plus(3), "host-b"));
    ASSERT_TRUE(b.registry.lend(id, theirs, theirs.first().plus(3), "host-a"));
    a.network("shared", "web");
    ASSERT_TRUE(b.registry.join_network("shared"));
    a.network("going");
    ASSERT_TRUE(a.registry.mark_removing("going"));
    store.put(layout().node("host-a"), R"({"port":4795,"mtu":1500})");
    store.put(layout().alive("host-a"), "{}");
    store.put(layout().endpoint("shared", "host-a", "ep"), "{}");
    store.put(layout().endpoint("left", "host-a", "ep"), "{}");
  }

  std::string id;
  std::string own;
  Prefix block;
  Prefix theirs;
};

TEST_F(Hosts, ALivingOneIsNotForgottenUnlessForced) {
  const auto before = keys();
  const auto refused = c.registry.forget("host-a", false);
  EXPECT_TRUE(is(refused, Errc::conflict));
  EXPECT_THAT(text(refused), HasSubstr("alive"));
  EXPECT_EQ(keys(), before);
  EXPECT_EQ(text(c.registry.forget("host-a", true)), "");
  EXPECT_THAT(keys(), Each(Not(HasSubstr("host-a"))));
}

TEST_F(Hosts, OneThatComesBackToLifeMeanwhileIsNotForgotten) {
  store.erase(layout().alive("host-a"));
  c.memory().before_next_commit([this] { store.put(layout().alive("host-a"), "{}"); });
  EXPECT_TRUE(is(c.registry.forget("host-a", false), Errc::conflict));
  EXPECT_THAT(keys(), Contains("nodes/host-a"));
}

TEST_F(Hosts, ADeadOneGoesWithEverythingAndNobodyIsCutOff) {
  store.erase(layout().alive("host-a"));

  ASSERT_EQ(text(c.registry.forget("host-a", false)), "");

  EXPECT_THAT(keys(), Each(Not(HasSubstr("host-a"))));
  EXPECT_THAT(keys(), Not(Contains("pools/" + own))) << "it was its last user";
  EXPECT_THAT(keys(), Not(Contains("networks/going"))) << "it was its last member";
  EXPECT_THAT(keys(), Contains("networks/shared"));
  b.sync();
  EXPECT_FALSE(b.view.blocks.at(id).contains(block));
  EXPECT_EQ(b.view.statics.at(id).size(), 1u) << "its own is gone, what b borrowed is b's";
  EXPECT_EQ(b.view.statics.at(id).at(block.first().plus(3)).owner, "host-b");
  EXPECT_THAT(b.view.blocks.at(id).at(theirs).lent, IsEmpty());
  EXPECT_THAT(b.view.asks, IsEmpty());
  EXPECT_TRUE(is(c.registry.forget("host-a", false), Errc::not_found));
}

TEST_F(Hosts, OneWithVeryMuchGoesInSeveralTransactions) {
  store.erase(layout().alive("host-a"));
  for (int i = 0; i < 700; ++i)
    store.put(layout().fixed(id, address("10.1.0.0").plus(1000 + static_cast<unsigned>(i))),
              R"({"owner":"host-a"})");
  const int before = c.memory().commits();
  ASSERT_EQ(text(c.registry.forget("host-a", false)), "");
  EXPECT_THAT(keys(), Each(Not(HasSubstr("host-a"))));
  EXPECT_EQ(a.client->list(layout().statics(id)).value().entries.size(), 1u);
  EXPECT_LT(c.memory().commits() - before, 20);
}

TEST_F(Hosts, ABlockThatIsLentAllOverIsGivenUpInSteps) {
  store.erase(layout().alive("host-a"));
  Block full{.pool = id, .prefix = block, .owner = "host-a", .lent = {}};
  full.prefix = prefix("10.1.0.64/26");
  for (unsigned i = 0; i < 64; ++i) full.lent[full.prefix.first().plus(i)] = "host-b";
  store.put(layout().key(full), format(full));
  ASSERT_EQ(text(c.registry.forget("host-a", false)), "");
  EXPECT_EQ(a.client->list(layout().statics(id)).value().entries.size(), 65u);
  EXPECT_THAT(keys(), Not(Contains("blocks/" + id + "/10.1.0.64-26")));
}

}  // namespace
}  // namespace fairlead::cluster
