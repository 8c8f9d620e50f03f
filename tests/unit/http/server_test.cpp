#include "http/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <vector>

#include "base/work_queue.h"
#include "http/client.h"
#include "http/socket.h"
#include "raw_client.h"
#include "temp_dir.h"

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;

std::string contents(const std::vector<File>& files) {
  std::string out;
  for (const File& file : files) {
    char text[16];
    const auto size = ::pread(file->get(), text, sizeof(text), 0);
    out += "[" + std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0) + "]";
  }
  return out;
}

// Answers from another thread, as the daemon does.
class ServerTest : public testing::Test {
 protected:
  void start(Limits limits, bool root_only = false) {
    auto fd = listen_unix(path_);
    ASSERT_TRUE(fd) << fd.error().message();
    server_.emplace(std::move(Server::create(limits).value()));
    server_->add(
        {.fd = std::move(*fd),
         .unlink_path = path_,
         .root_only = root_only,
         .handler =
             [this](Request request, Respond respond) {
               ++requests_;
               queue_.post([request = std::move(request), respond = std::move(respond)] {
                 if (request.target == "/never") return;
                 if (request.target == "/slow") std::this_thread::sleep_for(200ms);
                 if (request.target == "/files") return respond({.body = contents(request.files)});
                 respond({.body = request.method + " " + request.target + " " + request.body});
               });
             },
         .error_body = [](std::string_view text) { return "error: " + std::string(text); }});
    server_->start();
  }

  TempDir dir_;
  std::string path_ = dir_ / "x.sock";
  std::atomic<int> requests_ = 0;
  WorkQueue queue_;
  std::optional<Server> server_;
};

std::size_t open_files() {
  return static_cast<std::size_t>(
      std::ranges::distance(std::filesystem::directory_iterator("/proc/self/fd")));
}

TEST_F(ServerTest, FilesComeWithTheRequestToARootOnlyListener) {
  start({}, /*root_only=*/true);
  const std::string path = dir_ / "file";
  std::ofstream(path) << "here";
  const File file = std::make_shared<const UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const Request request{.method = "POST", .target = "/files", .body = "{}", .files = {file, file}};
  ASSERT_EQ(call(path_, request, 5s).value().body, "[here][here]");
  const std::size_t before = open_files();

  for (int n = 0; n < 20; ++n) ASSERT_EQ(call(path_, request, 5s).value().body, "[here][here]");

  EXPECT_LE(open_files(), before + 1) << "none is kept, but for the last connection's own";
}

