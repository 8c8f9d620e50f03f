// Hosts that change the cluster all at once, by chance: whatever comes out, it makes sense.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "cluster/agent.h"
#include "cluster_support.h"
#include "etcd/grpc_client.h"
#include "tests/support/real_etcd.h"
#include "tests/support/require.h"

namespace fairlead::cluster {
namespace {

using namespace std::chrono_literals;

constexpr int kHosts = 4;
constexpr int kOperations = 300;  // a host

// At one revision of the store.
std::vector<std::string> find_contradictions(const etcd::Listing& listing) {
  View view(layout());
  view.replace(listing);
  std::vector<std::string> wrong;
  const auto check = [&](bool fine, const std::string& what) {
    if (!fine) wrong.push_back(what);
  };
  const auto uses = [&](const std::string& pool, const std::string& node) {
    return view.users.contains(pool) && view.users.at(pool).contains(node);
  };
  check(view.problems.empty(), "a value that cannot be read");
  for (const auto& [id, pool] : view.pools) {
    check(view.users.contains(id), "pool " + id + " without a user");
    for (const auto& [other, record] : view.pools)
      check(id == other || !pool.prefix.overlaps(record.prefix), id + " overlaps " + other);
  }
  for (const auto& [pool, users] : view.users)
    check(view.pools.contains(pool), "users of no pool " + pool);
  for (const auto& [pool, blocks] : view.blocks) {
    for (const auto& [prefix, block] : blocks) {
      check(uses(pool, block.owner), "block of no user " + prefix.to_string());
      check(view.pools.contains(pool) && block.prefix.length() == view.pools.at(pool).block,
            "block of another size");
      for (const auto& [other, record] : blocks)
        check(other == prefix || !other.overlaps(prefix), "blocks overlap " + prefix.to_string());
      for (const auto& [address, node] : block.lent)
        check(uses(pool, node), "lent to no user: " + address.to_string());
      if (!view.statics.contains(pool)) continue;
      for (const auto& [address, fixed] : view.statics.at(pool))
        check(!prefix.contains(address), "static address in a block " + address.to_string());
    }
  }
  for (const auto& [pool, statics] : view.statics)
    for (const auto& [address, fixed] : statics) {
      check(uses(pool, fixed.owner), "static address of no user " + address.to_string());
      check(!view.pools.contains(pool) || view.pools.at(pool).gateway != address,
            "static address is the gateway");
    }
  for (const auto& [key, ask] : view.asks) check(uses(ask.pool, ask.node), "ask of no user");
  std::set<std::uint32_t> vnis;
  std::set<std::string> names;
  std::size_t indexes = 0;
  for (const auto& [id, network] : view.networks) {
    check(vnis.insert(network.vni).second, "VNI twice");
    check(view.modified(layout().vni(network.vni)) != 0, "VNI without its key");
    if (network.removing) check(view.members.contains(id), "nobody is left to remove " + id);
    if (network.removing || network.name.empty()) continue;
    check(names.insert(network.name).second, "name twice");
    check(view.modified(layout().name(network.name)) != 0, "name without its key");
  }
  for (const auto& [key, entry] : view.entries())
    if (key.starts_with(layout().root() + "names/") || key.starts_with(layout().vnis())) ++indexes;
  check(indexes == vnis.size() + names.size(), "a name or VNI of no network");
  for (const auto& [id, members] : view.members)
    check(view.networks.contains(id), "members of no network");
  return wrong;
}

// A host as the daemon makes one: an agent that brings the news, and one thread that acts on them.
class Actor {
 public:
  Actor(std::unique_ptr<etcd::Client> client, int number)
      : node_("host-" + std::to_string(number)),
        client_(std::move(client)),
        registry_(*client_, view_, settings(node_)),
        random_(static_cast<unsigned>(number) * 7919 + 1),
        agent_(std::make_unique<Agent>(
            *client_,
            AgentSettings{.layout = layout(),
                          .node = node_,
                          .cluster_uuid = "uuid-1",
                          .alive = {.node = node_, .boot_id = {}, .version = {}, .since = {}},
                          .first_pause = 5ms},
            [this](News news) {
              const std::lock_guard lock(mutex_);
              news_.push_back(std::move(news));
            })) {}
  ~Actor() { agent_.reset(); }

