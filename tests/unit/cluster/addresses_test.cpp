// blocks.cpp, statics.cpp and asks.cpp together: no address is anybody's twice.
#include <set>
#include <thread>

#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Addresses : public HostsTest {
 protected:
  void SetUp() override {
    HostsTest::SetUp();
    id = a.pool("10.1.0.0/24").id;
    b.pool("10.1.0.0/24");
    sync();
  }

  Prefix claim(Host& host) {
    const auto block = host.registry.claim_block(id);
    EXPECT_TRUE(block) << block.error().message();
    return block ? block->prefix : Prefix();
  }

  std::string id;
};

TEST_F(Addresses, ABlockIsTheLowestFreeOne) {
  EXPECT_EQ(claim(a), prefix("10.1.0.0/28"));
  EXPECT_EQ(claim(a), prefix("10.1.0.16/28"));
  ASSERT_TRUE(a.registry.release_block(id, prefix("10.1.0.0/28")));
  b.sync();
  EXPECT_EQ(claim(b), prefix("10.1.0.0/28"));
}

TEST_F(Addresses, ABlockThatSomebodyElseTookIsLeftForAnother) {
  b.memory().before_next_commit([this] { claim(a); });
  EXPECT_NE(claim(b), prefix("10.1.0.0/28"));
  b.sync();
  EXPECT_EQ(b.view.blocks.at(id).size(), 2u);
}

TEST_F(Addresses, HostsThatTakeDifferentBlocksDoNotMeet) {
  b.sync();
  claim(a);
  b.sync();
  const int before = b.memory().commits();
  claim(b);
  EXPECT_EQ(b.memory().commits(), before + 1);
}

TEST_F(Addresses, OnlyAUserOfThePoolGetsABlock) {
  EXPECT_TRUE(is(c.registry.claim_block(id), Errc::not_found));
  EXPECT_TRUE(is(c.registry.claim_static(id, address("10.1.0.9")), Errc::not_found));
  EXPECT_TRUE(is(a.registry.claim_block("10.9.0.0-24"), Errc::not_found));
}

TEST_F(Addresses, WhenNoBlockIsLeftTheOwnersAreNamed) {
  for (int i = 0; i < 15; ++i) claim(a);
  claim(b);
  const auto refused = b.registry.claim_block(id);
  EXPECT_TRUE(is(refused, Errc::exhausted));
  EXPECT_THAT(text(refused), HasSubstr("host-a (15), host-b (1)"));

  // What was given back is found, though the news of it have not come.
  ASSERT_TRUE(a.registry.release_block(id, prefix("10.1.0.32/28")));
  EXPECT_EQ(claim(b), prefix("10.1.0.32/28"));
}

TEST_F(Addresses, ATinyPoolIsSharedAddressByAddress) {
  id = a.pool("10.2.0.0/29").id;
  b.pool("10.2.0.0/29");
  ASSERT_TRUE(a.registry.set_gateway(id, address("10.2.0.1")));
  std::set<Prefix> all;
  for (int i = 0; i < 5; ++i) all.insert(claim(i % 2 == 0 ? a : b));
  EXPECT_EQ(all.size(), 5u);
  EXPECT_EQ(*all.begin(), prefix("10.2.0.2/32"));
  EXPECT_EQ(*all.rbegin(), prefix("10.2.0.6/32"));
  EXPECT_TRUE(is(a.registry.claim_block(id), Errc::exhausted));
}

TEST_F(Addresses, AStaticAddressIsOneHostsAlone) {
  ASSERT_EQ(text(a.registry.claim_static(id, address("10.1.0.200"))), "");
  EXPECT_EQ(text(a.registry.claim_static(id, address("10.1.0.200"))), "") << "again: success";
  const auto refused = b.registry.claim_static(id, address("10.1.0.200"));
  EXPECT_TRUE(is(refused, Errc::conflict));
  EXPECT_THAT(text(refused), HasSubstr("host-a"));

  EXPECT_EQ(text(b.registry.release_static(id, address("10.1.0.200"))), "") << "not ours: nothing";
  EXPECT_TRUE(is(b.registry.claim_static(id, address("10.1.0.200")), Errc::conflict));
  ASSERT_TRUE(a.registry.release_static(id, address("10.1.0.200")));
  EXPECT_EQ(text(b.registry.claim_static(id, address("10.1.0.200"))), "");
}

TEST_F(Addresses, NetworkAndBroadcastAddressesAndOthersPoolsAreRefused) {
  for (const char* bad : {"10.1.0.0", "10.1.0.255", "10.2.0.1", "fd00::1"})
    EXPECT_TRUE(is(a.registry.claim_static(id, address(bad)), Errc::invalid_argument)) << bad;
}

TEST_F(Addresses, AStaticAddressOfABlockIsItsOwnersToGive) {
  claim(a);
  const auto refused = b.registry.claim_static(id, address("10.1.0.5"));
  EXPECT_TRUE(is(refused, Errc::already_exists));
  EXPECT_THAT(text(refused), HasSubstr("host-a"));
}

TEST_F(Addresses, ABlockAndAStaticAddressOfItAtTheSameMomentDoNotBothSucceed) {
  b.memory().before_next_commit([this] { claim(a); });
  EXPECT_TRUE(is(b.registry.claim_static(id, address("10.1.0.5")), Errc::already_exists));

  // The other way round, the guard tells.
  a.memory().before_next_commit(
      [this] { ASSERT_TRUE(b.registry.claim_static(id, address("10.1.0.20"))); });
  EXPECT_FALSE(claim(a).contains(address("10.1.0.20")));
}

