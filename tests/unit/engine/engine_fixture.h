// An engine over fakes, with one network to work in. What every test would instantiate anew is in
// the .cpp, and so in that of each fake: a file compiles its own tests only.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "engine/verbs.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_datapath.h"
#include "tests/support/fake_links.h"
#include "tests/support/memory_store.h"

namespace fairlead::test {

Address addr(std::string_view text);
Prefix prefix(std::string_view text);

// Where subnets are cut from.
ipam::Settings pools();

class EngineTest : public ::testing::Test {
 protected:
  static constexpr const char* kNetwork = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  static constexpr const char* kEndpoint = "0123456789abcdef0123456789abcdef";
  static constexpr const char* kOther = "fedcba9876543210fedcba9876543210";

  EngineTest();
  ~EngineTest() override;

  engine::NetworkRequest network_request() const;

  engine::EndpointRequest endpoint_request(std::string_view key = kEndpoint,
                                           std::string_view address = "192.0.2.2/24") const;

  void with_network();
  void with_endpoint();

  // What the store would give back to the next daemon.
  store::Snapshot stored();

  FakeLinks links;
  FakeDatapath datapath;
  MemoryStore store;
  FakeClock clock;
  ipam::Ipam ipam;
  engine::HostPorts host_ports;
  engine::Engine engine;
};

}  // namespace fairlead::test
