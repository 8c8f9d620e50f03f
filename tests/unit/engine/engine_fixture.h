// An engine over fakes, with one network to work in.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/verbs.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_datapath.h"
#include "tests/support/fake_links.h"
#include "tests/support/memory_store.h"

namespace fairlead::test {

inline Address addr(const std::string& text) { return Address::parse(text).value(); }
inline Prefix prefix(const std::string& text) { return Prefix::parse(text).value(); }

// Where subnets are cut from.
inline ipam::Settings pools() {
  return {.ranges_v4 = {{.prefix = prefix("100.96.0.0/16"), .cut = 24}},
          .ranges_v6 = {{.prefix = prefix("fd00:1::/48"), .cut = 64}}};
}

class EngineTest : public ::testing::Test {
 protected:
  static constexpr const char* kNetwork = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  static constexpr const char* kEndpoint = "0123456789abcdef0123456789abcdef";
  static constexpr const char* kOther = "fedcba9876543210fedcba9876543210";

  EngineTest() { engine.state.host_device = links.host; }

  engine::NetworkRequest network_request() const {
    engine::NetworkRequest want;
    want.key = kNetwork;
    want.v4 = Subnet{.pool = prefix("192.0.2.0/24"), .gateway = addr("192.0.2.1")};
    return want;
  }

  engine::EndpointRequest endpoint_request(const std::string& key = kEndpoint,
                                           const std::string& address = "192.0.2.2/24") const {
    engine::EndpointRequest want;
    want.network = kNetwork;
    want.key = key;
    want.v4 = prefix(address);
    return want;
  }

  void with_network() { ASSERT_TRUE(engine::create_network(engine, network_request())); }
  void with_endpoint() {
    with_network();
    ASSERT_TRUE(engine::create_endpoint(engine, endpoint_request()));
  }

  // What the store would give back to the next daemon.
  store::Snapshot stored() { return store.load().value(); }

  FakeLinks links;
  FakeDatapath datapath;
  MemoryStore store;
  FakeClock clock;
  ipam::Ipam ipam{pools()};
  engine::HostPorts host_ports;
  engine::Engine engine{.settings = {},
                        .ipam = ipam,
                        .links = links,
                        .datapath = datapath,
                        .store = store,
                        .host_ports = host_ports,
                        .clock = clock,
                        .state = {}};
};

}  // namespace fairlead::test
