#include "cluster/records.h"

#include <random>

#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

using ::testing::HasSubstr;

const Mac kMac(std::array<std::uint8_t, 6>{2, 0x42, 10, 1, 0, 5});

SharedNetwork network() {
  return {.id = "net1",
          .name = "web/front",
          .vni = 65536,
          .v4 = Subnet{.pool = prefix("10.1.0.0/24"), .gateway = address("10.1.0.1")},
          .v6 = Subnet{.pool = prefix("fd00:1::/64"), .gateway = {}},
          .pool_v4 = "10.1.0.0-24",
          .pool_v6 = "fd00:1::-64",
          .mtu = 1450,
          .options = {{"com.docker.network.driver.mtu", "1450"}, {"a \"b\"", "c\nd"}},
          .internal = true,
          .created_by = "host-a",
          .removing = true};
}

std::vector<Record> samples() {
  SharedNetwork bare;
  bare.id = "net2";
  bare.vni = 1;
  return {
      meta(),
      Alive{.node = "host-a", .boot_id = "b", .version = "1.0", .since = "s"},
      Node{.name = "host-a",
           .vteps = {address("198.18.0.1"), address("2001:db8::1")},
           .port = 4795,
           .mtu = 9000,
           .instance = "i"},
      Node{.name = "host/b %", .vteps = {}, .port = 0, .mtu = 0, .instance = {}},
      network(),
      bare,
      Member{.network = "net1", .node = "host-a"},
      SharedPool{.id = "10.1.0.0-24",
                 .prefix = prefix("10.1.0.0/24"),
                 .range = prefix("10.1.0.128/25"),
                 .block = 28,
                 .gateway = address("10.1.0.1")},
      SharedPool{.id = "fd00:1::-64",
                 .prefix = prefix("fd00:1::/64"),
                 .range = {},
                 .block = 120,
                 .gateway = {}},
      PoolUser{.pool = "10.1.0.0-24", .node = "host-a"},
      Block{.pool = "10.1.0.0-24",
            .prefix = prefix("10.1.0.16/28"),
            .owner = "host-a",
            .lent = {{address("10.1.0.17"), "host-b"}}},
      Static{.pool = "fd00:1::-64", .address = address("fd00:1::7"), .owner = "host-a"},
      Ask{.pool = "10.1.0.0-24",
          .address = address("10.1.0.17"),
          .node = "host-b",
          .refusal = "in use"},
      SharedEndpoint{.network = "net1",
                     .node = "host-a",
                     .key = "ep1",
                     .v4 = address("10.1.0.17"),
                     .v6 = address("fd00:1::17"),
                     .mac = kMac,
                     .name = "web-1"},
      SharedEndpoint{.network = "net1",
                     .node = "host-a",
                     .key = "ep2",
                     .v4 = {},
                     .v6 = {},
                     .mac = kMac,
                     .name = {}},
      Index{.key = "names/web%2Ffront", .network = "net1"},
      Index{.key = "vni/65536", .network = "net1"},
  };
}

TEST(Records, EveryKindReadsBackAsItWasWritten) {
  for (const auto& record : samples()) {
    const std::string key = layout().key(record);
    const auto back = layout().parse(key, format(record));

    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, record) << key << " = " << format(record);
    EXPECT_EQ(format(record).find('\n'), std::string::npos) << "one line";
  }
}

TEST(Records, FieldsOfANewerVersionAreIgnored) {
  for (const auto& record : samples()) {
    std::string value = format(record);
    value.insert(1, value == "{}" ? R"("new":{"a":[1]})" : R"("new":{"a":[1]},)");

    const auto back = layout().parse(layout().key(record), value);

    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, record);
  }
}

TEST(Records, KeysAreWhatTheLayoutSays) {
  const Layout keys = layout();
  EXPECT_EQ(keys.root(), "/fairlead/v1/test/");
  EXPECT_EQ(keys.meta(), "/fairlead/v1/test/meta");
  EXPECT_EQ(keys.name("a/b"), "/fairlead/v1/test/names/a%2Fb");
  EXPECT_EQ(keys.block("10.1.0.0-24", prefix("10.1.0.16/28")),
            "/fairlead/v1/test/blocks/10.1.0.0-24/10.1.0.16-28");
  EXPECT_EQ(keys.fixed("fd00::-64", address("fd00::5")),
            "/fairlead/v1/test/static/fd00::-64/fd00::5");
  EXPECT_EQ(keys.endpoint("n", "h", "e"), "/fairlead/v1/test/eps/n/h/e");
}

