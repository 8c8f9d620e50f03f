// What client.h promises, of a real etcd and of the one in memory that other tests trust.
#include "etcd/client.h"

#include "backend.h"

namespace fairlead::etcd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

enum class Kind { memory, real };

class ClientTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::memory) {
      backend = std::make_shared<MemoryBackend>();
    } else if (!test::RealEtcd::installed()) {
      FAIRLEAD_CANNOT_RUN("etcd is not installed: scripts/deps");
    } else {
      // One for all tests; each has keys of its own. Those that break it take their own.
      if (!shared) shared = std::make_shared<RealBackend>();
      backend = shared;
    }
    client = backend->connect();
    root = std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + "/";
  }

  static void TearDownTestSuite() { shared.reset(); }

  void own_backend() {
    if (GetParam() == Kind::real) backend = std::make_shared<RealBackend>();
    client = backend->connect();
  }

  // Does a transaction with this condition write?
  bool holds(const Compare& compare) {
    return must(client->commit({.when = {compare}, .then = {Put{root + "written", "", 0}}})).done;
  }

  Revision now() { return must(client->list(root)).revision; }

  static std::shared_ptr<Backend> shared;
  std::shared_ptr<Backend> backend;
  std::unique_ptr<Client> client;
  std::string root;
};

std::shared_ptr<Backend> ClientTest::shared;

// --- reading

