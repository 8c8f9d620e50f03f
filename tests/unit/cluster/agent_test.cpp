#include "cluster/agent.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cluster/backoff.h"
#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kPatience = 20s;

// Until it is so; fails the test if that takes too long.
void wait_for(const char* what, const std::function<bool()>& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "in vain: " << what;
      return;
    }
    std::this_thread::sleep_for(1ms);
  }
}

// A store that does something of its own after each listing, once.
class Meanwhile final : public etcd::Client {
 public:
  explicit Meanwhile(std::unique_ptr<test::MemoryEtcd> real) : real_(std::move(real)) {}

  std::function<void()> after_list;  // set before it is used by an agent

  Result<etcd::Listing> list(const std::string& prefix) override {
    auto listing = real_->list(prefix);
    if (auto action = std::exchange(after_list, nullptr)) action();
    return listing;
  }
  Result<etcd::KeyValue> get(const std::string& key) override { return real_->get(key); }
  Result<etcd::Outcome> commit(const etcd::Transaction& transaction) override {
    return real_->commit(transaction);
  }
  Result<etcd::LeaseId> grant(std::chrono::seconds ttl) override { return real_->grant(ttl); }
  Status keep_alive(etcd::LeaseId lease) override { return real_->keep_alive(lease); }
  Status revoke(etcd::LeaseId lease) override { return real_->revoke(lease); }
  Result<etcd::Identity> identity() override { return real_->identity(); }
  etcd::Ended watch(const std::string& prefix, etcd::Revision from,
                    const std::function<void()>& on_started, const OnEvents& on_events) override {
    return real_->watch(prefix, from, on_started, on_events);
  }
  void stop_watch() override { real_->stop_watch(); }

 private:
  std::unique_ptr<test::MemoryEtcd> real_;
};

class AgentTest : public ::testing::Test {
 protected:
  void SetUp() override { store.put(layout().meta(), format(meta())); }
  void TearDown() override { agent.reset(); }

  AgentSettings agent_settings() {
    return {.layout = layout(),
            .node = "host-a",
            .cluster_uuid = "uuid-1",
            .store_id = 0,
            .alive = {.node = "host-a", .boot_id = "boot", .version = "1", .since = "now"},
            .ttl = 3s,
            .first_pause = 1ms,
            .last_pause = 20ms};
  }

  void start(etcd::Client& the_client) { start(the_client, agent_settings()); }
  void start(etcd::Client& the_client, const AgentSettings& its_settings) {
    agent = std::make_unique<Agent>(the_client, its_settings, [this](News news) {
      const std::lock_guard lock(mutex);
      if (news.listing) {
        ++listings;
        view.replace(*news.listing);
      }
      for (const auto& event : news.events) view.apply(event);
    });
  }
  void start() {
    start(*client);
    connected();
  }

  void connected() {
    wait_for("connected", [this] { return agent->status().connected; });
  }
  void alarmed() {
    wait_for("an alarm", [this] { return !agent->status().alarm.empty(); });
  }
  void calm() {
    wait_for("no alarm", [this] { return agent->status().alarm.empty(); });
    connected();
  }

  std::string seen(const std::string& name) {
    const std::lock_guard lock(mutex);
    const auto found = view.entries().find(name);
    return found == view.entries().end() ? "" : found->second.value;
  }
  void sees(const std::string& name, const std::string& value) {
    wait_for("news", [&] { return seen(name) == value; });
  }
  etcd::KeyValue stored(const std::string& name) { return store.get(name).value(); }
  void alive() {
    wait_for("alive", [this] { return stored(alive_key).created != 0; });
  }

  const std::string key = layout().node("host-a");
  const std::string other = layout().node("host-b");
  const std::string alive_key = layout().alive("host-a");
  test::MemoryEtcd store;
  std::unique_ptr<test::MemoryEtcd> client = store.other_host();
  std::mutex mutex;  // guards the next two
  View view{layout()};
  int listings = 0;
  std::unique_ptr<Agent> agent;
};

TEST_F(AgentTest, ListsTheStoreAndFollowsIt) {
  store.put(other, "1");
  start();
  sees(other, "1");
  store.put(other, "2");
  sees(other, "2");
  store.erase(other);
  sees(other, "");

  const auto status = agent->status();
  EXPECT_EQ(status.store_id, 0x1001u);
  EXPECT_EQ(status.endpoint, "memory");
  EXPECT_THAT(status.last_error, IsEmpty());
  EXPECT_GT(status.revision, 1);
}

