#include "http/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "http/socket.h"
#include "temp_dir.h"

namespace fairlead::http {
namespace {

using namespace std::chrono_literals;

// Accepts once, reads a little, says `answer` and closes.
std::jthread serve_once(int listener, std::string answer, std::string* heard = nullptr) {
  return std::jthread([listener, answer = std::move(answer), heard] {
    int raw = -1;
    while ((raw = ::accept(listener, nullptr, nullptr)) < 0 && errno == EAGAIN)
      std::this_thread::sleep_for(1ms);
    const UniqueFd fd(raw);
    char request[4096];
    const auto size = ::recv(fd.get(), request, sizeof(request), 0);
    if (heard != nullptr && size > 0) heard->assign(request, static_cast<std::size_t>(size));
    static_cast<void>(::send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
  });
}

TEST(Client, ReadsAChunkedAnswer) {
  const TempDir dir;
  const auto fd = listen_unix(dir / "x.sock");
  const auto server = serve_once(
      fd->get(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");

  const auto answer = call(dir / "x.sock", {.target = "/x"}, 5s);

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "abc");
}

// Docker's API refuses a body that does not say so.
TEST(Client, BodyIsSaidToBeJsonAndIsSentWhole) {
  const TempDir dir;
  const auto fd = listen_unix(dir / "x.sock");
  std::string heard;
  {
    const auto server =
        serve_once(fd->get(), "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", &heard);

    const auto answer =
        call(dir / "x.sock", {.method = "POST", .target = "/x", .body = R"({"a":1})"}, 5s);

    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 201U);
  }
  EXPECT_TRUE(heard.starts_with("POST /x HTTP/1.1\r\n")) << heard;
  EXPECT_NE(heard.find("Content-Type: application/json\r\n"), std::string::npos) << heard;
  EXPECT_NE(heard.find("Content-Length: 7\r\n"), std::string::npos) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\n{\"a\":1}")) << heard;
}

TEST(Client, RequestWithoutBodyNamesNoContentType) {
  const TempDir dir;
  const auto fd = listen_unix(dir / "x.sock");
  std::string heard;
  {
    const auto server = serve_once(fd->get(), "HTTP/1.1 204 No Content\r\n\r\n", &heard);

    EXPECT_TRUE(call(dir / "x.sock", {.method = "DELETE", .target = "/x"}, 5s));
  }
  EXPECT_TRUE(heard.starts_with("DELETE /x HTTP/1.1\r\n")) << heard;
  EXPECT_EQ(heard.find("Content-Type"), std::string::npos) << heard;
}

TEST(Client, SaysThatNobodyListens) {
  const TempDir dir;

  const auto answer = call(dir / "none.sock", {}, 5s);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Errc::unavailable);
  EXPECT_EQ(answer.error().message(),
            "connect to " + (dir / "none.sock") + ": No such file or directory");
}

TEST(Client, GivesUpAtItsDeadline) {
  const TempDir dir;
  const auto fd = listen_unix(dir / "x.sock");  // nobody ever accepts

  const auto answer = call(dir / "x.sock", {}, 100ms);

  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message().find("no answer in time"), std::string::npos);
}

TEST(Client, AnswerThatBreaksOffIsAnError) {
  const TempDir dir;
  const auto fd = listen_unix(dir / "x.sock");
  const auto server = serve_once(fd->get(), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");

  EXPECT_FALSE(call(dir / "x.sock", {}, 5s));
}

TEST(Client, PathTooLongIsAnErrorNotACrash) {
  EXPECT_FALSE(call("/tmp/" + std::string(300, 'x'), {}, 1s));
}

}  // namespace
}  // namespace fairlead::http
