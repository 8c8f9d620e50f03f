// A folder of the test's own, and values with every field set.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "store/store.h"

namespace fairlead::store {

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "fairlead-store-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path file(const char* name = "state.db") const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }
inline Address address(std::string_view text) { return Address::parse(text).value(); }

inline TimePoint at(int seconds) {
  return TimePoint(std::chrono::seconds(1'763'688'605 + seconds) + std::chrono::nanoseconds(7));
}

inline PublishPolicy full_policy() {
  return {.allow = std::vector{prefix("10.0.0.0/8"), prefix("2001:db8::/32")},
          .allow_port = {{{Protocol::tcp, 443}, {prefix("192.0.2.7/32")}},
                         {{Protocol::udp, 443}, {}},
                         {{Protocol::sctp, 65535}, {prefix("::/0")}}}};
}

inline Rate full_rate() {
  return {.egress = 10'000'000,
          .ingress = kHighestRate,
          .egress_burst = 0xffff'ffff,
          .ingress_burst = std::uint64_t{1} << 62U};
}

inline Network full_network(const std::string& key, NetworkId id) {
  return {.key = key,
          .id = id,
          .v4 = Subnet{prefix("10.1.0.0/24"), address("10.1.0.1")},
          .v6 = Subnet{prefix("2001:db8::/64"), std::nullopt},
          .mtu = 1450,
          .interface_prefix = "web",
          .host_binding_v4 = address("198.18.0.1"),
          .internal = true,
          .icc = false,
          .masquerade = false,
          .routed = true,
          .shortcut = true,
          .publish = full_policy(),
          .rate = full_rate(),
          .shared = "of-the-cluster",
          .made_for_attachment = true};
}

inline Attachment full_attachment() {
  return {.config = "web",
          .container = "c1",
          .interface = "eth0",
          .name = "shop",
          .aliases = {"b", "a"},
          .labels = {{"K8S_POD_NAME", "p"}, {"empty", ""}},
          .routes = {{.to = prefix("0.0.0.0/0"), .via = address("10.1.0.1")},
                     {.to = prefix("192.0.2.0/24"), .via = {}}},
          .holds_ports = true};
}

inline Endpoint full_endpoint(const std::string& key, const std::string& network) {
  return {
      .key = key,
      .network = network,
      .v4 = prefix("10.1.0.5/24"),
      .v6 = prefix("2001:db8::5/64"),
      .mac = Mac::parse("02:42:0a:01:00:05").value(),
      .host_device = "fl1",
      .container_device = "flc1",
      .sandbox = "/var/run/docker/netns/abc",
      .joined = true,
      .publish = {.allow = std::vector<Prefix>(), .allow_port = {}},
      .rate = {.egress = 1'000, .ingress = 2'000, .egress_burst = 3'000, .ingress_burst = 0},
      .ports = {{Protocol::udp, Address::any(Family::v6), 53, address("2001:db8::5"), 53},
                {Protocol::tcp, address("198.18.0.1"), 8080, address("10.1.0.5"), 80},
                {Protocol::sctp, Address::any(Family::v4), 65535, address("10.1.0.5"), 1},
                {Protocol::udp, address("198.18.0.1"), 20000, address("10.1.0.5"), 30000, 5000}},
      .attachment = full_attachment()};
}

inline PortRules full_rules(const HostPort& port) {
  PortRules rules{.port = port,
                  .rules = {{.prefix = prefix("10.0.0.0/8"), .allow = true},
                            {.prefix = prefix("9.0.0.0/8"), .allow = false},
                            {.prefix = prefix("::/0"), .allow = false}}};
  std::ranges::sort(rules.rules);
  return rules;
}

inline Endpoint bare_endpoint(const std::string& key, const std::string& network) {
  Endpoint endpoint;
  endpoint.key = key;
  endpoint.network = network;
  return endpoint;
}

inline ipam::Pool full_pool(const std::string& id) {
  return {.id = id,
          .space = "local",
          .prefix = prefix("10.1.0.0/24"),
          .range = prefix("10.1.0.128/25"),
          .created = at(0),
          .shared = "10.1.0.0-24",
          .blocks = {prefix("10.1.0.192/28"), prefix("10.1.0.128/28")}};
}

inline ipam::Lease full_lease(const std::string& pool, std::string_view which,
                              ipam::Use use = ipam::Use::endpoint) {
  return {.pool = pool,
          .address = address(which),
          .use = use,
          .until = use == ipam::Use::cooling ? at(60) : TimePoint{},
          .since = at(1)};
}

}  // namespace fairlead::store
