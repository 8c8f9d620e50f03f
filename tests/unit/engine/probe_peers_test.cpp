#include "engine/probe_peers.h"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>

#include "tests/unit/netlink/other_host.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::engine {
namespace {

using namespace std::chrono_literals;
using test::eventually;

class PeerProbeTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(other_.ok());
    other_.connect("w0", "02:00:00:00:00:02");
  }

  static Address addr(const std::string& text) { return Address::parse(text).value(); }
  static ProbeTarget v4() {
    return {.peer = "b", .remote = addr("198.18.0.2"), .local = addr("198.18.0.1")};
  }
  static ProbeTarget v6() {
    return {.peer = "b6", .remote = addr("2001:db8::2"), .local = addr("2001:db8::1")};
  }

  PeerProbe probe(ProbeSettings settings = {.period = 100ms, .deadline = 200ms, .round = 100}) {
    return PeerProbe(settings, [this](std::vector<ProbeResult> results) {
      const std::lock_guard lock(mutex_);
      ++rounds_;
      for (ProbeResult& result : results) latest_[result.peer] = result;
    });
  }

  int rounds() {
    const std::lock_guard lock(mutex_);
    return rounds_;
  }
  // What the latest round said; nothing: it has not been asked.
  std::optional<ProbeResult> latest(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    const auto found = latest_.find(peer);
    return found == latest_.end() ? std::nullopt : std::optional(found->second);
  }
  bool answered(const std::string& peer) {
    const auto result = latest(peer);
    return result && result->rtt;
  }
  bool unanswered(const std::string& peer) {
    const auto result = latest(peer);
    return result && !result->rtt;
  }

  test::OtherHost other_;
  std::mutex mutex_;
  int rounds_ = 0;
  std::map<std::string, ProbeResult> latest_;
};

TEST_F(PeerProbeTest, PeersOfBothFamiliesAnswer) {
  PeerProbe asking = probe();
  asking.set_targets({v4(), v6()});
  ASSERT_TRUE(eventually([&] { return answered("b") && answered("b6"); }));
  for (const auto* peer : {"b", "b6"}) {
    EXPECT_GT(*latest(peer)->rtt, 0us);
    EXPECT_LT(*latest(peer)->rtt, 200ms);
  }
}

TEST_F(PeerProbeTest, OneThatFallsSilentHasNoTime) {
  PeerProbe asking = probe();
  asking.set_targets({v4()});
  ASSERT_TRUE(eventually([&] { return answered("b"); }));
  ASSERT_EQ(other_.run("ip link set far down"), 0);
  EXPECT_TRUE(eventually([&] { return unanswered("b"); }));
}

TEST_F(PeerProbeTest, AnAddressThatIsNotOursGetsNoAnswerAndDoesNotHoldUpTheOthers) {
  PeerProbe asking = probe();
  asking.set_targets(
      {{.peer = "lost", .remote = addr("198.18.0.2"), .local = addr("198.18.9.9")}, v4()});
  ASSERT_TRUE(eventually([&] { return answered("b"); }));
  EXPECT_TRUE(unanswered("lost"));
}

TEST_F(PeerProbeTest, ManyTakeTurns) {
  PeerProbe asking = probe({.period = 20ms, .deadline = 50ms, .round = 1});
  asking.set_targets({v4(), v6()});
  EXPECT_TRUE(eventually([&] { return answered("b") && answered("b6"); }));
}

TEST_F(PeerProbeTest, WithoutTargetsItDoesNothing) {
  PeerProbe asking = probe();
  asking.set_targets({v4()});
  ASSERT_TRUE(eventually([&] { return rounds() >= 2; }));
  asking.set_targets({});
  // A round that was under way may end.
  const int before = rounds();
  std::this_thread::sleep_for(600ms);
  EXPECT_LE(rounds(), before + 1);
}

TEST_F(PeerProbeTest, EndsAtOnceWhileItWaitsForAnAnswer) {
  std::optional<std::chrono::steady_clock::time_point> asked;
  {
    PeerProbe asking = probe({.period = 1ms, .deadline = 60s, .round = 1});
    asking.set_targets({{.peer = "x", .remote = addr("198.18.0.77"), .local = addr("198.18.0.1")}});
    ASSERT_TRUE(eventually([&] { return run("test \"$(wc -l </proc/net/raw)\" -gt 1") == 0; }));
    asked = std::chrono::steady_clock::now();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - *asked, 30s);
}

}  // namespace
}  // namespace fairlead::engine
