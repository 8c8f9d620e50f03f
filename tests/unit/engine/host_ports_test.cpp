// Ports held by real sockets, on loopback.
#include "engine/host_ports.h"

#include <gtest/gtest.h>

#include "tests/unit/relay/sockets.h"

namespace fairlead::engine {
namespace {

using relay::addr;
using relay::Socket;

void reuse(const Socket& socket) {
  const int on = 1;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

// Leaves a connection in TIME_WAIT on the port that it returns.
std::uint16_t port_in_time_wait() {
  Socket server(SOCK_STREAM, AF_INET);
  reuse(server);
  EXPECT_TRUE(server.bind_to("127.0.0.1", 0));
  EXPECT_EQ(::listen(server.fd(), 1), 0);
  Socket client = Socket::connected(SOCK_STREAM, "127.0.0.1", server.port());
  server.accept().close();  // who closes first waits
  EXPECT_EQ(client.receive(), "end");
  const std::uint16_t port = server.port();
  client.close();
  return port;
}

Status hold(HostPorts& ports, Protocol protocol, const std::vector<Address>& on,
            std::uint16_t port) {
  if (auto held = ports.hold(protocol, on, port, port); !held)
    return std::unexpected(std::move(held).error());
  return {};
}

TEST(HostPortsTest, ConnectionsThatHaveEndedDoNotKeepAPort) {
  const std::uint16_t port = port_in_time_wait();
  ASSERT_FALSE(Socket(SOCK_STREAM, AF_INET).bind_to("127.0.0.1", port)) << "nothing to test";
  HostPorts ports;

  const auto done = hold(ports, Protocol::tcp, {addr("127.0.0.1")}, port);

  EXPECT_TRUE(done) << done.error().message();
}

TEST(HostPortsTest, HeldPortIsSharedWithNobody) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    HostPorts ports;
    const auto port = ports.hold(protocol, {Address::any(Family::v4)}, 0, 0);
    ASSERT_TRUE(port);
    for (const char* address : {"0.0.0.0", "127.0.0.1"}) {
      Socket other(protocol == Protocol::tcp ? SOCK_STREAM : SOCK_DGRAM, AF_INET);
      if (protocol == Protocol::tcp) reuse(other);
      EXPECT_FALSE(other.bind_to(address, *port)) << to_string(protocol) << " " << address;
    }
    HostPorts second;
    const auto taken = hold(second, protocol, {addr("127.0.0.1")}, *port);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code(), Errc::conflict);
  }
}

TEST(HostPortsTest, ReleasedPortIsFree) {
  HostPorts ports;
  const std::vector both{Address::any(Family::v4), Address::any(Family::v6)};
  const auto port = ports.hold(Protocol::tcp, both, 0, 0);
  ASSERT_TRUE(port);
  for (const Address& address : both) ports.release(Protocol::tcp, address, *port);

  EXPECT_TRUE(Socket(SOCK_STREAM, AF_INET).bind_to("0.0.0.0", *port));
}

class ServedPortTest : public testing::Test {
 protected:
  void serve() {
    port_ = ports_.hold(Protocol::tcp, both_, 0, 0).value();
    const relay::Place to{.address = addr("127.0.0.1"), .port = container_.port()};
    const auto done = ports_.serve(*relay_, Protocol::tcp, both_[1], port_, {.v4 = to, .v6 = to});
    ASSERT_TRUE(done) << done.error().message();
  }
  void release() {
    for (const Address& address : both_) ports_.release(Protocol::tcp, address, port_);
  }

  const std::vector<Address> both_{Address::any(Family::v4), Address::any(Family::v6)};
  Socket container_ = Socket::listening("127.0.0.1");
  std::unique_ptr<relay::Relay> relay_ = relay::Relay::create().value();
  HostPorts ports_;
  std::uint16_t port_ = 0;
};

TEST_F(ServedPortTest, ClientsOfBothFamiliesReachTheContainer) {
  serve();
  for (const char* address : {"127.0.0.1", "::1"}) {
    Socket client = Socket::connected(SOCK_STREAM, address, port_);
    ASSERT_TRUE(client.send(address));
    EXPECT_EQ(container_.accept().receive(), address);
  }
}

TEST_F(ServedPortTest, PortIsSharedWithNobody) {
  serve();
  Socket other(SOCK_STREAM, AF_INET);
  reuse(other);

  EXPECT_FALSE(other.bind_to("127.0.0.1", port_));
}

TEST_F(ServedPortTest, ReleaseEndsConnectionsAndThePortCanBeHeldAtOnce) {
  serve();
  Socket ended = Socket::connected(SOCK_STREAM, "127.0.0.1", port_);
  container_.accept().close();  // and so the relay is who closes first on the host port
  EXPECT_EQ(ended.receive(), "end");
  ended.close();
  Socket lasting = Socket::connected(SOCK_STREAM, "127.0.0.1", port_);
  Socket served = container_.accept();

  release();

  EXPECT_EQ(lasting.receive(), "ECONNRESET");
  const auto again = hold(ports_, Protocol::tcp, both_, port_);
  EXPECT_TRUE(again) << again.error().message();
}

TEST_F(ServedPortTest, PortThatIsNotHeldIsNotServed) {
  EXPECT_TRUE(ports_.serve(*relay_, Protocol::tcp, both_[1], 1, {}));
  Socket client(SOCK_STREAM, AF_INET);

  EXPECT_FALSE(client.connect_to("127.0.0.1", 1));
}

}  // namespace
}  // namespace fairlead::engine
