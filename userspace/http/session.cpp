#include "http/session.h"

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <string>
#include <utility>  // before Asio: Boost 1.74 forgets it with GCC 12

#include "http/files.h"

namespace fairlead::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;

// How long a client whose request was refused half-read may go on sending before it is cut off:
// closing a unix socket with unread bytes resets it, and the client would never see the answer.
constexpr std::chrono::seconds kDrain{2};

// Read at once, bytes: a call of Docker fits, but for one with hundreds of ports.
constexpr std::size_t kReadAhead = 16 << 10;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const std::shared_ptr<asio::io_context>& io, std::shared_ptr<const Listener> listener,
          const Limits& limits, std::shared_ptr<Sessions> sessions)
      : io_(io),
        socket_(*io),
        timer_(*io),
        listener_(std::move(listener)),
        limits_(limits),
        sessions_(std::move(sessions)) {}

  ~Session() {
    sessions_->open.erase(id_);
    if (sessions_->on_end) sessions_->on_end();
  }

  bool start(UniqueFd fd);

 private:
  enum class Phase { idle, reading, answering, writing, draining };

  void wait_for_request();
  void read_request();
  void on_request(ErrorCode failed);
  void answer();
  void reply(std::uint64_t serial, Response response, bool keep_alive);
  void refuse(unsigned status, std::string_view message);
  void drain();
  void arm(std::chrono::milliseconds after, void (Session::*on_expiry)());
  void close(bool now);

  void reading_took_too_long();
  void answer_took_too_long();
  void cut_off() { socket_.cancel(ignored_); }

  std::weak_ptr<asio::io_context> io_;
  asio::local::stream_protocol::socket socket_;
  asio::steady_timer timer_;
  std::shared_ptr<const Listener> listener_;
  const Limits& limits_;
  std::shared_ptr<Sessions> sessions_;
  std::uint64_t id_ = 0;
  Peer peer_;
  Phase phase_ = Phase::idle;
  std::uint64_t serial_ = 0;  // of the request under way: a late answer to an older one is dropped
  bool too_slow_ = false;
  bool keep_alive_ = false;
  std::vector<File> files_;  // that came with the request under way
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  beast::http::response<beast::http::string_body> response_;
  std::array<char, 4096> discarded_{};
  ErrorCode ignored_;
};

bool Session::start(UniqueFd fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
    peer_ = {.uid = credentials.uid, .pid = credentials.pid};

  ErrorCode failed;
  socket_.assign(asio::local::stream_protocol(), fd.get(), failed);
  if (failed) return false;
  static_cast<void>(fd.release());
  buffer_.reserve(kReadAhead);

  id_ = ++sessions_->next;
  sessions_->open[id_] = [weak = weak_from_this()](bool now) {
    if (auto self = weak.lock()) self->close(now);
  };
  wait_for_request();
  return true;
}

// An idle connection is never closed from this side: the client could be sending its next request
// in that moment, and Docker would repeat it with an empty body.
void Session::wait_for_request() {
  phase_ = Phase::idle;
  if (sessions_->stopping) return;
  if (buffer_.size() > 0) return read_request();
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](ErrorCode failed) {
    if (!failed) self->read_request();
  });
}

void Session::read_request() {
  phase_ = Phase::reading;
  files_ = listener_->root_only ? files_at_next_byte(socket_.native_handle()) : std::vector<File>();
  too_slow_ = false;
  parser_.emplace();
  parser_->body_limit(limits_.body);
  parser_->header_limit(limits_.header);
  arm(limits_.read, &Session::reading_took_too_long);
  beast::http::async_read(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode failed, std::size_t) { self->on_request(failed); });
}

void Session::reading_took_too_long() {
  too_slow_ = true;
  socket_.cancel(ignored_);
}

