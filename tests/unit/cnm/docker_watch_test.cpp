#include "cnm/docker_watch.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <optional>
#include <thread>

#include "http/server.h"
#include "http/socket.h"
#include "tests/support/memory_etcd.h"
#include "tests/unit/engine/engine_fixture.h"
#include "tests/unit/http/temp_dir.h"

namespace fairlead::cnm {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

// Docker's API as a test wants it, and what was asked of it.
class ScriptedDocker {
 public:
  using Script = std::function<http::Response(const http::Request&)>;
  struct Asked {
    std::string what;  // "POST /networks/create"
    std::string body;
    SteadyClock::time_point when;
  };

  explicit ScriptedDocker(std::string path) : path_(std::move(path)) {}

  void start(Script script) {
    script_ = std::move(script);
    server_.add({.fd = http::listen_unix(path_).value(),
                 .unlink_path = path_,
                 .handler =
                     [this](http::Request request, http::Respond respond) {
                       const std::lock_guard lock(mutex_);
                       asked_.push_back({.what = request.method + " " + request.target,
                                         .body = request.body,
                                         .when = SteadyClock::now()});
                       respond(script_(request));
                     },
                 .error_body = [](std::string_view) { return std::string(); }});
    server_.start();
  }

  std::vector<Asked> asked(const std::string& what) {
    const std::lock_guard lock(mutex_);
    std::vector<Asked> out;
    for (const Asked& each : asked_)
      if (each.what == what) out.push_back(each);
    return out;
  }
  std::size_t count(const std::string& what) { return asked(what).size(); }

 private:
  std::string path_;
  Script script_;
  std::mutex mutex_;
  std::vector<Asked> asked_;
  http::Server server_ = http::Server::create().value();
};

class DockerWatchTest : public test::EngineTest {
 protected:
  static constexpr const char* kCreate = "POST /networks/create";

  // Never asks by itself.
  DockerWatch::Settings settings() const {
    return {.socket = path_,
            .period = 1h,
            .after_activation = 1h,
            .after_name = 1h,
            .deadline = 5s,
            .first_retry = 30ms,
            .last_retry = 90ms};
  }

  void TearDown() override { watch_.reset(); }

