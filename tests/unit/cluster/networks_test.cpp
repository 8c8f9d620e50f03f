#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class Networks : public HostsTest {
 protected:
  void endpoint(const std::string& network, const std::string& node) {
    store.put(layout().endpoint(network, node, "ep"), "{}");
  }
};

TEST_F(Networks, EachHasAVniAndANameOfItsOwn) {
  EXPECT_EQ(a.network("n1", "web").vni, 0x10000u);
  EXPECT_EQ(b.network("n2", "db").vni, 0x10001u) << "though b has heard nothing of n1";
  EXPECT_THAT(keys(), UnorderedElementsAre("networks/n1", "networks/n2", "names/web", "names/db",
                                           "vni/65536", "vni/65537", "members/n1/host-a",
                                           "members/n2/host-b"));
  EXPECT_EQ(a.view.networks.at("n1").created_by, "host-a");
}

TEST_F(Networks, ANameIsTakenOnce) {
  a.network("n1", "web");
  SharedNetwork want;
  want.id = "n2";
  want.name = "web";
  const auto refused = b.registry.create_network(want);
  EXPECT_TRUE(is(refused, Errc::conflict));
  EXPECT_THAT(text(refused), HasSubstr("web"));

  b.network("n2");
  EXPECT_TRUE(is(b.registry.name_network("n2", "web"), Errc::conflict));
  ASSERT_EQ(text(b.registry.name_network("n2", "db")), "");
  EXPECT_EQ(text(b.registry.name_network("n2", "db")), "") << "again: success";
  ASSERT_EQ(text(b.registry.name_network("n2", "db2")), "");
  EXPECT_THAT(keys(), Contains("names/db2"));
  EXPECT_THAT(keys(), Not(Contains("names/db")));
  EXPECT_TRUE(is(b.registry.name_network("n9", "x"), Errc::not_found));
}

TEST_F(Networks, AVniThatIsAskedForIsThatOneOrRefused) {
  SharedNetwork want;
  want.id = "n1";
  want.vni = 77;
  const auto made = a.registry.create_network(want);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->vni, 77u);
  want.id = "n2";
  EXPECT_TRUE(is(b.registry.create_network(want), Errc::conflict));
  want.vni = 1 << 24;
  EXPECT_TRUE(is(b.registry.create_network(want), Errc::invalid_argument));
}

TEST_F(Networks, VnisAreUsedAgainOnlyWhenTheRangeIsOver) {
  View view(layout());
  auto few = settings("host-a");
  few.vni_first = 100;
  few.vni_last = 102;
  Registry registry(*a.client, a.view, few);
  const auto make = [&](const std::string& id) {
    SharedNetwork want;
    want.id = id;
    return registry.create_network(want);
  };
  EXPECT_EQ(make("n0").value().vni, 100u);
  EXPECT_EQ(make("n1").value().vni, 101u);
  ASSERT_TRUE(registry.mark_removing("n0"));
  ASSERT_TRUE(registry.leave_network("n0"));
  EXPECT_EQ(make("n2").value().vni, 102u) << "not 100, which just went";
  EXPECT_EQ(make("n3").value().vni, 100u);
  EXPECT_TRUE(is(make("n4"), Errc::exhausted));
}

TEST_F(Networks, MadeTwiceIsMadeOnce) {
  a.memory().lose_next_answer();
  SharedNetwork want;
  want.id = "n1";
  EXPECT_TRUE(is(a.registry.create_network(want), Errc::unavailable));
  const auto again = a.registry.create_network(want);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->vni, 0x10000u);
  EXPECT_THAT(keys(), UnorderedElementsAre("networks/n1", "vni/65536", "members/n1/host-a"));
}

TEST_F(Networks, ARemovedOneGoesWithItsLastMember) {
  a.network("n1", "web");
  ASSERT_EQ(text(b.registry.join_network("n1")), "") << "though b has heard nothing of it";
  endpoint("n1", "host-a");
  endpoint("n1", "host-b");

  ASSERT_EQ(text(b.registry.mark_removing("n1")), "");
  EXPECT_EQ(text(b.registry.mark_removing("n1")), "") << "again: success";
  EXPECT_THAT(keys(), Not(Contains("names/web"))) << "free from now on";
  EXPECT_TRUE(is(c.registry.join_network("n1"), Errc::not_found));
  c.network("n2", "web");

  ASSERT_EQ(text(b.registry.leave_network("n1")), "");
  EXPECT_THAT(keys(), Not(Contains("eps/n1/host-b/ep")));
  EXPECT_THAT(keys(), Contains("eps/n1/host-a/ep")) << "a uses it still";
  ASSERT_EQ(text(a.registry.leave_network("n1")), "");
  EXPECT_EQ(text(a.registry.leave_network("n1")), "") << "again: success";
  EXPECT_THAT(keys(),
              UnorderedElementsAre("networks/n2", "names/web", "vni/65537", "members/n2/host-c"));
}

TEST_F(Networks, TheLastTwoThatLeaveTogetherLeaveNothing) {
  a.network("n1", "web");
  ASSERT_TRUE(b.registry.join_network("n1"));
  ASSERT_TRUE(a.registry.mark_removing("n1"));
  sync();
  b.memory().before_next_commit([this] { ASSERT_TRUE(a.registry.leave_network("n1")); });
  ASSERT_TRUE(b.registry.leave_network("n1"));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(Networks, RemovedWhileTheLastMemberLeavesItIsGone) {
  a.network("n1", "web");
  sync();
  a.memory().before_next_commit([this] { ASSERT_TRUE(b.registry.mark_removing("n1")); });
  ASSERT_TRUE(a.registry.leave_network("n1"));
  EXPECT_THAT(keys(), IsEmpty());

  a.network("n2", "web");
  sync();
  b.memory().before_next_commit([this] { ASSERT_TRUE(a.registry.leave_network("n2")); });
  ASSERT_TRUE(b.registry.mark_removing("n2"));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(Networks, WhoJoinsWhileItIsRemovedIsToldOrStays) {
  a.network("n1");
  sync();
  b.memory().before_next_commit([this] { ASSERT_TRUE(a.registry.mark_removing("n1")); });
  EXPECT_TRUE(is(b.registry.join_network("n1"), Errc::not_found));

  a.network("n2");
  ASSERT_TRUE(a.registry.leave_network("n2"));  // nobody has it, and nobody removed it
  sync();
  a.memory().before_next_commit([this] { ASSERT_TRUE(b.registry.join_network("n2")); });
  ASSERT_TRUE(a.registry.mark_removing("n2"));
  EXPECT_THAT(keys(), Contains("members/n2/host-b"));
  EXPECT_THAT(keys(), Contains("networks/n2"));
}

}  // namespace
}  // namespace fairlead::cluster
