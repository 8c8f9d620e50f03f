// Members of etcd that are dead, silent or cut off.
#include <atomic>

#include "etcd/members.h"
#include "etcd_support.h"
#include "tests/support/real_etcd.h"

namespace fairlead::etcd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

std::string nobody() { return "http://127.0.0.1:" + std::to_string(test::free_port()); }

template <typename Call>
std::chrono::milliseconds time_of(Call call) {
  const auto begin = Clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
}

class FailoverTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RealEtcd::installed()) FAIRLEAD_CANNOT_RUN("etcd is not installed: scripts/deps");
  }
};

TEST_F(FailoverTest, AMemberThatIsDeadCostsNothingAndTheOneThatWorksIsKept) {
  test::RealEtcd etcd;
  etcd.start();
  const auto client = client_of({.endpoints = {nobody(), etcd.url(), nobody()}});
  EXPECT_EQ(must(client->identity()).endpoint, etcd.url());
  put(*client, "a", "1");
  EXPECT_EQ(must(client->get("a")).value, "1");
}

TEST_F(FailoverTest, WhenNobodyAnswersItIsSaidWhatEachMemberSaid) {
  const auto one = nobody();
  const auto other = nobody();
  const auto client = client_of({.endpoints = {one, other}});
  const auto why = failure(client->identity(), Errc::unavailable);
  EXPECT_THAT(why, HasSubstr("etcd at " + one + ": "));
  EXPECT_THAT(why, HasSubstr("etcd at " + other + ": "));
  EXPECT_THAT(why, HasSubstr("Connection refused"));
  EXPECT_THAT(failure(client->commit({}), Errc::unavailable),
              testing::Not(HasSubstr("is not known")));
}