  void on_engine(const std::function<void()>& task) {
    std::promise<void> done;
    queue_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  bool eventually(const std::function<bool()>& condition) {
    const auto end = SteadyClock::now() + 10s;
    while (SteadyClock::now() < end) {
      bool is_so = false;
      on_engine([&] { is_so = condition(); });
      if (is_so) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  // A network of the cluster that this host does not have.
  void with_shared_network() {
    cluster::Settings in;
    in.node = "h1";
    cluster::RegistrySettings limits;
    limits.node = "h1";
    engine.cluster =
        std::make_unique<engine::Membership>(in, cluster::Layout::create("default").value(),
                                             std::make_unique<test::MemoryEtcd>(), limits);
    engine.cluster->introduced = true;
    engine.cluster->view.networks["abc"] = {
        .id = "abc",
        .name = "web",
        .v4 = Subnet{.pool = test::prefix("192.0.2.0/24"), .gateway = test::addr("192.0.2.1")}};
  }

  std::string problem() {
    std::string out;
    on_engine([&] {
      for (const auto& [subject, text] : engine.state.shared_problems) out += text;
    });
    return out;
  }

  TempDir dir_;
  std::string path_ = dir_ / "docker.sock";
  ScriptedDocker docker_{path_};
  WorkQueue queue_;
  std::optional<DockerWatch> watch_;
};

TEST_F(DockerWatchTest, NameOfANewNetworkIsAskedForUntilDockerListsIt) {
  with_network();
  int lists = 0;
  docker_.start([&](const http::Request&) {
    const std::string network =
        R"({"Id":")" + std::string(kNetwork) + R"(","Name":"web","Driver":"fairlead"})";
    return http::Response{.body = "[" + (++lists < 3 ? "" : network) + "]"};
  });
  watch_.emplace(settings(), engine, queue_);
  const auto begin = SteadyClock::now();

  watch_->named();

  ASSERT_TRUE(eventually([&] { return engine.state.network_names.contains(kNetwork); }));
  EXPECT_EQ(engine.state.network_names.at(kNetwork), "web");
  EXPECT_LT(SteadyClock::now() - begin, 1s) << "the other hosts wait for it";
  EXPECT_EQ(docker_.count("GET /networks"), 3U);
}

TEST_F(DockerWatchTest, QuickQuestionsLeaveContainersAndOrphansAlone) {
  with_endpoint();
  docker_.start([&](const http::Request&) { return http::Response{.body = "[]"}; });
  watch_.emplace(settings(), engine, queue_);

  watch_->named();

  ASSERT_TRUE(eventually([&] { return docker_.count("GET /networks") == 5; }))
      << "then it gives up";
  EXPECT_TRUE(eventually([&] { return engine.state.missing_since.empty(); }));
}

TEST_F(DockerWatchTest, MirrorMakesTheClustersNetwork) {
  with_shared_network();
  docker_.start([](const http::Request&) { return http::Response{.status = 201, .body = "{}"}; });
  watch_.emplace(settings(), engine, queue_);

  watch_->mirror();

  ASSERT_TRUE(eventually([&] { return docker_.count(kCreate) == 1; }));
  const std::string body = docker_.asked(kCreate).at(0).body;
  EXPECT_NE(body.find(R"("Name":"web")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("Subnet":"192.0.2.0/24")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("fairlead.network":"abc")"), std::string::npos) << body;
  EXPECT_EQ(problem(), "");
}

TEST_F(DockerWatchTest, MirrorRemovesWhatTheClusterHasNoLonger) {
  with_network();
  with_shared_network();
  engine.cluster->view.networks.clear();
  engine.state.networks.at(kNetwork).shared = "gone";
  const std::string wanted = "DELETE /networks/" + std::string(kNetwork);
  docker_.start([](const http::Request&) { return http::Response{.status = 204}; });
  watch_.emplace(settings(), engine, queue_);

  watch_->mirror();

  EXPECT_TRUE(eventually([&] { return docker_.count(wanted) == 1; }));
  EXPECT_EQ(problem(), "");
}

TEST_F(DockerWatchTest, NetworkInUseIsLeftAndSaidInDockersWords) {
  with_network();
  with_shared_network();
  engine.cluster->view.networks.clear();
  engine.state.networks.at(kNetwork).shared = "gone";
  docker_.start([](const http::Request&) {
    return http::Response{.status = 403, .body = R"({"message":"has active endpoints"})"};
  });
  watch_.emplace(settings(), engine, queue_);

  watch_->mirror();

  EXPECT_TRUE(eventually([&] { return !engine.state.shared_problems.empty(); }));
  EXPECT_NE(problem().find("has active endpoints"), std::string::npos) << problem();
}

TEST_F(DockerWatchTest, TakenNameIsAProblemUntilItIsFreeWithGrowingPauses) {
  with_shared_network();
  std::atomic<int> refusals = 3;
  docker_.start([&](const http::Request&) {
    return http::Response{.status = refusals-- > 0 ? 409U : 201U, .body = "{}"};
  });
  auto with = settings();
  watch_.emplace(with, engine, queue_);
  std::string seen;

  watch_->mirror();

  ASSERT_TRUE(eventually([&] {
    if (!engine.state.shared_problems.empty()) seen = engine.state.shared_problems.begin()->second;
    return refusals < 0 && engine.state.shared_problems.empty();
  }));
  EXPECT_NE(seen.find("another network web"), std::string::npos) << seen;
  const auto tries = docker_.asked(kCreate);
  ASSERT_EQ(tries.size(), 4U);
  EXPECT_GE(tries[1].when - tries[0].when, 30ms);
  EXPECT_GE(tries[2].when - tries[1].when, 60ms);
  EXPECT_GE(tries[3].when - tries[2].when, 90ms) << "the longest";
}

TEST_F(DockerWatchTest, NewsDoNotWaitForThePause) {
  with_shared_network();
  std::atomic<unsigned> status = 409;
  docker_.start(
      [&](const http::Request&) { return http::Response{.status = status, .body = "{}"}; });
  auto with = settings();
  with.first_retry = with.last_retry = 1h;
  watch_.emplace(with, engine, queue_);
  watch_->mirror();
  ASSERT_TRUE(eventually([&] { return !engine.state.shared_problems.empty(); }));

  status = 201;
  watch_->mirror();

  EXPECT_TRUE(eventually([&] { return engine.state.shared_problems.empty(); }));
}

TEST_F(DockerWatchTest, DockerThatIsAwayIsNoProblemAndIsTriedAgain) {
  with_shared_network();
  watch_.emplace(settings(), engine, queue_);
  watch_->mirror();
  std::this_thread::sleep_for(50ms);  // long enough for an attempt or two
  EXPECT_EQ(problem(), "");

  docker_.start([](const http::Request&) { return http::Response{.status = 201, .body = "{}"}; });

  EXPECT_TRUE(eventually([&] { return docker_.count(kCreate) == 1; }));
  EXPECT_EQ(problem(), "");
}

TEST_F(DockerWatchTest, DockerThatComesBackGetsTheClustersNetworks) {
  with_shared_network();
  docker_.start([](const http::Request& request) {
    if (request.method == "GET") return http::Response{.body = "[]"};
    return http::Response{.status = 201, .body = "{}"};
  });
  auto with = settings();
  with.after_activation = 0s;
  watch_.emplace(with, engine, queue_);

  EXPECT_TRUE(eventually([&] { return docker_.count(kCreate) == 1; }));
}

TEST_F(DockerWatchTest, WithoutASocketNothingIsAsked) {
  with_shared_network();
  docker_.start([](const http::Request&) { return http::Response{.body = "[]"}; });
  auto with = settings();
  with.socket = "";
  watch_.emplace(with, engine, queue_);

  watch_->mirror();
  watch_->named();
  watch_->activated();
  watch_.reset();

  EXPECT_EQ(docker_.count("GET /networks"), 0U);
  EXPECT_EQ(docker_.count(kCreate), 0U);
}

}  // namespace
}  // namespace fairlead::cnm
