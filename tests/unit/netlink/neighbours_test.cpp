#include <net/if.h>

#include "netlink/kernel_links.h"
#include "tests/unit/netlink/other_host.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

using test::eventually;

class NeighboursTest : public test::OwnNamespace {
 protected:
  static constexpr const char* kMac = "02:00:00:00:00:02";

  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto created = KernelLinks::create();
    ASSERT_TRUE(created) << created.error().message();
    links_.emplace(std::move(*created));
    ASSERT_TRUE(other_.ok());
    other_.connect("w0", kMac);
    index_ = static_cast<int>(if_nametoindex("w0"));
    ASSERT_NE(index_, 0);
  }

  static Address addr(const std::string& text) { return Address::parse(text).value(); }

  std::optional<Neighbour> find(const std::string& text) {
    auto all = links_->neighbours();
    EXPECT_TRUE(all) << all.error().message();
    for (const Neighbour& entry : *all)
      if (entry.link == index_ && entry.address == addr(text)) return entry;
    return {};
  }

  bool has_mac(const std::string& text, const std::string& mac) {
    const auto entry = find(text);
    return entry && entry->usable && entry->mac.to_string() == mac;
  }

  void keep(const std::string& text) {
    auto done = links_->keep_neighbour(index_, addr(text));
    EXPECT_TRUE(done) << done.error().message();
  }
  void drop(const std::string& text) {
    auto done = links_->drop_neighbour(index_, addr(text));
    EXPECT_TRUE(done) << done.error().message();
  }

  test::OtherHost other_;
  std::optional<KernelLinks> links_;
  int index_ = 0;
};

TEST_F(NeighboursTest, a_kept_one_is_resolved_without_a_packet_that_way) {
  for (const auto* text : {"198.18.0.2", "2001:db8::2"}) {
    EXPECT_FALSE(has_mac(text, kMac));
    keep(text);
    EXPECT_TRUE(eventually([&] { return has_mac(text, kMac); })) << text;
    EXPECT_TRUE(find(text)->managed);
    EXPECT_EQ(run(std::string("ip neigh show ") + text + " | grep -q managed"), 0) << text;
    keep(text);
    EXPECT_TRUE(has_mac(text, kMac)) << "again changes nothing";
  }
}

TEST_F(NeighboursTest, a_kept_one_is_asked_for_again_by_itself) {
  // Old at once, and asked for once, not three times, before everybody is asked who it is. (The
  // kernel looks at what it manages every five seconds.)
  ASSERT_EQ(run("cd /proc/sys/net/ipv4/neigh/w0 && echo 100 >base_reachable_time_ms && "
                "echo 0 >delay_first_probe_time && echo 1 >ucast_solicit && "
                "echo 100 >retrans_time_ms"),
            0);
  keep("198.18.0.2");
  ASSERT_TRUE(eventually([&] { return has_mac("198.18.0.2", kMac); }));
  // It says nothing of its new MAC.
  ASSERT_EQ(other_.run("ip link set far address 02:00:00:00:00:03"), 0);
  EXPECT_TRUE(eventually([&] { return has_mac("198.18.0.2", "02:00:00:00:00:03"); }));
}

TEST_F(NeighboursTest, one_that_does_not_answer_is_unusable_and_is_kept_all_the_same) {
  keep("198.18.0.99");
  const auto entry = find("198.18.0.99");
  ASSERT_TRUE(entry);
  EXPECT_FALSE(entry->usable);
  EXPECT_EQ(entry->mac, Mac());
  EXPECT_TRUE(entry->managed);
}

TEST_F(NeighboursTest, a_dropped_one_stays_resolved_but_is_kept_no_longer) {
  for (const auto* text : {"198.18.0.2", "2001:db8::2"}) {
    keep(text);
    ASSERT_TRUE(eventually([&] { return has_mac(text, kMac); })) << text;
    drop(text);
    EXPECT_TRUE(has_mac(text, kMac)) << text;
    EXPECT_FALSE(find(text)->managed) << text;
    EXPECT_NE(run(std::string("ip neigh show ") + text + " | grep -q managed"), 0) << text;
    drop(text);
    keep(text);
    EXPECT_TRUE(find(text)->managed) << text;
  }
}

TEST_F(NeighboursTest, a_permanent_entry_is_not_touched) {
  ASSERT_EQ(run("ip neigh add 198.18.0.9 lladdr 02:00:00:00:00:09 dev w0 nud permanent"), 0);
  keep("198.18.0.9");
  drop("198.18.0.9");
  EXPECT_EQ(run("ip neigh show 198.18.0.9 | grep -q PERMANENT"), 0);
  EXPECT_FALSE(find("198.18.0.9")->managed);
}

TEST_F(NeighboursTest, what_somebody_else_has_managed_is_theirs) {
  ASSERT_EQ(run("ip neigh replace 198.18.0.2 dev w0 managed"), 0);
  EXPECT_FALSE(find("198.18.0.2")->managed);
  keep("198.18.0.2");
  EXPECT_FALSE(find("198.18.0.2")->managed);
  drop("198.18.0.2");
  EXPECT_EQ(run("ip neigh show 198.18.0.2 | grep -q managed"), 0);
}

TEST_F(NeighboursTest, without_the_device_keeping_fails_and_dropping_is_done) {
  auto done = links_->keep_neighbour(4711, addr("198.18.0.2"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::not_found);
  EXPECT_NE(done.error().message().find("198.18.0.2"), std::string::npos);
  EXPECT_TRUE(links_->drop_neighbour(4711, addr("198.18.0.2")));
  EXPECT_TRUE(links_->drop_neighbour(index_, addr("198.18.0.77")));
}

}  // namespace
}  // namespace fairlead::netlink
