#include "relay/tcp_door.h"

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "relay/socket_name.h"
#include "relay/tcp_session.h"

namespace fairlead::relay {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr int kAtOnce = 64;  // connections taken before other doors have their turn
// Out of file descriptors: wait for some to close instead of spinning.
constexpr std::chrono::milliseconds kPause{100};

// The peer sees "connection reset", not a connection that ends well.
void refuse(const UniqueFd& client) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool is_v4(int socket) {
  RawName here;
  return ::getsockname(socket, here.get(), &here.length) == 0 && here.storage.ss_family == AF_INET;
}

}  // namespace

TcpDoor::TcpDoor(asio::io_context& io, Door door, std::shared_ptr<TcpLoad> load)
    : io_(io),
      v4_(door.v4),
      v6_(door.v6),
      is_v4_(is_v4(door.socket.get())),
      acceptor_(io),
      pause_(io),
      load_(std::move(load)) {
  ErrorCode failed;
  acceptor_.assign(is_v4_ ? tcp::v4() : tcp::v6(), door.socket.get(), failed);
  if (!failed) (void)door.socket.release();
}

TcpDoor::~TcpDoor() = default;

void TcpDoor::start() { wait(); }

void TcpDoor::close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  for (const auto& [number, session] : std::exchange(sessions_, {}))
    if (const auto alive = session.lock()) alive->reset();
}

void TcpDoor::wait() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [self = shared_from_this()](ErrorCode failed) {
    if (!failed) self->accept();
  });
}

void TcpDoor::wait_for_descriptors() {
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](ErrorCode failed) {
    if (!failed) self->wait();
  });
}

void TcpDoor::accept() {
  for (int n = 0; n < kAtOnce; ++n) {
    // Not Asio's accept: it does not set close-on-exec.
    const int fd =
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      admit(UniqueFd(fd));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      log::event(log::Level::error, "relay_accept_failed", {{"error", ::strerror(errno)}});
      return wait_for_descriptors();
    } else if (errno != ECONNABORTED) {
      break;  // nobody is left
    }
  }
  wait();
}

void TcpDoor::admit(UniqueFd client) {
  RawName here;
  RawName peer;
  if (::getsockname(client.get(), here.get(), &here.length) != 0 ||
      ::getpeername(client.get(), peer.get(), &peer.length) != 0)
    return;
  const Address asked = parse(here).address;
  const auto& to = asked.family() == Family::v4 ? v4_ : v6_;
  if (!to || load_->connections >= load_->most || !is_own(parse(peer))) return refuse(client);
  auto container = connect_to(*to, SOCK_STREAM, asked);
  if (!container) return refuse(client);

  const std::uint64_t number = next_++;
  ++load_->connections;
  auto session = std::make_shared<TcpSession>(io_, std::move(client), is_v4_, std::move(*container),
                                              to->address.family() == Family::v4,
                                              [load = load_, number, weak = weak_from_this()] {
                                                --load->connections;
                                                if (const auto door = weak.lock())
                                                  door->sessions_.erase(number);
                                              });
  sessions_.emplace(number, session);
  session->start();
}

}  // namespace fairlead::relay
