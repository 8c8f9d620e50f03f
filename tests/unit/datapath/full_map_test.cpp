// A verb that fails half-way leaves the maps as they were.
#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {
namespace {

class FullMapTest : public DatapathTest {
 protected:
  void SetUp() override {
    DatapathTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    Options small = options();
    small.sizes = {.endpoints = 8,
                   .networks = 4,
                   .ports = 64,
                   .flows = 1024,
                   .peers = 4,
                   .remote_endpoints = 4,
                   .members = 8};
    start(small);
  }

  std::uint64_t capacity(const std::string& map) {
    auto infos = datapath_->maps();
    EXPECT_TRUE(infos) << infos.error().message();
    for (const auto& info : *infos) {
      if (info.name == map) return info.capacity;
    }
    return 0;
  }

  // Entries that are nobody's, until `left` more fit.
  template <typename Key, typename Value>
  void fill(const std::string& name, std::uint64_t left, auto key_of) {
    const auto map = open<Key, Value>(name);
    const std::uint64_t most = capacity(name) - left;
    for (__u32 number = 1; count(name) < most; ++number) expect_ok(map.put(key_of(number), {}));
  }

  void fill_all_but(const std::string& map, std::uint64_t left) {
    constexpr __u32 kNobody = 1u << 20;
    if (map == "fl_endpoints")
      fill<__u32, fl_endpoint>(map, left, [](__u32 n) { return kNobody + n; });
    if (map == "fl_networks")
      fill<__u32, fl_network>(map, left, [](__u32 n) { return kNobody + n; });
    if (map == "fl_forward")
      fill<fl_forward_key, fl_forward>(
          map, left, [](__u32 n) { return fl_forward_key{.network = kNobody + n, .addr = {}}; });
    if (map == "fl_members")
      fill<fl_member_key, __u32>(
          map, left, [](__u32 n) { return fl_member_key{.network = kNobody, .slot = n}; });
    if (map == "fl_subnets")
      fill<fl_subnet_key, __u32>(map, left, [](__u32 n) {
        fl_subnet_key key{.prefix = 128, .addr = {}};
        std::memcpy(&key.addr, &n, sizeof(n));
        return key;
      });
  }

  std::vector<std::uint64_t> counts() {
    std::vector<std::uint64_t> out;
    for (const auto* map :
         {"fl_endpoints", "fl_networks", "fl_forward", "fl_members", "fl_subnets"})
      out.push_back(count(map));
    return out;
  }

  // Room for `left` entries; `verb` needs more, fails and leaves nothing.
  void expect_nothing_left(const std::string& map, std::uint64_t left, auto verb) {
    SCOPED_TRACE(map + " with room for " + std::to_string(left));
    fill_all_but(map, left);
    const auto before = counts();
    EXPECT_FALSE(verb());
    EXPECT_EQ(counts(), before);
  }
};

TEST_F(FullMapTest, an_endpoint_that_does_not_fit_leaves_nothing) {
  const Network net = network();
  expect_ok(datapath_->put_network(net));
  const Endpoint container = endpoint(net, 5);
  const EndpointDevice device = make_device(container);
  const auto put = [&] { return datapath_->put_endpoint(net, container, device); };
  // Ever fewer entries fit, so that every step is the one that fails.
  for (const int left : {2, 1, 0}) expect_nothing_left("fl_forward", left, put);
  EXPECT_FALSE(pinned("endpoint_" + container.host_device));
}

TEST_F(FullMapTest, an_endpoint_that_finds_no_member_slot_leaves_nothing) {
  const Network net = network();
  expect_ok(datapath_->put_network(net));
  const Endpoint container = endpoint(net, 5);
  const EndpointDevice device = make_device(container);
  expect_nothing_left("fl_members", 0,
                      [&] { return datapath_->put_endpoint(net, container, device); });
  auto value = open<__u32, fl_network>("fl_networks").get(net.id);
  ASSERT_TRUE(value && *value);
  EXPECT_EQ((*value)->members, 0u);
}

TEST_F(FullMapTest, an_endpoint_whose_device_is_gone_leaves_nothing) {
  const Network net = network();
  expect_ok(datapath_->put_network(net));
  const auto before = counts();
  EXPECT_FALSE(datapath_->put_endpoint(net, endpoint(net, 5), {.name = "gone", .index = 4711}));
  EXPECT_EQ(counts(), before);
}

TEST_F(FullMapTest, an_endpoint_that_cannot_move_stays_where_it_was) {
  const Network net = network();
  expect_ok(datapath_->put_network(net));
  const Endpoint container = endpoint(net, 5);
  const EndpointDevice device = put(net, container);
  const auto before = counts();
  EXPECT_FALSE(datapath_->put_endpoint(net, container, {.name = "gone", .index = 4711}));
  EXPECT_EQ(counts(), before);
  auto entry = open<fl_forward_key, fl_forward>("fl_forward")
                   .get({.network = net.id, .addr = to_abi(container.v6->address())});
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->ifindex, static_cast<__u32>(device.index));
}

TEST_F(FullMapTest, a_network_that_does_not_fit_leaves_nothing) {
  const Network net = network();
  const auto put = [&] { return datapath_->put_network(net); };
  for (const int left : {1, 0}) expect_nothing_left("fl_subnets", left, put);
  for (const int left : {2, 1, 0}) expect_nothing_left("fl_forward", left, put);
  expect_nothing_left("fl_networks", 0, put);
  // Nor is it remembered: an endpoint finds no such network.
  const Endpoint container = endpoint(net, 5);
  auto done = datapath_->put_endpoint(net, container, make_device(container));
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace fairlead::datapath
