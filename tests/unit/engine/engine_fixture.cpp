#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {

Address addr(std::string_view text) { return Address::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

ipam::Settings pools() {
  return {.ranges_v4 = {{.prefix = prefix("100.96.0.0/16"), .cut = 24}},
          .ranges_v6 = {{.prefix = prefix("fd00:1::/48"), .cut = 64}}};
}

EngineTest::EngineTest()
    : ipam(pools()),
      engine{.settings = {},
             .ipam = ipam,
             .links = links,
             .datapath = datapath,
             .store = store,
             .host_ports = host_ports,
             .clock = clock,
             .state = {}} {
  engine.state.host_device = links.host;
}

EngineTest::~EngineTest() = default;

engine::NetworkRequest EngineTest::network_request() const {
  engine::NetworkRequest want;
  want.key = kNetwork;
  want.v4 = Subnet{.pool = prefix("192.0.2.0/24"), .gateway = addr("192.0.2.1")};
  return want;
}

engine::EndpointRequest EngineTest::endpoint_request(std::string_view key,
                                                     std::string_view address) const {
  engine::EndpointRequest want;
  want.network = kNetwork;
  want.key = key;
  want.v4 = prefix(address);
  return want;
}

void EngineTest::with_network() { ASSERT_TRUE(engine::create_network(engine, network_request())); }

void EngineTest::with_endpoint() {
  with_network();
  ASSERT_TRUE(engine::create_endpoint(engine, endpoint_request()));
}

store::Snapshot EngineTest::stored() { return store.load().value(); }

}  // namespace fairlead::test
