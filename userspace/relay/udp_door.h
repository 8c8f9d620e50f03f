// A host port that takes datagrams. Internal; the relay's thread only.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <vector>

#include "relay/relay.h"
#include "relay/socket_name.h"
#include "relay/udp_clients.h"

namespace fairlead::relay {

class UdpDoor : public std::enable_shared_from_this<UdpDoor> {
 public:
  // The socket tells where each datagram was sent to (ask_for_destinations). `buffer` holds one
  // datagram and is shared by all doors.
  UdpDoor(boost::asio::io_context& io, DoorNumber number, Door door,
          std::shared_ptr<UdpClients> clients, std::shared_ptr<std::vector<char>> buffer);

  void start();
  void close();

 private:
  void wait();
  void read();
  void pass_on(const RawName& peer, const SocketName& asked, Datagram datagram);
  void answer(const RawName& peer, const SocketName& asked, Datagram datagram);

  DoorNumber number_;
  std::optional<Place> v4_;
  std::optional<Place> v6_;
  bool is_v4_;
  boost::asio::ip::udp::socket socket_;
  std::shared_ptr<UdpClients> clients_;
  std::shared_ptr<std::vector<char>> buffer_;
};

// So that recvmsg() says where a datagram was sent to. Error: what the kernel said.
Status ask_for_destinations(int socket);

}  // namespace fairlead::relay
