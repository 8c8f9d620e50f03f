#include "relay/udp_clients.h"

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <utility>

namespace fairlead::relay {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using ErrorCode = boost::system::error_code;

}  // namespace

UdpClients::UdpClients(asio::io_context& io, std::size_t most, std::chrono::seconds idle)
    : io_(io), most_(most), idle_(idle), timer_(io), buffer_(kLargestDatagram) {}

int UdpClients::find(const UdpClientKey& key) {
  const auto found = known_.find(key);
  if (found == known_.end()) return -1;
  touch(found->second);
  return (*found->second)->socket.native_handle();
}

void UdpClients::add(const UdpClientKey& key, UniqueFd socket, bool is_v4, Answer answer) {
  if (order_.size() >= most_) remove(order_.begin());
  auto client = std::make_shared<Client>(io_, key);
  ErrorCode failed;
  client->socket.assign(is_v4 ? udp::v4() : udp::v6(), socket.get(), failed);
  if (failed) return;
  (void)socket.release();
  client->answer = std::move(answer);
  client->used = Clock::now();
  known_[key] = order_.insert(order_.end(), client);
  wait(client);
  if (order_.size() == 1) watch();
}

void UdpClients::remove_door(DoorNumber door) {
  for (auto at = known_.lower_bound({.door = door, .peer = {}, .asked = {}});
       at != known_.end() && at->first.door == door;)
    remove((at++)->second);
}

void UdpClients::wait(const std::shared_ptr<Client>& client) {
  client->socket.async_wait(udp::socket::wait_read,
                            [self = shared_from_this(), client](ErrorCode failed) {
                              if (!failed) self->read(client);
                            });
}

// Errors are those that the container's host reported, such as "no such port": the next datagram
// may fare better.
void UdpClients::read(const std::shared_ptr<Client>& client) {
  for (int n = 0; n < kDatagramsAtOnce; ++n) {
    const ssize_t bytes =
        ::recv(client->socket.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (bytes < 0) continue;
    client->answer(Datagram(buffer_.data(), static_cast<std::size_t>(bytes)));
  }
  if (const auto found = known_.find(client->key); found != known_.end()) touch(found->second);
  wait(client);
}

void UdpClients::touch(Order::iterator at) {
  (*at)->used = Clock::now();
  order_.splice(order_.end(), order_, at);
}

void UdpClients::remove(Order::iterator at) {
  ErrorCode ignored;
  (*at)->socket.close(ignored);
  known_.erase((*at)->key);
  order_.erase(at);
}

// Until the first of them has been idle for too long; not at all while there is none.
void UdpClients::watch() {
  while (!order_.empty() && Clock::now() - order_.front()->used >= idle_) remove(order_.begin());
  if (order_.empty()) return;
  timer_.expires_at(order_.front()->used + idle_);
  timer_.async_wait([weak = weak_from_this()](ErrorCode failed) {
    const auto self = weak.lock();
    if (!failed && self) self->watch();
  });
}

}  // namespace fairlead::relay