TEST_F(FailoverTest, GrpcWritesNothingToStandardErrorByItself) {
  const auto client = client_of({.endpoints = {nobody(), "http://no-such-name.invalid:2379"}});
  testing::internal::CaptureStderr();
  failure(client->identity(), Errc::unavailable);
  failure(client->list(""), Errc::unavailable);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(FailoverTest, ASilentMemberCostsAPartOfTheDeadlineAndOnlyOnce) {
  test::RealEtcd silent;
  test::RealEtcd etcd;
  silent.start();
  etcd.start();
  const auto client = client_of({.endpoints = {silent.url(), etcd.url()}, .deadline = 2000ms});
  silent.pause();
  EXPECT_LT(time_of([&] { EXPECT_EQ(must(client->identity()).endpoint, etcd.url()); }), 1900ms);
  EXPECT_LT(time_of([&] { put(*client, "a", "1"); }), 500ms);
  EXPECT_LT(time_of([&] { must(client->get("a")); }), 500ms);
}

TEST_F(FailoverTest, NoCallTakesLongerThanItsDeadlineWhenTheOnlyMemberFallsSilent) {
  test::RealEtcd etcd;
  etcd.start();
  const auto client = client_of({.endpoints = {etcd.url()}, .deadline = 500ms});
  put(*client, "a", "1");
  etcd.pause();
  // It had just answered, so the change is sent: who knows what became of it.
  const auto took = time_of([&] {
    EXPECT_THAT(failure(client->commit({.when = {}, .then = {Put{"a", "2", 0}}, .read = {}}),
                        Errc::unavailable),
                HasSubstr("no answer in time; whether the change was made is not known"));
  });
  EXPECT_GE(took, 400ms);
  EXPECT_LT(took, 1500ms);
  EXPECT_LT(time_of([&] { failure(client->list(""), Errc::unavailable); }), 1500ms);
  // Now it is asked first whether it is there.
  EXPECT_THAT(failure(client->commit({.when = {}, .then = {Put{"a", "3", 0}}, .read = {}}),
                      Errc::unavailable),
              testing::Not(HasSubstr("is not known")));
  EXPECT_LT(time_of([&] { failure(client->keep_alive(1), Errc::unavailable); }), 1500ms);

  etcd.go_on();
  const auto end = Clock::now() + 20s;
  auto value = client->get("a");
  while (!value && Clock::now() < end) value = client->get("a");
  EXPECT_THAT(must(std::move(value)).value, testing::AnyOf("1", "2"));
}

TEST_F(FailoverTest, AMemberThatCameBackIsFoundByTheNextCall) {
  test::RealEtcd etcd;
  etcd.start();
  const auto client = client_of({.endpoints = {etcd.url()}});
  put(*client, "a", "1");
  etcd.kill();
  failure(client->get("a"), Errc::unavailable);
  failure(client->get("a"), Errc::unavailable);
  etcd.start();
  EXPECT_EQ(must(client->get("a")).value, "1");
}

TEST_F(FailoverTest, ACommitAfterAnIdleConnectionBrokeIsMade) {
  test::RealEtcd etcd;
  etcd.start();
  const auto client = client_of({.endpoints = {etcd.url()}, .deadline = 5000ms});
  put(*client, "a", "1");
  etcd.kill();
  etcd.start();
  std::this_thread::sleep_for(1100ms);  // what answered longer ago than a second is asked first
  EXPECT_TRUE(put(*client, "a", "2").done);
}

TEST_F(FailoverTest, AWatchWhoseMemberIsKilledEndsAndGoesOnAtAnotherWithoutAGap) {
  auto members = test::RealEtcd::cluster(3);
  const auto writer = client_of({.endpoints = {members[2]->url()}, .deadline = 10s});
  const auto first = put(*writer, "k", "1");
  const auto client =
      client_of({.endpoints = {members[0]->url(), members[1]->url()}, .deadline = 10s});
  Revision seen = 0;
  const auto ended = client->watch(
      "k", first.revision, [&] { members[0]->kill(); },
      [&](const std::vector<Event>&, Revision revision) { seen = revision; });
  EXPECT_EQ(ended.how, WatchEnd::lost);
  EXPECT_THAT(ended.why, HasSubstr(members[0]->url()));
  // The others may have to choose a leader first.
  const Put second{"k", "2", 0};
  while (!writer->commit({.when = {}, .then = {second}, .read = {}})) {
  }
  Watching watching(*client, "k", seen == 0 ? first.revision : seen + 1);
  ASSERT_TRUE(watching.started());
  EXPECT_THAT(lines(watching.events(1)).back(), "+k=2");
}

TEST_F(FailoverTest, AMemberThatIsCutOffFromTheOthersEndsTheWatchAndGivesNoAnswers) {
  auto members = test::RealEtcd::cluster(3);
  const auto client = client_of({.endpoints = {members[0]->url()}});
  Watching watching(*client, "", 1);
  ASSERT_TRUE(watching.started());
  members[1]->pause();
  members[2]->pause();
  const auto ended = watching.ended();
  EXPECT_EQ(ended.how, WatchEnd::lost);
  EXPECT_THAT(ended.why, HasSubstr("no leader"));
  EXPECT_THAT(failure(client->commit({}), Errc::unavailable), HasSubstr("no leader"));
  failure(client->list(""), Errc::unavailable);
  members[1]->go_on();
  members[2]->go_on();
}

TEST_F(FailoverTest, AnIdleWatchGoesOnUntilItsMemberFallsSilentAndEndsWithinTwentySeconds) {
  test::RealEtcd etcd;
  etcd.start();
  const auto client = client_of({.endpoints = {etcd.url()}});
  Watching watching(*client, "", 1);
  ASSERT_TRUE(watching.started());
  // Etcd would end it for the third ping that comes too soon.
  std::this_thread::sleep_for(35s);
  put(*client, "a", "1");
  EXPECT_THAT(lines(watching.events(1)), ElementsAre("+a=1"));
  etcd.pause();
  EXPECT_EQ(watching.ended(22s).how, WatchEnd::lost);
}

TEST_F(FailoverTest, AWatchThatNobodyAcceptsEndsWithinTheDeadline) {
  test::RealEtcd silent;
  silent.start();
  silent.pause();
  const auto client = client_of({.endpoints = {silent.url(), nobody()}, .deadline = 600ms});
  Ended ended;
  const auto took = time_of([&] {
    ended = client->watch(
        "", 1, [] { ADD_FAILURE(); }, [](const std::vector<Event>&, Revision) {});
  });
  EXPECT_EQ(ended.how, WatchEnd::lost);
  EXPECT_THAT(ended.why, HasSubstr(silent.url()));
  EXPECT_THAT(ended.why, HasSubstr("Connection refused"));
  EXPECT_LT(took, 1600ms);
}

TEST_F(FailoverTest, AnswersLongerThanGrpcTakesAreAskedForInPieces) {
  test::RealEtcd etcd;
  etcd.start();
  const auto client = client_of({.endpoints = {etcd.url()}, .deadline = 10s});
  const std::string value(1'000'000, 'v');
  for (int each = 0; each < 12; ++each) put(*client, "k" + std::to_string(10 + each), value);
  const auto all = must(client->list("k")).entries;
  ASSERT_EQ(all.size(), 12u);
  EXPECT_TRUE(std::ranges::all_of(all, [&](const KeyValue& each) { return each.value == value; }));
  Watching watching(*client, "k", 1);
  EXPECT_EQ(watching.events(12).size(), 12u);
}

TEST_F(FailoverTest, ManyThreadsShareAClientWhileMembersComeAndGo) {
  constexpr int kThreads = 6;
  constexpr int kTurns = 30;
  auto members = test::RealEtcd::cluster(3);
  const auto client = client_of(
      {.endpoints = {members[0]->url(), members[1]->url(), members[2]->url()}, .deadline = 5s});
  put(*client, "count", "0");
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int each = 0; each < kThreads; ++each) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns;) {
        const auto now = client->get("count");
        if (!now) continue;
        const auto outcome =
            client->commit({.when = {{Compare::What::modified_at, "count", now->modified}},
                            .then = {Put{"count", std::to_string(std::stoi(now->value) + 1), 0}},
                            .read = {}});
        if (outcome && outcome->done) ++done;
        // Not known: it counts as a turn, and the sum may be one more.
        if (!outcome || outcome->done) ++turn;
      }
    });
  }
  members[0]->kill();
  for (auto& thread : threads) thread.join();
  const int sum = std::stoi(must(client->get("count")).value);
  EXPECT_GE(sum, done.load());
  EXPECT_LE(sum, kThreads * kTurns);
}

}  // namespace
}  // namespace fairlead::etcd
