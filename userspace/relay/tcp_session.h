// One connection of a client, and the one to the container. Internal; the relay's thread only.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <utility>  // before Asio uses it: Boost 1.74 forgets it with GCC 12

#include "base/unique_fd.h"

namespace boost::asio {
class io_context;
}

namespace fairlead::relay {

// Copies both ways; what one side cannot take yet is not read from the other. Lives until both
// directions have ended.
class TcpSession : public std::enable_shared_from_this<TcpSession> {
 public:
  // `container`: its connect() is under way. `on_end` is called once, at the end of life.
  TcpSession(boost::asio::io_context& io, UniqueFd client, bool client_is_v4, UniqueFd container,
             bool container_is_v4, std::function<void()> on_end);
  ~TcpSession();

  void start();
  void reset();  // both sides see "connection reset"

 private:
  static constexpr std::size_t kBuffer = 32 << 10;  // bytes, each direction
  using Socket = boost::asio::ip::tcp::socket;

  struct Way {
    Socket& from;
    Socket& to;
    std::array<char, kBuffer> buffer{};
    bool ended = false;
  };

  void on_connected();
  void read(Way& way);
  void write(Way& way, std::size_t bytes);
  void end(Way& way);

  Socket client_;
  Socket container_;
  Way in_{client_, container_};
  Way out_{container_, client_};
  std::function<void()> on_end_;
};

}  // namespace fairlead::relay