TEST_F(AgentTest, ComesBackByItselfAndCatchesUp) {
  start();
  client->down(true);
  wait_for("lost", [this] { return !agent->status().connected; });
  EXPECT_THAT(agent->status().last_error, HasSubstr("away"));
  store.put(other, "1");
  store.compact();
  EXPECT_EQ(seen(other), "");

  client->down(false);
  connected();
  sees(other, "1");
}

TEST_F(AgentTest, ListsAgainWhenHistoryIsGone) {
  Meanwhile late(store.other_host());
  late.after_list = [this] {
    store.put(other, "1");
    store.compact();
  };
  start(late);
  connected();
  sees(other, "1");
  agent.reset();
  EXPECT_EQ(listings, 2);
}

TEST_F(AgentTest, AnEmptyStoreIsAnAlarmAndNothingGoes) {
  store.put(other, "1");
  start();
  sees(other, "1");
  alive();

  store.wipe(7);
  alarmed();

  EXPECT_THAT(agent->status().alarm, HasSubstr("empty"));
  EXPECT_FALSE(agent->status().connected);
  agent->put(key, "mine");
  EXPECT_FALSE(agent->flush(50ms));
  EXPECT_EQ(seen(other), "1");
  EXPECT_THAT(store.list("").value().entries, IsEmpty()) << "nothing is written";

  // Brought back by an import: the same cluster, another etcd.
  store.put(other, "2");
  store.put(layout().meta(), format(meta()));
  calm();
  sees(other, "2");
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(agent->status().store_id, 7u);
  alive();
}

TEST_F(AgentTest, AClusterThatIsErasedUnderTheWatchIsAnAlarmAndNothingGoes) {
  store.put(other, "1");
  start();
  sees(other, "1");

  const auto erased = store.commit(
      {.when = {}, .then = {etcd::Erase{.key = layout().root(), .all_under = true}}, .read = {}});
  ASSERT_TRUE(erased && erased->done);
  alarmed();
  EXPECT_EQ(seen(other), "1");

  store.put(other, "2");
  store.put(layout().meta(), format(meta()));
  calm();
  sees(other, "2");
  store.put(other, "3");
  sees(other, "3");
}

TEST_F(AgentTest, AnotherClusterIsAnAlarmUntilSomebodyAcceptsIt) {
  store.put(layout().meta(), R"({"uuid":"uuid-2","schema":1})");
  store.put(other, "1");
  start(*client);
  alarmed();
  EXPECT_THAT(agent->status().alarm, HasSubstr("uuid-2"));
  EXPECT_EQ(seen(other), "");

  agent->accept_store();
  calm();
  sees(other, "1");
}

TEST_F(AgentTest, AnEmptyStoreThatIsAcceptedWaitsForANewCluster) {
  start();
  store.wipe(7);
  alarmed();
  agent->accept_store();
  wait_for("what to do",
           [this] { return agent->status().alarm.find("cluster init") != std::string::npos; });

  store.put(layout().meta(), R"({"uuid":"uuid-2","schema":1})");
  calm();
  agent->put(key, "mine");
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(stored(key).value, "mine");
}

TEST_F(AgentTest, TheFirstClusterThatAHostSeesIsItsOwn) {
  auto nobody = agent_settings();
  nobody.cluster_uuid.clear();
  start(*client, nobody);
  connected();
  store.wipe(7);
  store.put(layout().meta(), R"({"uuid":"uuid-2","schema":1})");
  alarmed();
  EXPECT_THAT(agent->status().alarm, HasSubstr("uuid-1"));
}

TEST_F(AgentTest, AcceptingWhenThereIsNoAlarmAcceptsNothingLater) {
  start();
  agent->accept_store();
  store.wipe(7);
  alarmed();
  EXPECT_FALSE(agent->status().connected);
}

TEST_F(AgentTest, AClusterOfANewerVersionIsAnAlarm) {
  store.put(layout().meta(), R"({"uuid":"uuid-1","schema":2})");
  start(*client);
  alarmed();
  EXPECT_THAT(agent->status().alarm, HasSubstr("upgrade"));
}

TEST_F(AgentTest, TheLastWordOnAKeyIsWritten) {
  start();
  for (int i = 0; i < 50; ++i) agent->put(key, std::to_string(i));
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(stored(key).value, "49");
  agent->put(key, "again");
  agent->erase(key);
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(stored(key).created, 0);
  EXPECT_EQ(agent->status().pending_writes, 0u);
}

