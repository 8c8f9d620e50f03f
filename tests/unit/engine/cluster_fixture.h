// Hosts of a cluster: an engine over fakes each, one store in memory, and the agents' real threads.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/cluster_verbs.h"
#include "engine/verbs.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_datapath.h"
#include "tests/support/fake_links.h"
#include "tests/support/memory_etcd.h"
#include "tests/support/memory_store.h"
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {

class ClusterHost {
 public:
  ClusterHost(std::string its_name, unsigned number, MemoryEtcd& etcd);
  ~ClusterHost();
  ClusterHost(const ClusterHost&) = delete;
  ClusterHost& operator=(const ClusterHost&) = delete;

  cluster::Settings settings() const;

  // As a daemon that starts: what the store remembers comes back.
  void start();
  void stop();

  // Applies what was heard.
  void hear();

  // What Docker asks for with `docker network create`: a pool, its gateway, the network.
  Status make_network(const std::string& key);
  Status make_network(const std::string& key, const engine::PoolRequest& pool_request,
                      std::uint32_t vni = 0);
  static engine::PoolRequest v4_pool(const std::string& shared_name = {});
  std::string pool_of(const std::string& network) const;

  // An address, repeated while another host is asked.
  Result<Prefix> request_address(const std::string& network, std::optional<Address> address,
                                 const std::function<void()>& meanwhile);

  Result<Endpoint> make_endpoint(const std::string& network, const std::string& key);

  std::string name;
  std::map<std::string, std::string> options;  // of networks made from now on
  FakeLinks links;
  FakeDatapath datapath;
  MemoryStore store;
  FakeClock clock;
  engine::HostPorts host_ports;
  std::unique_ptr<ipam::Ipam> ipam;
  std::unique_ptr<engine::Engine> engine;
  MemoryEtcd* way = nullptr;  // this host's client

 private:
  MemoryEtcd& etcd_;
  std::mutex mutex_;
  std::deque<cluster::News> news_;
};

// Two hosts that are in a cluster.
class ClusterTest : public ::testing::Test {
 protected:
  static constexpr const char* kWeb = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  static constexpr const char* kMirror = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

  ClusterTest();
  ~ClusterTest() override;

  void SetUp() override;

  void hear();
  bool eventually(const std::function<bool()>& condition);

  // `web` on h1, and as its mirror on h2.
  void with_web();

  MemoryEtcd etcd;
  ClusterHost h1;
  ClusterHost h2;
};

}  // namespace fairlead::test
