#include "http/client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <sstream>
#include <utility>  // before Asio: Boost 1.74 forgets it with GCC 12

#include "http/files.h"

namespace fairlead::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr std::size_t kAnswerLimit = 64 << 20;

class Exchange {
 public:
  Exchange(const std::string& path, TimePoint deadline) : path_(path), deadline_(deadline) {}

  Result<Response> run(const Request& request);

 private:
  // Runs what was started, until it is done or the deadline is over.
  Status finish(std::string_view what) {
    io_.restart();
    io_.run_until(deadline_);
    if (!io_.stopped()) {
      ErrorCode ignored;
      socket_.close(ignored);
      io_.run();
      return fail(Errc::unavailable, path_ + ": no answer in time");
    }
    if (failed_)
      return fail(Errc::unavailable, std::string(what) + " " + path_ + ": " + failed_.message());
    return {};
  }

  std::string path_;
  TimePoint deadline_;
  asio::io_context io_{1};
  asio::local::stream_protocol::socket socket_{io_};
  ErrorCode failed_;
};

Result<Response> Exchange::run(const Request& request) {
  socket_.async_connect({path_}, [this](ErrorCode failed) { failed_ = failed; });
  if (auto done = finish("connect to"); !done) return std::unexpected(std::move(done).error());

  beast::http::request<beast::http::string_body> message;
  message.method_string(request.method);
  message.target(request.target);
  message.set(beast::http::field::host, "localhost");
  message.keep_alive(false);
  if (!request.body.empty()) message.set(beast::http::field::content_type, "application/json");
  message.body() = request.body;
  message.prepare_payload();
  auto note = [this](ErrorCode failed, std::size_t) { failed_ = failed; };
  // The first byte goes with the files, and is what tells the server of them.
  std::ostringstream text;
  text << message;
  const std::string bytes = text.str();
  std::size_t sent = 0;
  if (!request.files.empty()) {
    auto first = send_with_files(socket_.native_handle(), bytes.substr(0, 1), request.files);
    if (!first) return fail(std::move(first).error(), path_);
    sent = 1;
  }
  asio::async_write(socket_, asio::buffer(bytes) + sent, note);
  if (auto done = finish("send to"); !done) return std::unexpected(std::move(done).error());

  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kAnswerLimit);
  beast::http::async_read(socket_, buffer, parser, note);
  if (auto done = finish("read from"); !done) return std::unexpected(std::move(done).error());

  auto answer = parser.release();
  return Response{.status = answer.result_int(),
                  .body = std::move(answer.body()),
                  .content_type = std::string(answer[beast::http::field::content_type])};
}

}  // namespace

Result<Response> call(const std::string& socket_path, const Request& request,
                      std::chrono::milliseconds deadline) {
  try {
    // Asio throws where the path does not fit into sun_path.
    return Exchange(socket_path, std::chrono::steady_clock::now() + deadline).run(request);
  } catch (const std::exception& error) {
    return fail(Errc::unavailable, socket_path + ": " + error.what());
  }
}

}  // namespace fairlead::http