TEST(Records, AClusterHasAName) {
  for (const char* bad : {"", "a/b", "a b", "ä"})
    EXPECT_TRUE(is(Layout::create(bad), Errc::invalid_argument));
  EXPECT_TRUE(is(Layout::create(std::string(64, 'a')), Errc::invalid_argument));
  EXPECT_TRUE(Layout::create("Prod_1.east-2"));
}

TEST(Records, AKeyOfANewerVersionIsNotFoundAndABadValueIsInvalid) {
  const Layout keys = layout();
  for (const char* key : {"svc/net1/web", "nodes", "nodes/", "nodes/a/b", "members/n",
                          "guards/pools", "nodes/%zz", "nodes/%61", ""})
    EXPECT_TRUE(is(keys.parse(keys.root() + key, "{}"), Errc::not_found)) << key;
  EXPECT_TRUE(is(keys.parse("/other/nodes/a", "{}"), Errc::not_found));

  const std::pair<std::string, std::string> bad[] = {
      {"meta", "{}"},
      {"meta", R"({"uuid":7,"schema":1})"},
      {"nodes/a", "[]"},
      {"nodes/a", R"({"port":65536,"mtu":1})"},
      {"nodes/a", R"({"port":1,"mtu":1,"vteps":["x"]})"},
      {"nodes/a", R"({"port":1,"mtu":1,"vteps":[7]})"},
      {"networks/n", R"({"vni":0})"},
      {"networks/n", R"({"vni":16777216})"},
      {"networks/n", R"({"vni":1,"v4":{"pool":"10.1.0.5/24"}})"},
      {"networks/n", R"({"vni":1,"v4":7})"},
      {"networks/n", R"({"vni":1,"options":{"a":1}})"},
      {"pools/10.1.0.0-24", R"({"block":23})"},
      {"pools/10.1.0.0-24", R"({"block":33})"},
      {"pools/10.1.0.0-24", R"({"block":28,"range":"10.2.0.0/24"})"},
      {"pools/10.1.0.1-24", R"({"block":28})"},
      {"pools/nothing", R"({"block":28})"},
      {"blocks/10.1.0.0-24/10.1.0.0-28", R"({"owner":""})"},
      {"blocks/10.1.0.0-24/10.1.0.0-28", R"({"owner":"a","lent":{"10.9.0.1":"b"}})"},
      {"static/10.1.0.0-24/10.1.0.300", R"({"owner":"a"})"},
      {"static/fd00::-64/fd00::0", R"({"owner":"a"})"},
      {"eps/n/h/e", R"({})"},
      {"names/web", R"({})"},
  };
  for (const auto& [key, value] : bad) {
    const auto record = keys.parse(keys.root() + key, value);
    EXPECT_TRUE(is(record, Errc::invalid_argument)) << key << " " << value;
    EXPECT_THAT(text(record), HasSubstr(key.substr(0, key.find('/')))) << "names the key";
  }
}

// Values that somebody else or a bug wrote: cut off, changed, nested, of another kind.
TEST(Records, GarbageIsRefusedAndNeverCrashes) {
  std::mt19937 random(1);
  const auto all = samples();
  const std::string pieces[] = {"{",       "}",     "[",
                                "]",       "\"",    ":",
                                ",",       "null",  "true",
                                "-1",      "1e999", "18446744073709551616",
                                "\\u0000", "\xff",  std::string(1, '\0')};
  for (int i = 0; i < 5000; ++i) {
    const auto& record = all[random() % all.size()];
    std::string value = format(all[random() % all.size()]);
    for (auto changes = random() % 4; changes > 0 && !value.empty(); --changes) {
      const auto at = random() % value.size();
      switch (random() % 3) {
        case 0:
          value.resize(at);
          break;
        case 1:
          value.insert(at, pieces[random() % std::size(pieces)]);
          break;
        default:
          value[at] = static_cast<char>(random());
      }
    }
    std::string key = layout().key(record);
    if (random() % 4 == 0)
      key[key.size() - 1 - random() % (key.size() / 2)] = static_cast<char>(random());

    const auto back = layout().parse(key, value);

    if (back) {
      EXPECT_EQ(layout().key(*back), key);
      const auto again = layout().parse(key, format(*back));
      ASSERT_TRUE(again) << again.error().message();
      EXPECT_EQ(*again, *back) << "what was read can be written";
    } else {
      EXPECT_FALSE(back.error().message().empty());
    }
  }
  const std::string deep(100000, '[');
  EXPECT_TRUE(is(layout().parse(layout().node("a"), deep), Errc::invalid_argument));
  EXPECT_TRUE(is(layout().parse(layout().node("a"), deep + std::string(100000, ']')),
                 Errc::invalid_argument));
}

}  // namespace

}  // namespace fairlead::cluster
