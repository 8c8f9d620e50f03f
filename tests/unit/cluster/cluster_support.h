// Short words for the tests of this folder, and hosts that share one store.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/registry.h"
#include "tests/support/memory_etcd.h"

namespace fairlead::cluster {

inline Prefix prefix(std::string_view text) {
  auto parsed = Prefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Prefix());
}

inline Address address(std::string_view text) {
  auto parsed = Address::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Address());
}

inline Layout layout() { return Layout::create("test").value(); }

inline Meta meta() { return {.uuid = "uuid-1", .schema = 1, .created = "2026-01-01T00:00:00Z"}; }

// "" for success; else the message.
template <typename Any>
std::string text(const Any& result) {
  return result ? "" : result.error().message();
}

template <typename Any>
bool is(const Any& result, Errc code) {
  return !result && result.error().code() == code;
}

inline RegistrySettings settings(const std::string& node) {
  return {.node = node,
          .ranges_v4 = {{prefix("10.64.0.0/16"), 24}},
          .ranges_v6 = {{prefix("fd5a:1:2::/48"), 64}}};
}

// One host's part of it. sync() is what the news would do; without it the view is as old as it is.
struct Host {
  Host(std::unique_ptr<etcd::Client> its_client, const std::string& node)
      : client(std::move(its_client)), view(layout()), registry(*client, view, settings(node)) {
    sync();
  }

  void sync() {
    const auto listing = client->list(view.layout().root());
    ASSERT_TRUE(listing) << listing.error().message();
    view.replace(*listing);
  }

  SharedPool pool(std::string_view text) {
    auto pool = registry.request_pool({.prefix = prefix(text), .range = {}, .taken = {}});
    EXPECT_TRUE(pool) << pool.error().message();
    return pool.value_or(SharedPool());
  }

  SharedNetwork network(const std::string& id, const std::string& name = "") {
    SharedNetwork want;
    want.id = id;
    want.name = name;
    auto made = registry.create_network(want);
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or(SharedNetwork());
  }

  test::MemoryEtcd& memory() { return dynamic_cast<test::MemoryEtcd&>(*client); }

  std::unique_ptr<etcd::Client> client;
  View view;
  Registry registry;
};

// Hosts a, b and c; the cluster is there.
class HostsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(text(a.registry.create_meta(meta())), "");
    sync();
  }

  void sync() {
    for (Host* host : {&a, &b, &c}) host->sync();
  }

  // What is in the store, without the cluster's prefix; guards and meta aside.
  std::vector<std::string> keys() {
    std::vector<std::string> out;
    const std::string root = layout().root();
    const auto listing = store.list(root).value();
    for (const auto& entry : listing.entries) {
      const std::string rest = entry.key.substr(root.size());
      if (rest != "meta" && !rest.starts_with("guards/")) out.push_back(rest);
    }
    return out;
  }

  test::MemoryEtcd store;
  Host a{store.other_host(), "host-a"};
  Host b{store.other_host(), "host-b"};
  Host c{store.other_host(), "host-c"};
};

}  // namespace fairlead::cluster
