#include <fcntl.h>

#include <list>
#include <thread>
#include <vector>

#include "relay/relay.h"
#include "sockets.h"

namespace fairlead::relay {
namespace {

class RelayTcpTest : public testing::Test {
 protected:
  void open(std::optional<Place> v4, std::optional<Place> v6 = {}, const Limits& limits = {}) {
    relay_ = Relay::create(limits).value();
    auto done =
        relay_->open({.protocol = Protocol::tcp, .socket = host_.copy(), .v4 = v4, .v6 = v6});
    ASSERT_TRUE(done) << done.error().message();
    door_ = *done;
  }
  Place container() const { return {.address = addr("127.0.0.1"), .port = server_.port()}; }
  Socket client(const std::string& address = "127.0.0.1") {
    return Socket::connected(SOCK_STREAM, address, host_.port());
  }

  Socket host_ = Socket::bound(SOCK_STREAM, "0.0.0.0");
  Socket server_ = Socket::listening("127.0.0.1");
  std::unique_ptr<Relay> relay_;
  DoorNumber door_ = 0;
};

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + (i >> 8) * 7);
  return out;
}

TEST_F(RelayTcpTest, CarriesBothDirections) {
  open(container());
  Socket client = this->client();
  Socket served = server_.accept();

  ASSERT_TRUE(client.send("question"));
  EXPECT_EQ(served.receive(), "question");
  ASSERT_TRUE(served.send("answer"));
  EXPECT_EQ(client.receive(), "answer");
}

TEST_F(RelayTcpTest, OneDirectionMayEndBeforeTheOther) {
  open(container());
  Socket client = this->client();
  Socket served = server_.accept();
  ASSERT_TRUE(client.send("all that I have to say"));
  ::shutdown(client.fd(), SHUT_WR);

  EXPECT_EQ(served.receive_all(), "all that I have to say");
  const std::string long_answer = pattern(3 << 20);
  std::thread sender([&] {
    EXPECT_TRUE(served.send(long_answer));
    served.close();
  });
  EXPECT_TRUE(client.receive_all() == long_answer);
  sender.join();
}

TEST_F(RelayTcpTest, DoesNotReadWhatTheOtherSideCannotTake) {
  open(container());
  Socket client = this->client();
  Socket served = server_.accept();
  const int room = 16 << 10;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  ::fcntl(client.fd(), F_SETFL, O_NONBLOCK);
  const std::string part = pattern(1 << 16);
  std::size_t sent = 0;
  // Until it has been full for a while: the kernel's buffers, and the relay's one.
  for (pollfd ready{.fd = client.fd(), .events = POLLOUT, .revents = 0};
       ::poll(&ready, 1, 300) == 1 && sent < (256U << 20);) {
    const ssize_t bytes = ::send(client.fd(), part.data(), part.size(), MSG_NOSIGNAL);
    if (bytes > 0) sent += static_cast<std::size_t>(bytes);
  }
  client.close();

  EXPECT_LT(sent, 64U << 20);
  EXPECT_EQ(served.receive_all().size(), sent);
}

TEST_F(RelayTcpTest, ResetPassesThrough) {
  open(container());
  Socket client = this->client();
  Socket served = server_.accept();
  ASSERT_TRUE(client.send("x"));
  ASSERT_EQ(served.receive(), "x");

  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(served.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  served.close();

  EXPECT_EQ(client.receive(), "ECONNRESET");
}

TEST_F(RelayTcpTest, ContainerThatRefusesResetsTheClient) {
  const Place nobody = container();
  server_.close();
  open(nobody);

  EXPECT_EQ(client().receive(), "ECONNRESET");
}

TEST_F(RelayTcpTest, FamilyThatLeadsNowhereIsReset) {
  host_ = Socket::bound(SOCK_STREAM, "::");
  open({}, container());

  EXPECT_EQ(client("127.0.0.1").receive(), "ECONNRESET");
  Socket client6 = client("::1");
  ASSERT_TRUE(client6.send("by IPv6"));
  EXPECT_EQ(server_.accept().receive(), "by IPv6");
}

TEST_F(RelayTcpTest, ManyConnectionsAtOnceKeepTheirBytesApart) {
  open(container());
  constexpr int kMany = 200;
  std::list<Socket> clients;
  std::list<Socket> served;
  for (int n = 0; n < kMany; ++n) {
    clients.push_back(client());
    ASSERT_TRUE(clients.back().send("I am " + std::to_string(n)));
  }
  for (int n = 0; n < kMany; ++n) served.push_back(server_.accept());
  for (Socket& one : served) ASSERT_TRUE(one.send(one.receive()));

  int n = 0;
  for (Socket& one : clients) EXPECT_EQ(one.receive(), "I am " + std::to_string(n++));
}

TEST_F(RelayTcpTest, MoreConnectionsThanAllowedAreReset) {
  open(container(), {}, {.connections = 1});
  Socket first = client();
  Socket served = server_.accept();

  EXPECT_EQ(client().receive(), "ECONNRESET");
  first.close();
  EXPECT_EQ(served.receive(), "end");
  served.close();
  for (int tries = 0; tries < 500; ++tries) {  // until the relay has seen both ends close
    Socket again = client();
    if (!again.send("x")) continue;
    pollfd ready{.fd = server_.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 10) == 1) return;
  }
  ADD_FAILURE() << "the place of a connection that ended is not free again";
}

TEST_F(RelayTcpTest, ClosedDoorResetsItsConnectionsAndFreesThePort) {
  open(container());
  Socket client = this->client();
  Socket served = server_.accept();
  const std::uint16_t port = host_.port();

  relay_->close(door_);
  host_.close();

  EXPECT_EQ(client.receive(), "ECONNRESET");
  EXPECT_EQ(served.receive(), "ECONNRESET");
  Socket next(SOCK_STREAM, AF_INET);
  EXPECT_TRUE(next.bind_to("0.0.0.0", port)) << std::strerror(errno);
}

TEST_F(RelayTcpTest, PortThatSomebodyListensOnIsAConflict) {
  const int on = 1;
  Socket other(SOCK_STREAM, AF_INET);
  Socket ours(SOCK_STREAM, AF_INET);
  for (Socket* each : {&other, &ours})
    ::setsockopt(each->fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ASSERT_TRUE(other.bind_to("0.0.0.0", 0));
  ASSERT_TRUE(ours.bind_to("0.0.0.0", other.port()));
  ASSERT_EQ(::listen(other.fd(), 1), 0);
  relay_ = Relay::create().value();

  const auto opened = relay_->open({.protocol = Protocol::tcp, .socket = ours.copy()});

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::conflict);
}

TEST_F(RelayTcpTest, SctpIsNotRelayed) {
  relay_ = Relay::create().value();

  const auto opened = relay_->open({.protocol = Protocol::sctp, .socket = host_.copy()});

  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::invalid_argument);
}

}  // namespace
}  // namespace fairlead::relay