  void run() {
    while (!agent_->status().connected) std::this_thread::sleep_for(1ms);
    for (int i = 0; i < kOperations; ++i) {
      if (any(3) != 0) hear();
      act();
    }
  }

  void leave_everything() {
    hear();
    for (const auto& [id, network] : std::map(view_.networks)) {
      expect_fine(registry_.mark_removing(id));
      expect_fine(registry_.leave_network(id));
    }
    for (const auto& [pool, users] : std::map(view_.users))
      expect_fine(registry_.release_pool(pool));
  }

  int successes() const { return successes_; }

 private:
  unsigned any(unsigned count) { return static_cast<unsigned>(random_()) % count; }

  void hear() {
    std::vector<News> news;
    {
      const std::lock_guard lock(mutex_);
      std::swap(news, news_);
    }
    for (const auto& each : news) {
      if (each.listing) view_.replace(*each.listing);
      for (const auto& event : each.events) view_.apply(event);
    }
  }

  // Refused for a reason is as good as done.
  template <typename Any>
  void expect_fine(const Any& result) {
    if (result) {
      ++successes_;
      return;
    }
    const auto code = result.error().code();
    EXPECT_TRUE(code == Errc::conflict || code == Errc::not_found || code == Errc::exhausted ||
                code == Errc::already_exists || code == Errc::invalid_argument)
        << result.error().message();
  }

  std::string any_pool() {
    static const char* const ids[] = {"10.1.0.0-24", "10.1.0.0-26", "10.1.0.128-27", "10.2.0.0-29"};
    return ids[any(4)];
  }

  Address any_address(const std::string& pool) {
    const auto found = view_.pools.find(pool);
    if (found == view_.pools.end()) return address("10.1.0.9");
    return found->second.prefix.first().plus(any(64) %
                                             (1U << (32 - found->second.prefix.length())));
  }

  void act() {
    const std::string pool = any_pool();
    std::string slashed = pool;
    slashed[slashed.rfind('-')] = '/';
    switch (any(18)) {
      case 0:
      case 1:
      case 2:
        return expect_fine(
            registry_.request_pool({.prefix = prefix(slashed), .range = {}, .taken = {}}));
      case 3:
        return expect_fine(registry_.request_pool({.prefix = {}, .range = {}, .taken = {}}));
      case 4:
        return expect_fine(registry_.set_gateway(pool, any_address(pool)));
      case 5:
        return release_any_pool();
      case 6:
      case 7:
        return expect_fine(registry_.claim_block(pool));
      case 8:
        return release_any_block(pool);
      case 9:
      case 10:
        return expect_fine(registry_.claim_static(pool, any_address(pool)));
      case 11:
        return expect_fine(registry_.release_static(pool, any_address(pool)));
      case 12:
        return borrow(pool);
      case 13:
        return answer();
      default:
        return act_on_networks();
    }
  }

  void release_any_pool() {
    std::vector<std::string> own;
    for (const auto& [pool, users] : view_.users)
      if (users.contains(node_)) own.push_back(pool);
    if (!own.empty())
      expect_fine(registry_.release_pool(own[any(static_cast<unsigned>(own.size()))]));
  }

  void release_any_block(const std::string& pool) {
    const auto blocks = view_.blocks.find(pool);
    if (blocks == view_.blocks.end()) return;
    expect_fine(registry_.release_block(pool, blocks->second.begin()->first));
  }

  void borrow(const std::string& pool) {
    const Address wanted = any_address(pool);
    if (any(3) == 0) expect_fine(registry_.withdraw_ask(pool, wanted));
    if (any(3) == 0) expect_fine(registry_.give_back(pool, wanted));
    expect_fine(registry_.ask(pool, wanted));
  }