TEST_P(ClientTest, AListingHasEveryKeyOfThePrefixInOrderOverManyPages) {
  constexpr int kKeys = 2500;
  for (int first = 0; first < kKeys; first += 100) {
    Transaction some;
    for (int each = first; each < first + 100; ++each) {
      const std::string name = std::to_string(10'000 + each);
      some.then.emplace_back(Put{root + "k" + name, name, 0});
    }
    ASSERT_TRUE(must(client->commit(some)).done);
  }
  put(*client, root + "j", "before");
  const auto last = put(*client, root + "l", "after");

  const auto all = must(client->list(root + "k"));
  EXPECT_EQ(all.revision, last.revision);
  ASSERT_EQ(all.entries.size(), kKeys);
  for (std::size_t each = 0; each < all.entries.size(); ++each) {
    ASSERT_EQ(all.entries[each].key, root + "k" + std::to_string(10'000 + each));
    ASSERT_EQ(all.entries[each].value, std::to_string(10'000 + each));
  }
}

TEST_P(ClientTest, AListingOfThePrefixOfNothingIsTheWholeStore) {
  put(*client, root + "a", "1");
  put(*client, std::string("\xff\xff") + root, "2");
  const auto all = must(client->list("")).entries;
  const auto has = [&all](const std::string& key) {
    return std::ranges::any_of(all, [&key](const KeyValue& each) { return each.key == key; });
  };
  EXPECT_TRUE(has(root + "a"));
  EXPECT_TRUE(has(std::string("\xff\xff") + root));
  EXPECT_EQ(must(client->list("\xff")).entries.size(), 1u);
  erase(*client, std::string("\xff\xff") + root);
}

TEST_P(ClientTest, AKeyRemembersWhenItWasCreatedAndModifiedAndItsLease) {
  const auto lease = must(client->grant(60s));
  const auto first = put(*client, root + "k", "1", lease);
  const auto second = put(*client, root + "k", std::string("\0\xff", 2));
  const KeyValue want{.key = root + "k",
                      .value = std::string("\0\xff", 2),
                      .created = first.revision,
                      .modified = second.revision,
                      .lease = 0};
  EXPECT_EQ(must(client->get(root + "k")), want);
  EXPECT_EQ(must(client->list(root)).entries, std::vector{want});

  const auto third = put(*client, root + "k", "3", lease);
  EXPECT_EQ(must(client->get(root + "k")).lease, lease);
  EXPECT_EQ(must(client->get(root + "k")).modified, third.revision);
  must(client->revoke(lease));
}

TEST_P(ClientTest, AKeyThatIsNotThereWasNeverCreated) {
  const auto none = must(client->get(root + "none"));
  EXPECT_EQ(none, KeyValue{.key = root + "none"});
  const auto empty = must(client->list(root));
  EXPECT_TRUE(empty.entries.empty());
  EXPECT_GT(empty.revision, 0);
}

// --- transactions

TEST_P(ClientTest, EachConditionHoldsWhenItShould) {
  using enum Compare::What;
  const auto made = put(*client, root + "there/k", "1");
  EXPECT_TRUE(holds({.what = absent, .key = root + "none"}));
  EXPECT_FALSE(holds({.what = absent, .key = root + "there/k"}));
  EXPECT_TRUE(holds({.what = present, .key = root + "there/k"}));
  EXPECT_FALSE(holds({.what = present, .key = root + "there"}));
  EXPECT_TRUE(holds({.what = modified_at, .key = root + "there/k", .revision = made.revision}));
  EXPECT_FALSE(
      holds({.what = modified_at, .key = root + "there/k", .revision = made.revision + 1}));
  EXPECT_FALSE(holds({.what = modified_at, .key = root + "none", .revision = made.revision}));
  EXPECT_TRUE(holds({.what = none_under, .key = root + "none/"}));
  EXPECT_TRUE(holds({.what = none_under, .key = root + "there/k/"}));
  EXPECT_FALSE(holds({.what = none_under, .key = root + "there/"}));
  EXPECT_FALSE(holds({.what = none_under, .key = root + "there/k"}));

  erase(*client, root + "there/k");
  EXPECT_TRUE(holds({.what = absent, .key = root + "there/k"}));
  EXPECT_TRUE(holds({.what = none_under, .key = root + "there/"}));
}

TEST_P(ClientTest, AllConditionsMustHoldElseNothingIsWrittenAndTheKeysAskedForAreRead) {
  put(*client, root + "a", "1");
  const auto before = put(*client, root + "b", "2");
  const auto outcome =
      must(client->commit({.when = {{.what = Compare::What::present, .key = root + "a"},
                                    {.what = Compare::What::absent, .key = root + "b"}},
                           .then = {Put{root + "a", "new", 0}, Erase{.key = root + "b"}},
                           .read = {root + "b", root + "none", root + "a"}}));
  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.revision, before.revision);
  ASSERT_EQ(outcome.found.size(), 2u);
  EXPECT_EQ(outcome.found[0].key + outcome.found[0].value, root + "b2");
  EXPECT_EQ(outcome.found[1].key + outcome.found[1].value, root + "a1");
}

TEST_P(ClientTest, TheWritesOfATransactionShareOneRevision) {
  const auto before = put(*client, root + "old/1", "");
  put(*client, root + "old/2", "");
  const auto outcome =
      must(client->commit({.when = {},
                           .then = {Put{root + "a", "1", 0}, Put{root + "b", "2", 0},
                                    Erase{.key = root + "old/", .all_under = true}}}));
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.revision, before.revision + 2);
  EXPECT_TRUE(outcome.found.empty());
  const auto all = must(client->list(root)).entries;
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].modified, outcome.revision);
  EXPECT_EQ(all[1].modified, outcome.revision);
}

TEST_P(ClientTest, AnEraseOfOneKeyLeavesThoseThatBeginWithIt) {
  put(*client, root + "a", "");
  put(*client, root + "ab", "");
  erase(*client, root + "a");
  EXPECT_EQ(must(client->get(root + "a")).created, 0);
  EXPECT_NE(must(client->get(root + "ab")).created, 0);
}

TEST_P(ClientTest, ATransactionThatChangesNothingMakesNoRevision) {
  const auto before = put(*client, root + "a", "");
  EXPECT_EQ(erase(*client, root + "none").revision, before.revision);
  EXPECT_EQ(must(client->commit({})).revision, before.revision);
  EXPECT_EQ(put(*client, root + "a", "").revision, before.revision + 1);
}

TEST_P(ClientTest, ATransactionThatEtcdWouldNotTakeIsRefused) {
  const auto refused = [this](std::vector<Write> then) {
    return failure(client->commit({.when = {}, .then = std::move(then), .read = {}}),
                   Errc::invalid_argument);
  };
  const Put one{root + "a", "", 0};
  EXPECT_THAT(refused({one, one}), HasSubstr("duplicate key"));
  EXPECT_THAT(refused({one, Erase{.key = root + "a"}}), HasSubstr("duplicate key"));
  EXPECT_THAT(refused({Erase{.key = root, .all_under = true}, one}), HasSubstr("duplicate key"));
  EXPECT_THAT(refused({Put{"", "", 0}}), HasSubstr("key is not provided"));
  EXPECT_THAT(refused({Erase{.key = "", .all_under = true}}), HasSubstr("key is not provided"));
  std::vector<Write> many;
  for (int each = 0; each < 129; ++each) {
    many.emplace_back(Put{root + std::to_string(each), "", 0});
  }
  EXPECT_THAT(refused(many), HasSubstr("too many operations"));
  many.pop_back();
  EXPECT_TRUE(must(client->commit({.when = {}, .then = many, .read = {}})).done);
}

// --- leases

TEST_P(ClientTest, ALeaseThatEndsTakesItsKeysWithItInOneRevision) {
  const auto lease = must(client->grant(60s));
  put(*client, root + "a", "", lease);
  put(*client, root + "b", "", lease);
  const auto kept = put(*client, root + "c", "");
  must(client->keep_alive(lease));
  must(client->revoke(lease));
  const auto all = must(client->list(root));
  ASSERT_EQ(all.entries.size(), 1u);
  EXPECT_EQ(all.entries[0].key, root + "c");
  EXPECT_EQ(all.revision, kept.revision + 1);
}

TEST_P(ClientTest, ALeaseThatIsOverIsNotFound) {
  const auto lease = must(client->grant(60s));
  EXPECT_NE(lease, must(client->grant(60s)));
  must(client->revoke(lease));
  failure(client->keep_alive(lease), Errc::not_found);
  failure(client->revoke(lease), Errc::not_found);
  EXPECT_THAT(
      failure(client->commit({.when = {}, .then = {Put{root + "a", "", lease}}}), Errc::not_found),
      HasSubstr("lease not found"));
  EXPECT_EQ(must(client->get(root + "a")).created, 0);
}

TEST_P(ClientTest, ALeaseThatNobodyKeepsRunsOutAndItsKeysWithIt) {
  const auto lease = must(client->grant(1s));
  const auto made = put(*client, root + "alive", "", lease);
  Watching watching(*client, root, made.revision + 1);
  backend->await_end(lease);
  EXPECT_THAT(lines(watching.events(1)), ElementsAre("-" + root + "alive"));
  EXPECT_EQ(must(client->get(root + "alive")).created, 0);
}

// --- watches

TEST_P(ClientTest, AWatchTellsWhatWasAndWhatComesFromARevisionOn) {
  put(*client, root + "early", "0");
  const auto first = put(*client, root + "a", "1");
  put(*client, "elsewhere/" + root, "x");
  const auto lease = must(client->grant(60s));
  put(*client, root + "a", "2", lease);

  Watching watching(*client, root, first.revision);
  ASSERT_TRUE(watching.started());
  EXPECT_THAT(lines(watching.events(2)), ElementsAre("+" + root + "a=1", "+" + root + "a=2"));

  const auto last = must(client->commit(
      {.when = {}, .then = {Put{root + "b", "3", 0}, Erase{.key = root + "a"}}, .read = {}}));
  const auto events = watching.events(4);
  EXPECT_THAT(lines(events), ElementsAre("+" + root + "a=1", "+" + root + "a=2", "+" + root + "b=3",
                                         "-" + root + "a"));
  EXPECT_EQ(events[1].entry, (KeyValue{.key = root + "a",
                                       .value = "2",
                                       .created = first.revision,
                                       .modified = first.revision + 2,
                                       .lease = lease}));
  EXPECT_EQ(events[3].entry, (KeyValue{.key = root + "a", .modified = last.revision}));
  EXPECT_EQ(watching.revisions().back(), last.revision);
  must(client->revoke(lease));
}

TEST_P(ClientTest, AWatchThatGoesOnAfterTheLastRevisionMissesNothingAndRepeatsNothing) {
  const auto before = now();
  Revision seen = 0;
  {
    const auto first = backend->connect();
    Watching watching(*first, root, before + 1);
    put(*client, root + "a", "1");
    put(*client, root + "a", "2");
    watching.events(2);
    seen = watching.revisions().back();
  }
  put(*client, root + "a", "3");
  erase(*client, root + "a");
  Watching watching(*client, root, seen + 1);
  EXPECT_THAT(lines(watching.events(2)), ElementsAre("+" + root + "a=3", "-" + root + "a"));
}

TEST_P(ClientTest, AWatchFromACompactedRevisionSaysSo) {
  const auto made = put(*client, root + "a", "1");
  const auto gone = erase(*client, root + "a");
  backend->compact();
  {
    const auto other = backend->connect();
    Watching watching(*other, root, made.revision);
    const auto ended = watching.ended();
    EXPECT_EQ(ended.how, WatchEnd::compacted) << ended.why;
    EXPECT_THAT(ended.why, HasSubstr("compacted"));
  }
  {
    // What was erased by the very revision compacted to is no longer there to be told.
    const auto other = backend->connect();
    Watching watching(*other, root, gone.revision);
    EXPECT_EQ(watching.ended().how, WatchEnd::compacted);
  }
  Watching watching(*client, root, gone.revision + 1);
  ASSERT_TRUE(watching.started());
  put(*client, root + "b", "");
  EXPECT_THAT(lines(watching.events(1)), ElementsAre("+" + root + "b="));
}

TEST_P(ClientTest, ACompactionLeavesAWatchThatIsUpToDate) {
  Watching watching(*client, root, now() + 1);
  ASSERT_TRUE(watching.started());
  put(*client, root + "a", "");
  watching.events(1);
  backend->compact();
  put(*client, root + "b", "");
  EXPECT_EQ(watching.events(2).size(), 2u);
}

TEST_P(ClientTest, AWatchTellsManyEventsOnceEachAndInOrder) {
  const auto before = now();
  const std::string value(1000, 'v');
  for (int first = 0; first < 3000; first += 100) {
    Transaction some;
    for (int each = first; each < first + 100; ++each) {
      some.then.emplace_back(Put{root + std::to_string(each), value, 0});
    }
    ASSERT_TRUE(must(client->commit(some)).done);
  }
  Watching watching(*client, root, before + 1);
  const auto events = watching.events(3000);
  ASSERT_EQ(events.size(), 3000u);
  for (std::size_t each = 0; each < events.size(); ++each) {
    ASSERT_EQ(events[each].entry.key, root + std::to_string(each));
  }
}

TEST_P(ClientTest, AWatchIsStoppedFromAnotherThreadAndTheNextOneAtOnce) {
  std::thread stopper;
  const auto ended = client->watch(
      root, now() + 1, [&] { stopper = std::thread([this] { client->stop_watch(); }); },
      [](const std::vector<Event>&, Revision) {});
  stopper.join();
  EXPECT_EQ(ended.how, WatchEnd::stopped) << ended.why;
  const auto again = client->watch(
      root, 1, [] { ADD_FAILURE(); }, [](const std::vector<Event>&, Revision) { ADD_FAILURE(); });
  EXPECT_EQ(again.how, WatchEnd::stopped) << again.why;
}

// --- the store itself

TEST_P(ClientTest, TheStoreSaysWhichItIsAndAReplacedOneIsAnother) {
  own_backend();
  put(*client, root + "a", "1");
  const auto before = must(client->identity());
  EXPECT_NE(before.cluster, 0u);
  EXPECT_NE(before.member, 0u);
  EXPECT_THAT(before.version, testing::StartsWith("3."));
  EXPECT_FALSE(before.endpoint.empty());
  EXPECT_THAT(before.alarms, testing::IsEmpty());
  EXPECT_EQ(before.revision, now());

  const auto other = backend->connect();
  Watching watching(*other, root, now() + 1);
  ASSERT_TRUE(watching.started());
  backend->replace();
  EXPECT_EQ(watching.ended().how, WatchEnd::lost);
  const auto after = must(client->identity());
  EXPECT_NE(after.cluster, before.cluster);
  EXPECT_LT(after.revision, before.revision);
  EXPECT_TRUE(must(client->list("")).entries.empty());
}

TEST_P(ClientTest, AStoreWhoseQuotaIsUsedUpTakesNoPutsButErases) {
  own_backend();
  put(*client, root + "a", "1");
  backend->use_up_quota();
  EXPECT_THAT(failure(client->commit({.when = {}, .then = {Put{root + "b", "", 0}}, .read = {}}),
                      Errc::exhausted),
              HasSubstr("database space exceeded"));
  failure(client->grant(60s), Errc::exhausted);
  EXPECT_EQ(must(client->get(root + "a")).value, "1");
  EXPECT_TRUE(erase(*client, root + "a").done);
  EXPECT_THAT(must(client->identity()).alarms, ElementsAre(HasSubstr("NOSPACE on member ")));
}

TEST_P(ClientTest, AStoreThatIsAwayIsUnavailableForEveryCall) {
  own_backend();
  const auto lease = must(client->grant(60s));
  Watching watching(*client, root, 1);
  ASSERT_TRUE(watching.started());
  backend->down(*client);
  EXPECT_EQ(watching.ended().how, WatchEnd::lost);
  failure(client->list(root), Errc::unavailable);
  failure(client->get(root), Errc::unavailable);
  failure(client->commit({}), Errc::unavailable);
  failure(client->grant(60s), Errc::unavailable);
  failure(client->keep_alive(lease), Errc::unavailable);
  failure(client->revoke(lease), Errc::unavailable);
  failure(client->identity(), Errc::unavailable);
}

INSTANTIATE_TEST_SUITE_P(Memory, ClientTest, testing::Values(Kind::memory));
INSTANTIATE_TEST_SUITE_P(Real, ClientTest, testing::Values(Kind::real));

}  // namespace
}  // namespace fairlead::etcd
