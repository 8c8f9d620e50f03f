#include "tests/unit/engine/cluster_fixture.h"

#include <chrono>
#include <thread>
#include <utility>

namespace fairlead::test {

ClusterHost::ClusterHost(std::string its_name, unsigned number, MemoryEtcd& etcd)
    : name(std::move(its_name)), etcd_(etcd) {
  links.all_links = {{.index = 2,
                      .name = "up0",
                      .mtu = 1500,
                      .mac = Mac({2, 0, 0, 0, 1, static_cast<std::uint8_t>(number)}),
                      .up = true,
                      .ethernet = true}};
  links.all_addresses = {
      {.link = 2, .address = prefix("198.18.0." + std::to_string(number) + "/24"), .global = true}};
  links.all_routes = {{.destination = prefix("0.0.0.0/0"), .link = 2}};
  start();
}

ClusterHost::~ClusterHost() { stop(); }

cluster::Settings ClusterHost::settings() const {
  cluster::Settings out;
  out.node = name;
  out.etcd = {"http://198.18.0.2:2379"};
  return out;
}

void ClusterHost::start() {
  ipam = std::make_unique<ipam::Ipam>(test::pools());
  engine = std::make_unique<engine::Engine>(engine::Engine{.settings = {},
                                                           .ipam = *ipam,
                                                           .links = links,
                                                           .datapath = datapath,
                                                           .store = store,
                                                           .host_ports = host_ports,
                                                           .clock = clock,
                                                           .state = {}});
  engine->state.host_device = links.host;
  engine->settings.pools = test::pools();
  engine->settings.connect = [this](const cluster::Settings&) {
    auto client = etcd_.other_host();
    way = client.get();
    return Result<std::unique_ptr<etcd::Client>>(std::move(client));
  };
  engine->settings.on_news = [this](cluster::News news) {
    const std::lock_guard lock(mutex_);
    news_.push_back(std::move(news));
  };
  engine->settings.on_mirror = [] {};
  ASSERT_TRUE(engine::start_cluster(*engine, std::nullopt));
  ASSERT_TRUE(engine::restore(*engine));
}

void ClusterHost::stop() {
  if (engine && engine->cluster) engine->cluster->agent.reset();
  engine.reset();
  const std::lock_guard lock(mutex_);
  news_.clear();
}

void ClusterHost::hear() {
  for (;;) {
    cluster::News news;
    {
      const std::lock_guard lock(mutex_);
      if (news_.empty()) return;
      news = std::move(news_.front());
      news_.pop_front();
    }
    const auto done = engine::apply_news(*engine, news);
    EXPECT_TRUE(done) << done.error().message();
  }
}

Status ClusterHost::make_network(const std::string& key) { return make_network(key, v4_pool()); }

Status ClusterHost::make_network(const std::string& key, const engine::PoolRequest& pool_request,
                                 std::uint32_t vni) {
  auto pool = engine::request_pool(*engine, pool_request);
  if (!pool) return std::unexpected(pool.error());
  auto gateway = engine::request_address(*engine, pool->id, std::nullopt, ipam::Use::gateway);
  if (!gateway) return std::unexpected(gateway.error());
  engine::NetworkRequest want;
  want.key = key;
  want.shared_name = pool_request.shared_name;
  want.scope = pool_request.scope;
  want.vni = vni;
  want.v4 = Subnet{.pool = pool->prefix, .gateway = gateway->address()};
  want.options = options;
  return engine::create_network(*engine, want);
}

engine::PoolRequest ClusterHost::v4_pool(const std::string& shared_name) {
  engine::PoolRequest want;
  want.pool.space = "local";
  want.shared_name = shared_name;
  return want;
}

std::string ClusterHost::pool_of(const std::string& network) const {
  for (const auto& pool : ipam->pools())
    if (pool.prefix == engine->state.networks.at(network).v4->pool) return pool.id;
  return {};
}

Result<Prefix> ClusterHost::request_address(const std::string& network,
                                            std::optional<Address> address,
                                            const std::function<void()>& meanwhile) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  for (;;) {
    auto got = engine::request_address(*engine, pool_of(network), address, ipam::Use::endpoint);
    if (got || got.error().code() != Errc::busy || std::chrono::steady_clock::now() > end)
      return got;
    meanwhile();
  }
}

Result<Endpoint> ClusterHost::make_endpoint(const std::string& network, const std::string& key) {
  auto address =
      engine::request_address(*engine, pool_of(network), std::nullopt, ipam::Use::endpoint);
  if (!address) return std::unexpected(address.error());
  return engine::create_endpoint(
      *engine, {.network = network, .key = key, .v4 = *address, .v6 = {}, .mac = {}});
}

ClusterTest::ClusterTest() : h1("h1", 11, etcd), h2("h2", 12, etcd) {}
ClusterTest::~ClusterTest() = default;

void ClusterTest::SetUp() {
  ASSERT_TRUE(engine::init_cluster(*h1.engine, h1.settings()));
  ASSERT_TRUE(engine::join_cluster(*h2.engine, h2.settings()));
  ASSERT_TRUE(eventually([&] {
    return h1.engine->state.peers.contains("h2") && h2.engine->state.peers.contains("h1");
  }));
}

void ClusterTest::hear() {
  h1.hear();
  h2.hear();
}

bool ClusterTest::eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < end) {
    hear();
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

void ClusterTest::with_web() {
  ASSERT_TRUE(h1.make_network(kWeb));
  engine::learn_network_names(*h1.engine, {{kWeb, "web"}});
  ASSERT_TRUE(eventually([&] { return engine::mirror_plan(*h2.engine).create.size() == 1; }));
  const auto done = h2.make_network(kMirror, ClusterHost::v4_pool("web"));
  ASSERT_TRUE(done) << done.error().message();
  hear();
}

}  // namespace fairlead::test