TEST_F(AgentTest, WhatIsSoAlreadyIsNotWritten) {
  store.put(key, "mine");
  start();
  alive();
  sees(alive_key, stored(alive_key).value);
  const int before = client->commits();

  agent->put(key, "mine");
  agent->erase(layout().endpoint("n", "host-a", "gone"));
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(client->commits(), before);

  // Somebody else's change makes it a difference.
  store.put(key, "theirs");
  sees(key, "theirs");
  agent->put(key, "mine");
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(stored(key).value, "mine");
}

TEST_F(AgentTest, WhatIsSaidWhileTheStoreIsAwayIsWrittenLater) {
  client->down(true);
  start(*client);
  agent->put(key, "1");
  agent->put(key, "2");
  EXPECT_FALSE(agent->flush(30ms));
  EXPECT_EQ(agent->status().pending_writes, 1u);
  client->down(false);
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(stored(key).value, "2");
}

TEST_F(AgentTest, ALostAnswerIsRepeated) {
  start();
  alive();
  client->lose_next_answer();
  agent->put(key, "1");
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(stored(key).value, "1");
}

TEST_F(AgentTest, ManyWritesAreFewTransactions) {
  start();
  alive();
  client->down(true);
  for (int i = 0; i < 1000; ++i)
    agent->put(layout().endpoint("n", "host-a", std::to_string(i)), "{}");
  const int before = client->commits();
  client->down(false);
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(store.list(layout().endpoints("n")).value().entries.size(), 1000u);
  EXPECT_LE(client->commits() - before, 14);
}

TEST_F(AgentTest, AWriteThatTheStoreRefusesHoldsUpNothingElse) {
  start();
  client->down(true);
  agent->put("", "etcd has no empty key");
  agent->put(key, "1");
  client->down(false);
  EXPECT_TRUE(agent->flush(kPatience));
  EXPECT_EQ(stored(key).value, "1");
}

TEST_F(AgentTest, TheSignOfLifeIsOnALeaseAndGoesWithTheAgent) {
  start();
  alive();
  EXPECT_NE(stored(alive_key).lease, 0);
  agent.reset();
  EXPECT_EQ(stored(alive_key).created, 0);
}

TEST_F(AgentTest, ALeaseThatRanOutIsTakenAnew) {
  start();
  alive();
  const auto first = stored(alive_key).lease;
  store.expire_all();
  alive();
  EXPECT_NE(stored(alive_key).lease, first);
}

TEST_F(AgentTest, ASignOfLifeThatSomebodyErasedComesBack) {
  start();
  alive();
  sees(alive_key, stored(alive_key).value);
  store.erase(alive_key);
  alive();
}

TEST_F(AgentTest, ASignOfLifeOfAnEarlierRunIsTakenOver) {
  const auto old = store.grant(60s).value();
  ASSERT_TRUE(store.commit({.when = {}, .then = {etcd::Put{alive_key, "old", old}}, .read = {}}));
  start();
  wait_for("a new lease", [&] { return stored(alive_key).lease != old; });
  store.expire(old);
  EXPECT_NE(stored(alive_key).created, 0);
}

TEST_F(AgentTest, AFullStoreIsSaidAndOvercome) {
  store.full(true);
  start();
  EXPECT_THAT(agent->status().store_alarms, Not(IsEmpty()));
  agent->put(key, "1");
  EXPECT_FALSE(agent->flush(30ms));
  store.full(false);
  EXPECT_TRUE(agent->flush(kPatience));
  alive();
}

TEST_F(AgentTest, EndsThoughTheStoreIsAway) {
  start();
  alive();
  client->down(true);
  agent->put(key, "1");
  agent.reset();
  EXPECT_NE(stored(alive_key).created, 0) << "runs out by itself";
}

TEST(Backoff, PausesDoubleUpToTheLastAndAreNeverTheSameForAll) {
  Backoff backoff(100ms, 1000ms);
  const std::pair<int, int> bounds[] = {{50, 100},  {100, 200},  {200, 400},
                                        {400, 800}, {500, 1000}, {500, 1000}};
  for (const auto& [least, most] : bounds) {
    const auto pause = backoff.next().count();
    EXPECT_GE(pause, least);
    EXPECT_LE(pause, most);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 100ms);
}

}  // namespace
}  // namespace fairlead::cluster