TEST_F(Addresses, AStaticAddressOutsideTheRangeNeverMeetsABlock) {
  const auto ranged = a.registry.request_pool(
      {.prefix = prefix("10.3.0.0/24"), .range = prefix("10.3.0.128/25"), .taken = {}});
  ASSERT_TRUE(ranged);
  id = ranged->id;
  EXPECT_EQ(claim(a), prefix("10.3.0.128/28"));
  EXPECT_EQ(text(a.registry.claim_static(id, address("10.3.0.5"))), "");
}

TEST_F(Addresses, AnAddressIsAskedForLentAndGivenBack) {
  const Prefix block = claim(a);
  const Address wanted = address("10.1.0.7");
  b.sync();
  ASSERT_EQ(text(b.registry.ask(id, wanted)), "");
  EXPECT_EQ(text(b.registry.ask(id, wanted)), "") << "again: success";
  a.sync();
  ASSERT_EQ(a.view.asks.size(), 1u);

  ASSERT_EQ(text(a.registry.lend(id, block, wanted, "host-b")), "");
  EXPECT_EQ(text(a.registry.lend(id, block, wanted, "host-b")), "") << "again: success";
  EXPECT_TRUE(is(a.registry.release_block(id, block), Errc::conflict)) << "b lives in it";
  b.sync();
  EXPECT_THAT(b.view.asks, IsEmpty());
  EXPECT_EQ(b.view.blocks.at(id).at(block).lent.at(wanted), "host-b");
  EXPECT_EQ(text(b.registry.ask(id, wanted)), "") << "it has it";

  ASSERT_EQ(text(b.registry.give_back(id, wanted)), "");
  EXPECT_EQ(text(b.registry.give_back(id, wanted)), "") << "again: success";
  EXPECT_EQ(text(a.registry.release_block(id, block)), "") << "a finds out on its own";
}

TEST_F(Addresses, ARefusalIsTheAnswerUntilTheAskIsWithdrawn) {
  claim(a);
  b.sync();
  ASSERT_TRUE(b.registry.ask(id, address("10.1.0.7")));
  a.sync();
  ASSERT_EQ(text(a.registry.refuse(a.view.asks.begin()->second, "web-1 has it")), "");
  b.sync();
  EXPECT_EQ(b.view.asks.begin()->second.refusal, "web-1 has it");
  ASSERT_TRUE(b.registry.withdraw_ask(id, address("10.1.0.7")));
  EXPECT_EQ(text(b.registry.withdraw_ask(id, address("10.1.0.7"))), "") << "again: success";
  EXPECT_THAT(b.view.asks, IsEmpty());
}

TEST_F(Addresses, NothingIsLentToWhoNoLongerWaits) {
  const Prefix block = claim(a);
  b.sync();
  ASSERT_TRUE(b.registry.ask(id, address("10.1.0.7")));
  a.sync();
  a.memory().before_next_commit(
      [this] { ASSERT_TRUE(b.registry.withdraw_ask(id, address("10.1.0.7"))); });
  EXPECT_TRUE(is(a.registry.lend(id, block, address("10.1.0.7"), "host-b"), Errc::not_found));
  EXPECT_THAT(a.view.blocks.at(id).at(block).lent, IsEmpty());
}

TEST_F(Addresses, AnAddressIsLentToOneHostOnly) {
  const Prefix block = claim(a);
  c.pool("10.1.0.0/24");
  sync();
  for (Host* host : {&b, &c}) ASSERT_TRUE(host->registry.ask(id, address("10.1.0.7")));
  a.sync();
  ASSERT_TRUE(a.registry.lend(id, block, address("10.1.0.7"), "host-b"));
  EXPECT_TRUE(is(a.registry.lend(id, block, address("10.1.0.7"), "host-c"), Errc::conflict));
  c.sync();
  ASSERT_TRUE(c.registry.withdraw_ask(id, address("10.1.0.7")));
  EXPECT_TRUE(is(c.registry.ask(id, address("10.1.0.7")), Errc::conflict));
}

TEST_F(Addresses, OnlyOthersBlocksAreAskedFor) {
  claim(a);
  EXPECT_TRUE(is(a.registry.ask(id, address("10.1.0.7")), Errc::invalid_argument));
  EXPECT_TRUE(is(a.registry.ask(id, address("10.1.0.99")), Errc::not_found));
}

TEST_F(Addresses, ManyHostsThatStartAtOnceEachGetABlock) {
  id = a.pool("10.5.0.0/16").id;
  sync();
  std::vector<std::unique_ptr<Host>> hosts;
  for (int i = 0; i < 12; ++i) {
    hosts.push_back(std::make_unique<Host>(store.other_host(), "host-" + std::to_string(i)));
    hosts.back()->pool("10.5.0.0/16");
  }
  for (auto& host : hosts) host->sync();
  std::vector<std::thread> threads;
  std::vector<Prefix> got(hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i)
    threads.emplace_back([&, i] { got[i] = claim(*hosts[i]); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set<Prefix>(got.begin(), got.end()).size(), hosts.size());
}

}  // namespace
}  // namespace fairlead::cluster