  void answer() {
    for (const auto& [key, ask] : std::map(view_.asks)) {
      const auto blocks = view_.blocks.find(ask.pool);
      if (blocks == view_.blocks.end()) continue;
      for (const auto& [prefix, block] : std::map(blocks->second)) {
        if (block.owner != node_ || !prefix.contains(ask.address)) continue;
        if (any(3) == 0) expect_fine(registry_.refuse(ask, "no"));
        expect_fine(registry_.lend(ask.pool, prefix, ask.address, ask.node));
      }
    }
  }

  void act_on_networks() {
    const std::string id = "net" + std::to_string(any(6));
    const std::string name = "name" + std::to_string(any(4));
    switch (any(5)) {
      case 0: {
        SharedNetwork want;
        want.id = id;
        want.name = any(2) == 0 ? name : "";
        return expect_fine(registry_.create_network(want));
      }
      case 1:
        return expect_fine(registry_.join_network(id));
      case 2:
        return expect_fine(registry_.name_network(id, name));
      case 3:
        return expect_fine(registry_.mark_removing(id));
      default:
        return expect_fine(registry_.leave_network(id));
    }
  }

  const std::string node_;
  std::unique_ptr<etcd::Client> client_;
  View view_{layout()};
  Registry registry_;
  std::minstd_rand random_;
  int successes_ = 0;
  std::mutex mutex_;
  std::vector<News> news_;
  std::unique_ptr<Agent> agent_;  // last: it calls back
};

using MakeClient = std::function<std::unique_ptr<etcd::Client>()>;

void run_hosts(const MakeClient& make_client) {
  const auto watcher = make_client();
  ASSERT_TRUE(watcher->commit({.when = {},
                               .then = {etcd::Put{.key = layout().meta(), .value = format(meta())}},
                               .read = {}}));
  std::vector<std::unique_ptr<Actor>> actors;
  for (int i = 0; i < kHosts; ++i) actors.push_back(std::make_unique<Actor>(make_client(), i));

  std::atomic<int> running = kHosts;
  std::vector<std::thread> threads;
  for (auto& actor : actors)
    threads.emplace_back([&actor, &running] {
      actor->run();
      --running;
    });
  while (running > 0) {
    const auto listing = watcher->list(layout().root());
    ASSERT_TRUE(listing) << listing.error().message();
    EXPECT_THAT(find_contradictions(*listing), ::testing::IsEmpty());
    std::this_thread::sleep_for(5ms);
  }
  for (auto& thread : threads) thread.join();
  int successes = 0;
  for (const auto& actor : actors) successes += actor->successes();
  EXPECT_GT(successes, kHosts * kOperations / 5) << "hardly anything happened";

  for (auto& actor : actors) actor->leave_everything();
  actors.clear();
  std::vector<std::string> left;
  const std::string root = layout().root();
  const auto last = watcher->list(root).value();
  for (const auto& entry : last.entries)
    if (const auto rest = entry.key.substr(root.size()); !rest.starts_with("guards/pools"))
      left.push_back(rest);
  EXPECT_THAT(left, ::testing::ElementsAre("meta")) << "the rest was leaked";
}

TEST(Interleaving, OfManyHostsLeavesNoContradictionAndNoLeak) {
  test::MemoryEtcd store;
  run_hosts([&store] { return store.other_host(); });
}

TEST(Interleaving, OfManyHostsOnARealEtcdLeavesNoContradictionAndNoLeak) {
  if (!test::RealEtcd::installed()) FAIRLEAD_CANNOT_RUN("there is no etcd");
  test::RealEtcd server;
  server.start();
  run_hosts([&server] {
    auto client = etcd::make_grpc_client({.endpoints = {server.url()}, .deadline = 10s});
    EXPECT_TRUE(client) << client.error().message();
    return std::move(*client);
  });
}

}  // namespace
}  // namespace fairlead::cluster