void Session::on_request(ErrorCode failed) {
  timer_.cancel();
  using beast::http::error;
  if (!failed) return answer();
  if (too_slow_) return refuse(408, "the request did not arrive in time");
  if (failed == error::body_limit)
    return refuse(413,
                  "the request body is larger than " + std::to_string(limits_.body) + " bytes");
  if (failed == error::header_limit)
    return refuse(431,
                  "the request header is larger than " + std::to_string(limits_.header) + " bytes");
  if (failed == error::end_of_stream || failed == error::partial_message) return;  // client left
  if (failed.category() == make_error_code(error::bad_method).category())
    return refuse(400, "not an HTTP/1.1 request: " + failed.message());
}

void Session::answer() {
  phase_ = Phase::answering;
  const std::uint64_t serial = ++serial_;
  keep_alive_ = parser_->keep_alive();
  auto message = parser_->release();
  if (listener_->root_only && peer_.uid != 0 && peer_.uid != ::geteuid())
    return refuse(403, "only root may ask here");

  Request request{.method = std::string(message.method_string()),
                  .target = std::string(message.target()),
                  .body = std::move(message.body()),
                  .peer = peer_,
                  .files = std::exchange(files_, {}),
                  .connection = listener_->root_only ? copy_of(socket_.native_handle()) : nullptr};
  arm(limits_.answer, &Session::answer_took_too_long);
  auto io = io_.lock();  // alive: we run on it
  listener_->handler(std::move(request), [io, serial, weak = weak_from_this()](Response response) {
    asio::post(*io, [serial, weak, response = std::move(response)]() mutable {
      if (auto self = weak.lock()) self->reply(serial, std::move(response), self->keep_alive_);
    });
  });
}

void Session::answer_took_too_long() {
  if (phase_ != Phase::answering) return;
  reply(serial_,
        {.status = 503,
         .body = listener_->error_body("no answer in time: the daemon is busy; see its log")},
        keep_alive_);
}

void Session::refuse(unsigned status, std::string_view message) {
  phase_ = Phase::answering;
  reply(++serial_, {.status = status, .body = listener_->error_body(message)},
        /*keep_alive=*/false);
}

void Session::reply(std::uint64_t serial, Response response, bool keep_alive) {
  if (phase_ != Phase::answering || serial != serial_) return;
  phase_ = Phase::writing;
  keep_alive_ = keep_alive && !sessions_->stopping;
  response_ = {};
  response_.version(11);
  response_.result(response.status);
  response_.set(beast::http::field::content_type, response.content_type);
  response_.keep_alive(keep_alive_);
  response_.body() = std::move(response.body);
  response_.prepare_payload();
  arm(limits_.read, &Session::cut_off);
  beast::http::async_write(socket_, response_,
                           [self = shared_from_this()](ErrorCode failed, std::size_t) {
                             self->timer_.cancel();
                             if (failed) return;
                             if (self->keep_alive_ && !self->sessions_->stopping)
                               return self->wait_for_request();
                             self->drain();
                           });
}

void Session::drain() {
  if (phase_ != Phase::draining) {
    phase_ = Phase::draining;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored_);
    arm(kDrain, &Session::cut_off);
  }
  socket_.async_read_some(asio::buffer(discarded_),
                          [self = shared_from_this()](ErrorCode failed, std::size_t) {
                            if (failed) {
                              self->timer_.cancel();
                            } else {
                              self->drain();
                            }
                          });
}

// The timer's own handler keeps a connection alive while nothing else does (answering).
void Session::arm(std::chrono::milliseconds after, void (Session::*on_expiry)()) {
  timer_.expires_after(after);
  timer_.async_wait([self = shared_from_this(), on_expiry](ErrorCode failed) {
    if (!failed) ((*self).*on_expiry)();
  });
}

void Session::close(bool now) {
  if (!now && phase_ != Phase::idle) return;
  phase_ = Phase::draining;
  timer_.cancel();
  socket_.close(ignored_);
}

}  // namespace

void serve(const std::shared_ptr<asio::io_context>& io, UniqueFd fd,
           std::shared_ptr<const Listener> listener, const Limits& limits,
           std::shared_ptr<Sessions> sessions) {
  auto session = std::make_shared<Session>(io, std::move(listener), limits, std::move(sessions));
  session->start(std::move(fd));
}

}  // namespace fairlead::http
