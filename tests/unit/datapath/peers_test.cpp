#include "tests/unit/datapath/peers_test.h"

#include <chrono>

#include "datapath/flows.h"

namespace fairlead::datapath {
namespace {

TEST_F(PeersTest, a_resolved_peer_has_a_ready_header_in_every_slot) {
  set_tunnel();
  const Peer one = peer(1, {hop(1), hop(2), hop(3)});
  expect_ok(datapath_->put_peer(one));
  const fl_peer value = value_of(1);
  EXPECT_EQ(value.way, __u32{FL_PEER_DIRECT});
  EXPECT_TRUE(same(value.remote, to_abi(one.remote)));
  EXPECT_TRUE(same(value.local, to_abi(one.local)));
  for (std::size_t i = 0; i < FL_PEER_HOPS; ++i) {
    EXPECT_NE(value.hops[i], 0u);
    EXPECT_TRUE(
        same(header(value.hops[i]), outer_header(one.hops[i % 3], one.local, one.remote, kPort)))
        << i;
  }
  EXPECT_EQ(owner_of(one.remote), 1u);
}

TEST_F(PeersTest, more_next_hops_than_slots_fill_the_slots_and_no_more) {
  set_tunnel();
  std::vector<NextHop> hops;
  for (int i = 0; i < FL_PEER_HOPS + 3; ++i) hops.push_back(hop(i));
  expect_ok(datapath_->put_peer(peer(1, hops)));
  EXPECT_EQ(slots_of(1).size(), std::size_t{FL_PEER_HOPS});
}

TEST_F(PeersTest, an_unresolved_peer_or_one_without_a_tunnel_goes_by_the_device) {
  expect_ok(datapath_->put_peer(peer(2)));
  EXPECT_EQ(value_of(2).way, __u32{FL_PEER_KERNEL}) << "no port yet";
  set_tunnel();
  EXPECT_EQ(value_of(2).way, __u32{FL_PEER_DIRECT});
  expect_ok(datapath_->put_peer(peer(1, {})));
  EXPECT_EQ(value_of(1).way, __u32{FL_PEER_KERNEL});
  expect_ok(datapath_->set_tunnel({}));
  EXPECT_EQ(value_of(2).way, __u32{FL_PEER_KERNEL});
}

TEST_F(PeersTest, only_a_changed_header_moves_and_never_into_an_element_just_left) {
  set_tunnel();
  expect_ok(datapath_->put_peer(peer(1, {hop(1), hop(2)})));
  const fl_peer before = value_of(1);
  expect_ok(datapath_->put_peer(peer(1, {hop(1), hop(2)})));
  EXPECT_TRUE(same(value_of(1), before)) << "put again";

  std::set<std::uint32_t> seen = slots_of(1);
  for (int i = 3; i < 20; ++i) {
    expect_ok(datapath_->put_peer(peer(1, {hop(1), hop(i)})));
    const fl_peer value = value_of(1);
    EXPECT_EQ(value.hops[0], before.hops[0]) << "its header is still right";
    EXPECT_TRUE(seen.insert(value.hops[1]).second) << "element " << value.hops[1] << " came back";
  }
  const fl_hop left = header(before.hops[1]);
  EXPECT_EQ(hop_of(left), hop(2)) << "who had read its number still finds it whole";
}

TEST_F(PeersTest, without_a_free_element_a_peer_goes_by_the_device_and_it_is_said) {
  set_tunnel();
  Status done;
  for (int i = 0; i < 40 && done; ++i) done = datapath_->put_peer(peer(1, {hop(i)}));
  ASSERT_FALSE(done) << "fl_hops has 32 elements";
  EXPECT_EQ(done.error().code(), Errc::exhausted);
  EXPECT_EQ(value_of(1).way, __u32{FL_PEER_KERNEL}) << "an old next hop would be wrong";
}

TEST_F(PeersTest, another_port_is_in_every_header_at_once) {
  set_tunnel();
  expect_ok(datapath_->put_peer(peer(1)));
  const std::uint32_t before = value_of(1).hops[0];
  expect_ok(datapath_->set_tunnel({.device = device_, .port = 4790}));
  EXPECT_NE(value_of(1).hops[0], before);
  EXPECT_EQ(port_of(header(value_of(1).hops[0])), 4790);
}

TEST_F(PeersTest, a_restart_changes_no_element_that_is_in_use) {
  set_tunnel();
  for (PeerId number = 1; number <= 3; ++number)
    expect_ok(datapath_->put_peer(peer(number, {hop(1), hop(2)})));
  expect_ok(datapath_->put_peer(peer(2, {hop(5), hop(6)})));  // leaves two elements behind
  std::map<PeerId, fl_peer> before;
  std::map<std::uint32_t, fl_hop> headers;
  for (PeerId number = 1; number <= 3; ++number) {
    before[number] = value_of(number);
    for (const std::uint32_t slot : slots_of(number)) headers[slot] = header(slot);
  }
  start(options());
  expect_ok(datapath_->set_tunnel({.device = device_, .port = kPort}));
  expect_ok(datapath_->put_peer(peer(3, {hop(1), hop(2)})));
  EXPECT_TRUE(same(value_of(3), before[3])) << "put again by the new daemon";
  for (PeerId number = 4; number <= 7; ++number)
    expect_ok(datapath_->put_peer(peer(number, {hop(1), hop(2)})));
  for (PeerId number = 1; number <= 3; ++number)
    EXPECT_TRUE(same(value_of(number), before[number])) << number;
  for (const auto& [slot, was] : headers) EXPECT_TRUE(same(header(slot), was)) << slot;
}

TEST_F(PeersTest, a_vtep_address_belongs_to_who_had_it_last) {
  set_tunnel();
  Peer one = peer(1);
  const Address second = *Address::parse("2001:db8::1");
  one.vteps.push_back(second);
  expect_ok(datapath_->put_peer(one));
  EXPECT_EQ(owner_of(second), 1u);
  Peer two = peer(2);
  two.vteps.push_back(second);
  expect_ok(datapath_->put_peer(two));
  EXPECT_EQ(owner_of(second), 2u);
  one.vteps.pop_back();
  expect_ok(datapath_->put_peer(one));
  EXPECT_EQ(owner_of(second), 2u) << "it was no longer the first one's to remove";
  two.vteps.pop_back();
  expect_ok(datapath_->put_peer(two));
  EXPECT_EQ(owner_of(second), 0u);
}

TEST_F(PeersTest, nothing_of_an_erased_peer_is_left) {
  set_tunnel();
  expect_ok(datapath_->put_network(network()));
  for (PeerId number = 1; number <= 2; ++number) {
    expect_ok(datapath_->put_peer(peer(number)));
    expect_ok(datapath_->put_member({.network = 1, .peer = number}));
    expect_ok(datapath_->put_remote(remote(number, 10 + static_cast<int>(number))));
  }
  for (int again = 0; again < 2; ++again) expect_ok(datapath_->erase_peer(1));
  EXPECT_TRUE(same(value_of(1), fl_peer{}));
  EXPECT_EQ(value_of(2).way, __u32{FL_PEER_DIRECT});
  EXPECT_EQ(count("fl_vteps"), 1u);
  EXPECT_EQ(count("fl_vni_members"), 1u);
  EXPECT_EQ(peer_at(*remote(1, 11).v4), 0u);
  EXPECT_EQ(peer_at(*remote(2, 12).v4), 2u);
  EXPECT_EQ(count("fl_forward"), 6u) << "three of the gateway, three of the other peer";
}

TEST_F(PeersTest, numbers_and_addresses_that_cannot_be_are_refused) {
  set_tunnel();
  EXPECT_EQ(datapath_->put_peer(peer(0)).error().code(), Errc::invalid_argument);
  const auto none = datapath_->put_peer(peer(9));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::exhausted);
  EXPECT_NE(none.error().message().find("8 hosts"), std::string::npos) << none.error().message();
  Peer mixed = peer(1);
  mixed.local = *Address::parse("2001:db8::1");
  EXPECT_EQ(datapath_->put_peer(mixed).error().code(), Errc::invalid_argument);
}

TEST_F(PeersTest, maps_have_the_size_that_the_cluster_is_configured_for) {
  const auto maps = datapath_->maps();
  ASSERT_TRUE(maps);
  std::map<std::string, std::uint64_t> capacity;
  for (const MapInfo& map : *maps) capacity[map.name] = map.capacity;
  const MapSizes sizes = options().sizes;
  EXPECT_EQ(capacity["fl_peers"], sizes.peers + 1);
  EXPECT_EQ(capacity["fl_path_mtu"], sizes.peers + 1);
  EXPECT_EQ(capacity["fl_hops"], 4 * sizes.peers);
  EXPECT_EQ(capacity["fl_vteps"], 2 * sizes.peers);
  EXPECT_EQ(capacity["fl_vni_members"], sizes.members);
  EXPECT_EQ(capacity["fl_forward"],
            3 * (sizes.endpoints + sizes.networks + sizes.remote_endpoints));
}

TEST_F(PeersTest, a_lowered_path_mtu_is_told_with_its_age_until_it_is_forgotten) {
  set_tunnel();
  expect_ok(datapath_->put_peer(peer(1)));
  expect_ok(datapath_->put_peer(peer(2)));
  const auto paths = open<__u32, fl_path_mtu>("fl_path_mtu");
  const std::uint64_t since = coarse_now() - 5'000'000'000;
  expect_ok(paths.put(2, {.mtu = 1400, .pad = 0, .since = since}));
  expect_ok(paths.put(3, {.mtu = 1300, .pad = 0, .since = since}));
  const auto told = datapath_->path_mtus();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1u) << "only of peers that are known";
  EXPECT_EQ(told->front().peer, 2u);
  EXPECT_EQ(told->front().mtu, 1400u);
  EXPECT_GE(told->front().age, std::chrono::seconds(5));
  EXPECT_LT(told->front().age, std::chrono::minutes(5));
  expect_ok(datapath_->forget_path_mtu(2));
  EXPECT_TRUE(datapath_->path_mtus()->empty());
  expect_ok(datapath_->put_peer(peer(3)));
  EXPECT_TRUE(datapath_->path_mtus()->empty()) << "another host has the number now";
}

}  // namespace
}  // namespace fairlead::datapath
