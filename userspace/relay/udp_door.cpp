#include "relay/udp_door.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <optional>
#include <utility>

namespace fairlead::relay {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using ErrorCode = boost::system::error_code;

// Room for one in_pktinfo or in6_pktinfo.
struct Control {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(in6_pktinfo))]{};
};

bool is_v4(int socket) {
  RawName here;
  return ::getsockname(socket, here.get(), &here.length) == 0 && here.storage.ss_family == AF_INET;
}

Address from(const in_addr& address) {
  auto bytes = Address::any(Family::v4).bytes();
  std::memcpy(bytes.data() + 12, &address, sizeof address);
  return Address(bytes);
}

Address from(const in6_addr& address) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &address, bytes.size());
  return Address(bytes);
}

// Where the datagram was sent to; on a socket of both families, IPv4 is mapped here too.
std::optional<SocketName> destination(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      return SocketName{.address = from(info.ipi_addr)};
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      const Address address = from(info.ipi6_addr);
      return SocketName{.address = address,
                        .scope = address.is_link_local() ? info.ipi6_ifindex : 0};
    }
  }
  return std::nullopt;
}

// Makes a datagram leave from `source`.
void set_source(msghdr& message, Control& control, const SocketName& source, bool is_v4) {
  message.msg_control = control.bytes;
  message.msg_controllen = is_v4 ? CMSG_SPACE(sizeof(in_pktinfo)) : CMSG_SPACE(sizeof(in6_pktinfo));
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  if (is_v4) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, source.address.bytes().data() + 12, sizeof info.ipi_spec_dst);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(c), &info, sizeof info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, source.address.bytes().data(), sizeof info.ipi6_addr);
    info.ipi6_ifindex = source.scope;
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(c), &info, sizeof info);
  }
}

}  // namespace

Status ask_for_destinations(int socket) {
  const int on = 1;
  const bool v4 = is_v4(socket);
  if (::setsockopt(socket, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &on,
                   sizeof on) != 0)
    return fail_errno("ask where datagrams are sent to");
  return {};
}

UdpDoor::UdpDoor(asio::io_context& io, DoorNumber number, Door door,
                 std::shared_ptr<UdpClients> clients, std::shared_ptr<std::vector<char>> buffer)
    : number_(number),
      v4_(door.v4),
      v6_(door.v6),
      is_v4_(is_v4(door.socket.get())),
      socket_(io),
      clients_(std::move(clients)),
      buffer_(std::move(buffer)) {
  ErrorCode failed;
  socket_.assign(is_v4_ ? udp::v4() : udp::v6(), door.socket.get(), failed);
  if (!failed) (void)door.socket.release();
}

void UdpDoor::start() { wait(); }

void UdpDoor::close() {
  ErrorCode ignored;
  socket_.close(ignored);
  clients_->remove_door(number_);
}

void UdpDoor::wait() {
  socket_.async_wait(udp::socket::wait_read, [self = shared_from_this()](ErrorCode failed) {
    if (!failed) self->read();
  });
}

void UdpDoor::read() {
  for (int n = 0; n < kDatagramsAtOnce; ++n) {
    RawName peer;
    Control control;
    iovec part{.iov_base = buffer_->data(), .iov_len = buffer_->size()};
    msghdr message{};
    message.msg_name = peer.get();
    message.msg_namelen = peer.length;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    const ssize_t bytes = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (bytes < 0) continue;  // an answer that found nobody
    peer.length = message.msg_namelen;
    if (const auto asked = destination(message))
      pass_on(peer, *asked, Datagram(buffer_->data(), static_cast<std::size_t>(bytes)));
  }
  wait();
}

void UdpDoor::pass_on(const RawName& peer, const SocketName& asked, Datagram datagram) {
  const UdpClientKey key{.door = number_, .peer = parse(peer), .asked = asked};
  int out = clients_->find(key);
  if (out < 0) {
    const auto& to = asked.address.family() == Family::v4 ? v4_ : v6_;
    if (!to || !is_own(key.peer)) return;
    auto socket = connect_to(*to, SOCK_DGRAM, asked.address);
    if (!socket) return;
    out = socket->get();
    clients_->add(key, std::move(*socket), to->address.family() == Family::v4,
                  [weak = weak_from_this(), peer, asked](Datagram back) {
                    if (const auto self = weak.lock()) self->answer(peer, asked, back);
                  });
  }
  // Lost where a router would lose it too.
  (void)::send(out, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void UdpDoor::answer(const RawName& peer, const SocketName& asked, Datagram datagram) {
  RawName to = peer;
  Control control;
  iovec part{.iov_base = const_cast<char*>(datagram.data()), .iov_len = datagram.size()};
  msghdr message{};
  message.msg_name = to.get();
  message.msg_namelen = to.length;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  set_source(message, control, asked, is_v4_);
  (void)::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace fairlead::relay