TEST_F(ServerTest, WhoHasHungUpIsKnownWhoWaitsHasNot) {
  std::atomic<int> left = -1;
  auto fd = listen_unix(path_);
  server_.emplace(std::move(Server::create({}).value()));
  server_->add({.fd = std::move(*fd),
                .unlink_path = path_,
                .root_only = true,
                .handler =
                    [&](Request request, Respond respond) {
                      queue_.post([&, request = std::move(request), respond = std::move(respond)] {
                        std::this_thread::sleep_for(100ms);
                        left = has_hung_up(request) ? 1 : 0;
                        respond({});
                      });
                    },
                .error_body = [](std::string_view text) { return std::string(text); }});
  server_->start();
  ASSERT_TRUE(call(path_, {}, 5s));
  EXPECT_EQ(left, 0);
  left = -1;

  EXPECT_FALSE(call(path_, {}, 10ms));

  while (left < 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(left, 1);
}

TEST_F(ServerTest, FilesAreNotTakenWhereAnybodyMayAsk) {
  start({});
  const File file = std::make_shared<const UniqueFd>(::open("/dev/null", O_RDONLY | O_CLOEXEC));

  EXPECT_EQ(call(path_, {.target = "/files", .files = {file}}, 5s).value().body, "");
}

TEST_F(ServerTest, AnswersAPostWithoutContentTypeAndWithAnEmptyHost) {
  start({});
  RawClient client(path_);

  client.send("POST /Plugin.Activate HTTP/1.1\r\nHost: \r\nContent-Length: 2\r\n\r\n{}");

  const std::string got = client.receive("Activate {}");
  EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
  EXPECT_NE(got.find("POST /Plugin.Activate {}"), std::string::npos) << got;
}

TEST_F(ServerTest, AnswersWithoutAnyHostHeader) {
  start({});
  RawClient client(path_);

  client.send("POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n");

  EXPECT_NE(client.receive("POST /a ").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, KeepsTheConnectionForFurtherRequests) {
  start({});
  RawClient client(path_);

  for (const char* target : {"/one", "/two", "/three"}) {
    client.send("POST " + std::string(target) + " HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n");
    EXPECT_NE(client.receive(target).find("200 OK"), std::string::npos) << target;
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start({});
  RawClient client(path_);

  client.send(
      "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /second HTTP/1.1\r\nHost: x\r\n\r\n");

  const std::string got = client.receive("GET /second");
  EXPECT_LT(got.find("GET /slow"), got.find("GET /second")) << got;
}

TEST_F(ServerTest, ReadsChunkedBodiesAndBytesThatComeOneByOne) {
  start({});
  RawClient client(path_);

  for (const char c : std::string_view("POST /c HTTP/1.1\r\nTransfer-Encoding: "
                                       "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    client.send({&c, 1});

  EXPECT_NE(client.receive("POST /c abcde").find("POST /c abcde"), std::string::npos);
}

TEST_F(ServerTest, ClosesWhenTheClientAsksForIt) {
  start({});
  RawClient client(path_);

  client.send("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");

  EXPECT_NE(client.receive("GET /x ").find("200 OK"), std::string::npos);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(ServerTest, BodyOverTheLimitIsRefusedAndNeverReachesTheHandler) {
  start({.body = 1000});
  RawClient client(path_);

  client.send("POST /x HTTP/1.1\r\nContent-Length: 500000\r\n\r\n" + std::string(500000, 'x'));

  const std::string got = client.receive("1000 bytes");
  EXPECT_NE(got.find("413 "), std::string::npos) << got;
  EXPECT_NE(got.find("error: the request body is larger than 1000 bytes"), std::string::npos);
  EXPECT_EQ(requests_, 0);
}

TEST_F(ServerTest, HeaderOverTheLimitIsRefused) {
  start({.header = 1000});
  RawClient client(path_);

  client.send("GET / HTTP/1.1\r\nX-Long: " + std::string(5000, 'x') + "\r\n\r\n");

  EXPECT_NE(client.receive("1000 bytes").find("431 "), std::string::npos);
}

TEST_F(ServerTest, WhatIsNotHttpIsRefused) {
  start({});
  RawClient client(path_);

  client.send("\x16\x03\x01 hello\r\n\r\n");

  EXPECT_NE(client.receive("not an HTTP").find("400 "), std::string::npos);
  EXPECT_EQ(requests_, 0);
}

TEST_F(ServerTest, RequestThatBreaksOffHalfWayNeverReachesTheHandler) {
  start({});
  { RawClient(path_).send("POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc"); }
  RawClient other(path_);

  other.send("GET /y HTTP/1.1\r\n\r\n");

  EXPECT_NE(other.receive("GET /y").find("200 OK"), std::string::npos);
  EXPECT_EQ(requests_, 1);
}

TEST_F(ServerTest, SlowRequestGetsAnErrorAndTheServerGoesOn) {
  start({.read = 100ms});
  RawClient slow(path_);
  slow.send("POST /x HTTP/1.1\r\nContent-Len");

  EXPECT_NE(slow.receive("in time").find("408 "), std::string::npos);
  EXPECT_TRUE(call(path_, {.target = "/after"}, 5s));
}

TEST_F(ServerTest, HandlerThatNeverAnswersEndsInAnErrorNotInSilence) {
  start({.answer = 100ms});

  const auto answer = call(path_, {.target = "/never"}, 5s);

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 503U);
  EXPECT_NE(answer->body.find("no answer in time"), std::string::npos);
}

TEST_F(ServerTest, AnswerThatComesTooLateIsNotTakenForTheNextRequests) {
  start({.answer = 50ms});
  RawClient client(path_);
  client.send("GET /slow HTTP/1.1\r\n\r\n");
  ASSERT_NE(client.receive("no answer in time").find("503 "), std::string::npos);
  std::this_thread::sleep_for(300ms);  // the late answer is given meanwhile

  client.send("GET /next HTTP/1.1\r\n\r\n");

  const std::string got = client.receive("GET /next");
  EXPECT_EQ(got.find("GET /slow"), std::string::npos) << got;
}

TEST_F(ServerTest, FiftyIdleConnectionsDoNotHoldUpAnother) {
  start({});
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 50; ++i) {
    idle.push_back(std::make_unique<RawClient>(path_));
    idle.back()->send("GET /i HTTP/1.1\r\n\r\n");
    ASSERT_NE(idle.back()->receive("GET /i").find("200 OK"), std::string::npos);
  }

  EXPECT_TRUE(call(path_, {.target = "/x"}, 5s));
}

TEST_F(ServerTest, ConnectionsOverTheLimitWaitForRoom) {
  start({.connections = 2});
  auto first = std::make_unique<RawClient>(path_);
  const RawClient second(path_);
  RawClient third(path_);
  third.send("GET /third HTTP/1.1\r\n\r\n");
  EXPECT_EQ(third.receive("GET /third", 200ms), "");

  first.reset();

  EXPECT_NE(third.receive("GET /third").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, ParallelRequestsAllGetTheirOwnAnswer) {
  start({});
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([&, i] {
      for (int j = 0; j < 20; ++j) {
        const std::string body = std::to_string(i * 1000 + j);
        const auto answer = call(path_, {.method = "POST", .target = "/p", .body = body}, 10s);
        if (answer && answer->body == "POST /p " + body) ++right;
      }
    });
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(right, 16 * 20);
}

TEST_F(ServerTest, StopLetsTheRequestUnderWayFinishClosesIdleOnesAndRemovesTheFile) {
  start({});
  RawClient idle(path_);
  RawClient busy(path_);
  busy.send("GET /slow HTTP/1.1\r\n\r\n");
  while (requests_ == 0) std::this_thread::sleep_for(1ms);

  server_->stop(5s);

  EXPECT_NE(busy.receive("GET /slow").find("200 OK"), std::string::npos);
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ServerTest, StopWaitsNoLongerThanItsGrace) {
  start({});
  RawClient busy(path_);
  busy.send("GET /never HTTP/1.1\r\n\r\n");
  while (requests_ == 0) std::this_thread::sleep_for(1ms);

  server_->stop(50ms);  // hangs here, until the answer's limit of 10 s, if grace is not kept

  EXPECT_TRUE(busy.closed_by_server());
}

TEST_F(ServerTest, RootOnlyDoorLetsTheDaemonsOwnUserIn) {
  start({}, /*root_only=*/true);

  const auto answer = call(path_, {.target = "/x"}, 5s);

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200U);
}

TEST_F(ServerTest, RootOnlyDoorRefusesEverybodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  start({}, /*root_only=*/true);
  ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    RawClient client(path_);
    client.send("GET /x HTTP/1.1\r\n\r\n");
    ::_exit(client.receive("only root").find("403 ") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);

  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(requests_, 0);
}

}  // namespace
}  // namespace fairlead::http
