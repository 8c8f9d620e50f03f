// Who sends datagrams through the relay. Internal; the relay's thread only.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <compare>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "relay/relay.h"
#include "relay/socket_name.h"

namespace fairlead::relay {

// One socket of a client's that talks to one address of a door.
struct UdpClientKey {
  DoorNumber door = 0;
  SocketName peer;
  SocketName asked;  // port 0

  auto operator<=>(const UdpClientKey&) const = default;
};

using Datagram = std::span<const char>;

constexpr std::size_t kLargestDatagram = 65535;  // bytes
constexpr int kDatagramsAtOnce = 64;             // before others have their turn

// Those of all doors.
class UdpClients : public std::enable_shared_from_this<UdpClients> {
 public:
  using Answer = std::function<void(Datagram)>;  // from the container; must not keep the span

  UdpClients(boost::asio::io_context& io, std::size_t most, std::chrono::seconds idle);

  // A client's socket towards the container; -1: not known. Counts as a sign of life.
  int find(const UdpClientKey& key);
  // `socket` is connected to the container, which is IPv4 or not. Another one goes if there are too
  // many.
  void add(const UdpClientKey& key, UniqueFd socket, bool is_v4, Answer answer);
  void remove_door(DoorNumber door);

 private:
  using Clock = std::chrono::steady_clock;
  struct Client {
    Client(boost::asio::io_context& io, const UdpClientKey& of) : key(of), socket(io) {}
    UdpClientKey key;
    boost::asio::ip::udp::socket socket;
    Answer answer;
    Clock::time_point used;
  };
  using Order = std::list<std::shared_ptr<Client>>;

  void wait(const std::shared_ptr<Client>& client);
  void read(const std::shared_ptr<Client>& client);
  void touch(Order::iterator at);
  void remove(Order::iterator at);
  void watch();

  boost::asio::io_context& io_;
  std::size_t most_;
  std::chrono::seconds idle_;
  boost::asio::steady_timer timer_;
  Order order_;  // the one that was quiet for longest first
  std::map<UdpClientKey, Order::iterator> known_;
  std::vector<char> buffer_;
};

}  // namespace fairlead::relay
