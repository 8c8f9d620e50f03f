// Calls that wait for another host: Plugin repeats them.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>

#include "cnm/plugin.h"
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::cnm {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

// Has another host asked for each of the next few changes.
class AskingStore final : public store::Store {
 public:
  Result<store::Snapshot> load() override { return memory_.load(); }
  Status apply(const std::vector<store::Change>& changes) override {
    ++attempts;
    if (answers_missing == 0) return memory_.apply(changes);
    --answers_missing;
    return fail(Errc::busy, "host h2 was asked");
  }

  std::atomic<int> attempts = 0;
  std::atomic<int> answers_missing = 0;

 private:
  test::MemoryStore memory_;
};

class WaitingCallTest : public testing::Test {
 protected:
  WaitingCallTest() { engine_.state.host_device = links_.host; }

  std::future<http::Response> start() {
    auto answer = std::make_shared<std::promise<http::Response>>();
    plugin_->handle({.method = "POST",
                     .target = "/IpamDriver.RequestPool",
                     .body = R"({"AddressSpace":"local","Pool":"192.0.2.0/24"})"},
                    [answer](http::Response response) { answer->set_value(std::move(response)); });
    return answer->get_future();
  }

  AskingStore store_;
  test::FakeLinks links_;
  test::FakeDatapath datapath_;
  test::FakeClock clock_;
  ipam::Ipam ipam_{{}};
  engine::HostPorts host_ports_;
  engine::Engine engine_{.settings = {},
                         .ipam = ipam_,
                         .links = links_,
                         .datapath = datapath_,
                         .store = store_,
                         .host_ports = host_ports_,
                         .clock = clock_,
                         .state = {}};
  WorkQueue queue_;
  std::optional<Plugin> plugin_{std::in_place, engine_, queue_, nullptr, nullptr};
};

TEST_F(WaitingCallTest, IsRepeatedUntilTheOtherHostHasAnswered) {
  store_.answers_missing = 3;

  const auto answer = start().get();

  EXPECT_NE(answer.body.find(R"("Pool":"192.0.2.0/24")"), std::string::npos) << answer.body;
  EXPECT_EQ(store_.attempts, 4);
}

TEST_F(WaitingCallTest, LeavesTheEngineFreeForOthers) {
  store_.answers_missing = 1'000'000;
  auto answer = start();
  std::promise<void> other;

  queue_.post([&] { other.set_value(); });

  EXPECT_EQ(other.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_NE(answer.wait_for(0s), std::future_status::ready);
  store_.answers_missing = 0;
  EXPECT_EQ(answer.get().body.find("\"Err\""), std::string::npos);
}

TEST_F(WaitingCallTest, IsAnsweredWithTheReasonAfterAFewSeconds) {
  store_.answers_missing = 1'000'000;
  const auto begin = SteadyClock::now();

  const auto answer = start().get();

  EXPECT_NE(answer.body.find("host h2 was asked"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("\"Err\""), std::string::npos) << answer.body;
  EXPECT_GE(SteadyClock::now() - begin, 2900ms);
  EXPECT_LT(SteadyClock::now() - begin, 8s) << "Docker waits no longer";
  EXPECT_LT(store_.attempts, 200) << "pauses grow";
}

TEST_F(WaitingCallTest, EndsWithThePlugin) {
  store_.answers_missing = 1'000'000;
  auto answer = start();
  while (store_.attempts < 2) std::this_thread::sleep_for(1ms);

  plugin_.reset();

  const int attempts = store_.attempts;
  EXPECT_THROW(answer.get(), std::future_error) << "nobody answers it";
  std::this_thread::sleep_for(100ms);  // longer than the longest pause
  EXPECT_EQ(store_.attempts, attempts);
}

}  // namespace
}  // namespace fairlead::cnm
