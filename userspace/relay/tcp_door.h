// A listening host port. Internal; the relay's thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>

#include "relay/relay.h"

namespace fairlead::relay {

class TcpSession;

// What all doors share.
struct TcpLoad {
  std::size_t connections = 0;
  std::size_t most = 0;
};

class TcpDoor : public std::enable_shared_from_this<TcpDoor> {
 public:
  // The socket listens and does not block.
  TcpDoor(boost::asio::io_context& io, Door door, std::shared_ptr<TcpLoad> load);
  ~TcpDoor();

  void start();
  void close();

 private:
  void wait();
  void wait_for_descriptors();
  void accept();
  void admit(UniqueFd client);

  boost::asio::io_context& io_;
  std::optional<Place> v4_;
  std::optional<Place> v6_;
  bool is_v4_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::shared_ptr<TcpLoad> load_;
  std::map<std::uint64_t, std::weak_ptr<TcpSession>> sessions_;
  std::uint64_t next_ = 0;
};

}  // namespace fairlead::relay
