#include "http/server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <exception>
#include <list>
#include <thread>
#include <utility>  // before Asio: Boost 1.74 forgets it with GCC 12
#include <vector>

#include "base/log.h"
#include "http/session.h"

namespace fairlead::http {

namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// Out of file descriptors: wait for some to close instead of spinning.
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

class Server::Impl {
 public:
  explicit Impl(Limits limits)
      : limits_(limits),
        io_(std::make_shared<asio::io_context>(1)),
        sessions_(std::make_shared<Sessions>()) {
    sessions_->on_end = [this] { accept_again(); };
  }
  ~Impl() {
    stop(std::chrono::milliseconds(0));
    sessions_->on_end = nullptr;
  }

  void add(Listener listener) {
    doors_.emplace_back(*io_, std::make_shared<const Listener>(std::move(listener)));
  }

  void start() {
    for (Door& door : doors_) wait(door);
    thread_ = std::thread([this] { run(); });
  }

  void stop(std::chrono::milliseconds grace);

 private:
  // A listening socket and, where it had to stop accepting, that it waits.
  struct Door {
    Door(asio::io_context& io, std::shared_ptr<const Listener> from)
        : listener(std::move(from)), acceptor(io), pause(io) {
      // The acceptor gets a duplicate: the Listener stays the owner of its own.
      ErrorCode ignored;
      const int copy = ::fcntl(listener->fd.get(), F_DUPFD_CLOEXEC, 0);
      if (copy >= 0) acceptor.assign(asio::local::stream_protocol(), copy, ignored);
    }
    std::shared_ptr<const Listener> listener;
    asio::local::stream_protocol::acceptor acceptor;
    asio::steady_timer pause;
    bool waiting_for_room = false;
  };

  void run();
  void wait(Door& door);
  void accept(Door& door);
  void accept_again();
  void close_doors();
  static void close_sessions(Sessions& sessions, bool now);

  Limits limits_;
  std::shared_ptr<asio::io_context> io_;
  std::shared_ptr<Sessions> sessions_;
  std::list<Door> doors_;
  std::thread thread_;
};

void Server::Impl::run() {
  try {
    io_->run();
  } catch (const std::exception& error) {
    // Only memory can run out here; without its door the daemon is of no use.
    log::event(log::Level::error, "http_server_failed", {{"error", error.what()}});
    std::terminate();
  }
}

void Server::Impl::wait(Door& door) {
  door.acceptor.async_wait(asio::socket_base::wait_read, [this, &door](ErrorCode failed) {
    if (!failed) accept(door);
  });
}

void Server::Impl::accept(Door& door) {
  if (sessions_->stopping) return;
  if (sessions_->open.size() >= limits_.connections) {
    door.waiting_for_room = true;
    return;
  }
  // Not Asio's accept: it does not set close-on-exec.
  const int fd = ::accept4(door.acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    serve(io_, UniqueFd(fd), door.listener, limits_, sessions_);
  } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
    log::event(log::Level::error, "http_accept_failed", {{"error", ::strerror(errno)}});
    door.pause.expires_after(kAcceptPause);
    door.pause.async_wait([this, &door](ErrorCode failed) {
      if (!failed) wait(door);
    });
    return;
  }
  wait(door);
}

void Server::Impl::accept_again() {
  if (sessions_->stopping) return;
  for (Door& door : doors_)
    if (std::exchange(door.waiting_for_room, false)) wait(door);
}

void Server::Impl::close_doors() {
  ErrorCode ignored;
  for (Door& door : doors_) {
    door.acceptor.close(ignored);
    door.pause.cancel();
    if (!door.listener->unlink_path.empty()) ::unlink(door.listener->unlink_path.c_str());
  }
}

void Server::Impl::close_sessions(Sessions& sessions, bool now) {
  // A copy: a connection that closes leaves the map.
  auto open = sessions.open;
  for (auto& [id, close] : open) close(now);
}

void Server::Impl::stop(std::chrono::milliseconds grace) {
  if (!thread_.joinable()) {
    close_doors();
    doors_.clear();
    return;
  }
  auto last_call = std::make_shared<asio::steady_timer>(*io_);
  asio::post(*io_, [this, grace, last_call] {
    sessions_->stopping = true;
    close_doors();
    close_sessions(*sessions_, /*now=*/false);
    // The loop ends by itself when the last connection is gone; this timer must not hold it up.
    last_call->expires_after(grace);
    sessions_->on_end = [this, last_call] {
      if (sessions_->open.empty()) last_call->cancel();
    };
    if (sessions_->open.empty()) return;
    last_call->async_wait([this, last_call](ErrorCode failed) {
      if (!failed) close_sessions(*sessions_, /*now=*/true);
    });
  });
  thread_.join();
  sessions_->on_end = nullptr;
  doors_.clear();
}

Result<Server> Server::create(Limits limits) {
  try {
    return Server(std::make_unique<Impl>(limits));
  } catch (const std::exception& error) {
    return fail(Errc::unavailable, std::string("start the HTTP server: ") + error.what());
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

void Server::add(Listener listener) { impl_->add(std::move(listener)); }
void Server::start() { impl_->start(); }
void Server::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

}  // namespace fairlead::http
