// A data path that knows of other hosts.
#pragma once

#include <map>
#include <set>

#include "bpf/shared/peer.h"
#include "datapath/outer_header.h"
#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {

class PeersTest : public DatapathTest {
 protected:
  static constexpr std::uint16_t kPort = 4795;

  void SetUp() override {
    DatapathTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    start(options());
  }

  static NextHop hop(int last) {
    return {.device = 2,
            .source = Mac({2, 0, 0, 0, 0, 1}),
            .destination = Mac({2, 0, 0, 0, 1, static_cast<std::uint8_t>(last)}),
            .mtu = 1500};
  }

  static Peer peer(PeerId number, std::vector<NextHop> hops = {hop(1)}) {
    const Address remote = Address::parse("198.18.0.100")->plus(number);
    return {.number = number,
            .vteps = {remote},
            .remote = remote,
            .local = *Address::parse("198.18.0.1"),
            .hops = std::move(hops)};
  }

  static RemoteEndpoint remote(PeerId number, int last) {
    const auto offset = static_cast<std::uint64_t>(last);
    RemoteEndpoint endpoint{.network = 1, .peer = number, .v4 = {}, .v6 = {}, .mac = {}};
    endpoint.v4 = Address::parse("198.18.1.0")->plus(offset);
    endpoint.v6 = Address::parse("2001:db8:1::")->plus(offset);
    endpoint.mac = Mac::from_ipv4(*endpoint.v4);
    return endpoint;
  }

  // The vxlan device, or what stands for it.
  int make_device(const std::string& name) {
    auto index = links_->create_veth({.host_name = name,
                                      .container_name = name + "c",
                                      .container_mac = Mac({2, 0, 0, 0, 0, 9}),
                                      .mtu = 1500});
    EXPECT_TRUE(index) << index.error().message();
    return index.value_or(0);
  }

  fl_peer value_of(PeerId number) {
    return open<__u32, fl_peer>("fl_peers").get(number)->value_or(fl_peer{});
  }
  fl_hop header(std::uint32_t slot) {
    return open<__u32, fl_hop>("fl_hops").get(slot)->value_or(fl_hop{});
  }
  std::set<std::uint32_t> slots_of(PeerId number) {
    const fl_peer value = value_of(number);
    return {std::begin(value.hops), std::end(value.hops)};
  }
  std::uint32_t owner_of(const Address& vtep) {
    return open<fl_addr, __u32>("fl_vteps").get(to_abi(vtep))->value_or(0);
  }
  std::optional<fl_forward> forward(const Address& address) {
    return *open<fl_forward_key, fl_forward>("fl_forward")
                .get({.network = 1, .addr = to_abi(address)});
  }
  // The peer that the address leads to; 0: none.
  PeerId peer_at(const Address& address) {
    const auto entry = forward(address);
    return entry && entry->kind == FL_TARGET_REMOTE ? entry->peer : 0;
  }

  void set_tunnel() {
    device_ = make_device("tun0");
    expect_ok(datapath_->set_tunnel({.device = device_, .port = kPort}));
  }

  int device_ = 0;
};

}  // namespace fairlead::datapath
