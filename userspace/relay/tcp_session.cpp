#include "relay/tcp_session.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>

namespace fairlead::relay {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

void adopt(tcp::socket& socket, UniqueFd fd, bool is_v4) {
  ErrorCode failed;
  socket.assign(is_v4 ? tcp::v4() : tcp::v6(), fd.get(), failed);
  if (!failed) (void)fd.release();
  // A side that vanished without a word must not hold the connection for ever; and what is passed
  // on must not wait for more.
  socket.set_option(asio::socket_base::keep_alive(true), failed);
  socket.set_option(tcp::no_delay(true), failed);
}

void abort(tcp::socket& socket) {
  ErrorCode ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

TcpSession::TcpSession(asio::io_context& io, UniqueFd client, bool client_is_v4, UniqueFd container,
                       bool container_is_v4, std::function<void()> on_end)
    : client_(io), container_(io), on_end_(std::move(on_end)) {
  adopt(client_, std::move(client), client_is_v4);
  adopt(container_, std::move(container), container_is_v4);
}

TcpSession::~TcpSession() { on_end_(); }

void TcpSession::start() {
  container_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](ErrorCode failed) {
    if (!failed) self->on_connected();
  });
}

void TcpSession::on_connected() {
  int problem = 0;
  socklen_t size = sizeof problem;
  if (::getsockopt(container_.native_handle(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0 ||
      problem != 0)
    return reset();
  read(in_);
  read(out_);
}

void TcpSession::read(Way& way) {
  way.from.async_read_some(asio::buffer(way.buffer),
                           [self = shared_from_this(), &way](ErrorCode failed, std::size_t bytes) {
                             if (failed == asio::error::eof) return self->end(way);
                             if (failed) return self->reset();
                             self->write(way, bytes);
                           });
}

void TcpSession::write(Way& way, std::size_t bytes) {
  asio::async_write(way.to, asio::buffer(way.buffer, bytes),
                    [self = shared_from_this(), &way](ErrorCode failed, std::size_t) {
                      if (failed) return self->reset();
                      self->read(way);
                    });
}

// The other direction may go on.
void TcpSession::end(Way& way) {
  ErrorCode ignored;
  way.ended = true;
  way.to.shutdown(tcp::socket::shutdown_send, ignored);
  if (!in_.ended || !out_.ended) return;
  client_.close(ignored);
  container_.close(ignored);
}

void TcpSession::reset() {
  abort(client_);
  abort(container_);
}

}  // namespace fairlead::relay
