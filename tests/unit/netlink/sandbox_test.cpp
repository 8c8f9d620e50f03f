// The container's end of a pair, in a namespace of its own.
#include "netlink/sandbox.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "base/unique_fd.h"
#include "netlink/kernel_links.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

class SandboxTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    container_ = UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    OwnNamespace::SetUp();  // another one, the host's: the file holds the first
    auto created = KernelLinks::create();
    ASSERT_TRUE(created) << created.error().message();
    links_.emplace(std::move(*created));
  }

  Result<int> make(const std::string& host, const std::string& inside = "eth0") {
    return links_->create_veth({.host_name = host,
                                .container_name = inside,
                                .container_mac = Mac({2, 0x42, 198, 18, 0, 5}),
                                .mtu = 1400,
                                .sandbox = container_.get()});
  }

  SandboxRequest request() {
    return {.device = "eth0",
            .addresses = {prefix("198.18.0.5/24"), prefix("2001:db8::5/64")},
            .routes = {{.to = prefix("0.0.0.0/0"), .via = address("198.18.0.1")},
                       {.to = prefix("::/0"), .via = address("2001:db8::1")}}};
  }

  SandboxView view() {
    auto seen = links_->look_into(container_.get(), "eth0");
    EXPECT_TRUE(seen) << seen.error().message();
    return seen.value_or(SandboxView());
  }

  static Prefix prefix(const std::string& text) { return *Prefix::parse(text); }
  static Address address(const std::string& text) { return *Address::parse(text); }

  UniqueFd container_;
  std::optional<KernelLinks> links_;
};

bool has(const std::vector<Prefix>& all, const Prefix& one) {
  return std::ranges::find(all, one) != all.end();
}

bool has(const std::vector<ContainerRoute>& all, const ContainerRoute& one) {
  return std::ranges::find(all, one) != all.end();
}

TEST_F(SandboxTest, container_end_is_made_inside_with_addresses_and_routes) {
  ASSERT_TRUE(make("flt0"));
  auto done = links_->configure(container_.get(), request());
  ASSERT_TRUE(done) << done.error().message();

  const SandboxView seen = view();
  ASSERT_TRUE(seen.link);
  EXPECT_TRUE(seen.link->up);
  EXPECT_EQ(seen.link->mtu, 1400U);
  EXPECT_EQ(seen.link->mac.to_string(), "02:42:c6:12:00:05");
  for (const Prefix& wanted : request().addresses) EXPECT_TRUE(has(seen.addresses, wanted));
  for (const ContainerRoute& wanted : request().routes) EXPECT_TRUE(has(seen.routes, wanted));
  EXPECT_EQ(run("ip link show eth0 2>/dev/null"), 256) << "it is not in the host's namespace";
}

TEST_F(SandboxTest, without_an_ipv6_address_there_is_no_ipv6_at_all) {
  ASSERT_TRUE(make("flt0"));
  SandboxRequest want = request();
  want.addresses.pop_back();
  want.routes.pop_back();
  ASSERT_TRUE(links_->configure(container_.get(), want));

  for (const Prefix& each : view().addresses) EXPECT_EQ(each.family(), Family::v4);
}

TEST_F(SandboxTest, second_default_route_waits_behind_the_first) {
  ASSERT_TRUE(make("flt0"));
  ASSERT_TRUE(links_->configure(container_.get(), request()));
  ASSERT_TRUE(make("flt1", "eth1"));
  const auto done = links_->configure(
      container_.get(), {.device = "eth1",
                         .addresses = {prefix("198.19.0.5/24")},
                         .routes = {{.to = prefix("0.0.0.0/0"), .via = address("198.19.0.1")}}});

  ASSERT_TRUE(done) << done.error().message();
  EXPECT_TRUE(has(view().routes, request().routes[0]));
}

TEST_F(SandboxTest, device_of_another_that_is_inside_already_is_left_alone) {
  ASSERT_TRUE(make("flt0"));

  const auto again = make("flt1");

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::already_exists);
  EXPECT_TRUE(view().link);
}

// As `podman network reload` does: the device of before may have a moment to live.
TEST_F(SandboxTest, device_that_was_retired_makes_way) {
  const auto before = make("flt0");
  ASSERT_TRUE(before);
  ASSERT_TRUE(links_->retire_link(*before));

  const auto again = make("flt1");

  EXPECT_TRUE(again) << again.error().message();
}

TEST_F(SandboxTest, what_is_no_namespace_or_the_hosts_own_is_refused) {
  const UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(links_->configure(file.get(), request()).error().code(), Errc::invalid_argument);
  const UniqueFd own(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(links_->configure(own.get(), request()).error().code(), Errc::invalid_argument);
}

TEST_F(SandboxTest, gateway_that_is_not_on_the_link_is_an_error_that_names_it) {
  ASSERT_TRUE(make("flt0"));
  SandboxRequest want = request();
  want.routes[0].via = address("192.0.2.1");

  const auto done = links_->configure(container_.get(), want);

  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message().find("192.0.2.1"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::netlink
