#include "tests/unit/datapath/peers_test.h"

namespace fairlead::datapath {
namespace {

class RemotesTest : public PeersTest {
 protected:
  void SetUp() override {
    PeersTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    set_tunnel();
    expect_ok(datapath_->put_network(net_));
    expect_ok(datapath_->put_peer(peer(1)));
    expect_ok(datapath_->put_peer(peer(2)));
  }

  Network net_ = network();
};

TEST_F(RemotesTest, every_address_of_an_endpoint_leads_to_its_host) {
  const RemoteEndpoint there = remote(1, 20);
  for (int again = 0; again < 2; ++again) expect_ok(datapath_->put_remote(there));
  for (const Address& address : {*there.v4, *there.v6, there.mac.link_local()}) {
    EXPECT_EQ(peer_at(address), 1u) << address.to_string();
    EXPECT_EQ(std::memcmp(forward(address)->mac, there.mac.bytes().data(), 6), 0);
  }
  for (int again = 0; again < 2; ++again) expect_ok(datapath_->erase_remote(there));
  EXPECT_EQ(count("fl_forward"), 3u) << "the gateway's";
}

TEST_F(RemotesTest, without_ipv6_there_is_no_link_local_address) {
  RemoteEndpoint there = remote(1, 20);
  there.v6.reset();
  expect_ok(datapath_->put_remote(there));
  EXPECT_EQ(count("fl_forward"), 4u);
}

TEST_F(RemotesTest, an_address_follows_the_endpoint_and_who_lost_it_cannot_remove_it) {
  const RemoteEndpoint before = remote(1, 20);
  const RemoteEndpoint after = remote(2, 20);
  expect_ok(datapath_->put_remote(before));
  expect_ok(datapath_->put_remote(after));
  EXPECT_EQ(peer_at(*after.v4), 2u);
  expect_ok(datapath_->erase_remote(before));
  EXPECT_EQ(peer_at(*after.v4), 2u);
  EXPECT_EQ(peer_at(*after.v6), 2u);
}

TEST_F(RemotesTest, an_address_of_this_host_stays_its_own) {
  const Endpoint here = endpoint(net_, 20);
  put(net_, here);
  RemoteEndpoint there = remote(1, 20);
  there.mac = Mac({2, 0, 0, 0, 7, 7});
  there.v4 = *Address::parse("198.18.1.77");  // free: what comes first is taken back
  const auto refused = datapath_->put_remote(there);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::conflict);
  EXPECT_NE(refused.error().message().find(here.v6->address().to_string()), std::string::npos)
      << refused.error().message();
  EXPECT_EQ(peer_at(*there.v4), 0u);
  EXPECT_EQ(forward(here.v6->address())->kind, __u32{FL_TARGET_LOCAL});
  there.v4 = net_.v4->gateway;
  EXPECT_EQ(datapath_->put_remote(there).error().code(), Errc::conflict) << "nor the gateway's";
}

TEST_F(RemotesTest, an_endpoint_that_moves_here_takes_its_address_with_it) {
  const RemoteEndpoint there = remote(1, 20);
  expect_ok(datapath_->put_remote(there));
  put(net_, endpoint(net_, 20));
  EXPECT_EQ(forward(*there.v4)->kind, __u32{FL_TARGET_LOCAL});
  expect_ok(datapath_->erase_remote(there));
  EXPECT_TRUE(forward(*there.v4)) << "what comes late removes nothing of this host";
}

TEST_F(RemotesTest, a_restart_keeps_what_is_named_and_removes_the_rest) {
  for (PeerId number = 1; number <= 2; ++number) {
    expect_ok(datapath_->put_member({.network = 1, .peer = number}));
    expect_ok(datapath_->put_member({.network = 2, .peer = number}));
    expect_ok(datapath_->put_remote(remote(number, 20 + static_cast<int>(number))));
  }
  expect_ok(datapath_->put_remote(remote(1, 30)));
  const Endpoint here = endpoint(net_, 5);
  const EndpointDevice device = put(net_, here);
  start(options());
  EXPECT_EQ(peer_at(*remote(2, 22).v4), 2u) << "packets flow before anything is put again";
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_endpoint(net_, here, device));
  expect_ok(datapath_->retain_only({net_}, {here}));
  EXPECT_EQ(peer_at(*remote(2, 22).v4), 2u) << "not this host's to remove";
  EXPECT_EQ(value_of(2).way, __u32{FL_PEER_DIRECT});
  EXPECT_EQ(count("fl_vni_members"), 4u);

  Peer kept = peer(1);
  kept.vteps = {*Address::parse("198.18.0.55")};
  expect_ok(datapath_->put_peer(kept));
  expect_ok(datapath_->retain_remote({kept}, {remote(1, 21)}, {{.network = 1, .peer = 1}}));
  EXPECT_EQ(peer_at(*remote(1, 21).v4), 1u);
  EXPECT_EQ(peer_at(*remote(1, 30).v4), 0u);
  EXPECT_EQ(peer_at(*remote(2, 22).v4), 0u);
  EXPECT_EQ(count("fl_forward"), 9u) << "the gateway's, the own endpoint's, and one elsewhere";
  EXPECT_EQ(count("fl_vni_members"), 1u);
  EXPECT_EQ(count("fl_vteps"), 1u);
  EXPECT_EQ(value_of(1).way, __u32{FL_PEER_DIRECT});
  EXPECT_EQ(value_of(2).way, __u32{FL_PEER_NONE});
}

TEST_F(RemotesTest, a_network_goes_with_all_that_is_in_it) {
  expect_ok(datapath_->put_member({.network = 1, .peer = 1}));
  expect_ok(datapath_->put_member({.network = 2, .peer = 1}));
  expect_ok(datapath_->put_remote(remote(1, 20)));
  expect_ok(datapath_->erase_network(1));
  EXPECT_EQ(count("fl_forward"), 0u);
  EXPECT_EQ(count("fl_vni_members"), 1u);
}

TEST_F(RemotesTest, a_full_map_leaves_no_half_of_an_endpoint) {
  RemoteEndpoint first = remote(1, 10);
  first.v6.reset();
  Status done = datapath_->put_remote(first);
  // Of options(): 3 * (endpoints + networks + remote_endpoints) entries, of which one is this.
  for (int last = 20; done && last < 250; ++last) done = datapath_->put_remote(remote(1, last));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::exhausted);
  EXPECT_NE(done.error().message().find("fl_forward"), std::string::npos);
  EXPECT_EQ(count("fl_forward"), 430u) << "432 fit, and an endpoint has three";
}

}  // namespace
}  // namespace fairlead::datapath
