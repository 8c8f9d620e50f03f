#include <filesystem>
#include <thread>

#include "relay/relay.h"
#include "sockets.h"

namespace fairlead::relay {
namespace {

class RelayUdpTest : public testing::Test {
 protected:
  void open(std::optional<Place> v4, std::optional<Place> v6 = {}, const Limits& limits = {}) {
    relay_ = Relay::create(limits).value();
    auto done =
        relay_->open({.protocol = Protocol::udp, .socket = host_.copy(), .v4 = v4, .v6 = v6});
    ASSERT_TRUE(done) << done.error().message();
    door_ = *done;
  }
  Place container() const { return {.address = addr("127.0.0.1"), .port = server_.port()}; }
  Socket client(const std::string& address = "127.0.0.1") {
    return Socket::connected(SOCK_DGRAM, address, host_.port());
  }

  Socket host_ = Socket::bound(SOCK_DGRAM, "0.0.0.0");
  Socket server_ = Socket::bound(SOCK_DGRAM, "127.0.0.1");
  std::unique_ptr<Relay> relay_;
  DoorNumber door_ = 0;
};

// A connected socket takes datagrams from that address only.
TEST_F(RelayUdpTest, AnswersFromTheAddressThatWasAsked) {
  open(container());
  Socket client = this->client("127.0.0.5");
  ASSERT_TRUE(client.send("question"));
  const auto [text, from] = server_.receive_from();

  server_.send_to("answer", from);

  EXPECT_EQ(text, "question");
  EXPECT_EQ(client.receive(), "answer");
}

TEST_F(RelayUdpTest, ClientsAreKeptApart) {
  open(container());
  Socket one = client();
  Socket two = client();
  ASSERT_TRUE(one.send("one"));
  const auto first = server_.receive_from();
  ASSERT_TRUE(two.send("two"));
  const auto second = server_.receive_from();

  server_.send_to("to two", second.second);
  server_.send_to("to one", first.second);

  EXPECT_EQ(first.first, "one");
  EXPECT_EQ(second.first, "two");
  EXPECT_EQ(one.receive(), "to one");
  EXPECT_EQ(two.receive(), "to two");
}

TEST_F(RelayUdpTest, ClientKeepsItsSocketTowardsTheContainer) {
  open(container());
  Socket client = this->client();
  ASSERT_TRUE(client.send("first"));
  const auto first = server_.receive_from();
  ASSERT_TRUE(client.send("second"));

  EXPECT_EQ(server_.receive_from().second, first.second);
}

TEST_F(RelayUdpTest, Ipv6ClientReachesIpv4Container) {
  host_ = Socket::bound(SOCK_DGRAM, "::");
  open({}, container());
  Socket client = this->client("::1");
  ASSERT_TRUE(client.send("question"));
  const auto [text, from] = server_.receive_from();
  server_.send_to("answer", from);

  EXPECT_EQ(text, "question");
  EXPECT_EQ(client.receive(), "answer");
}

TEST_F(RelayUdpTest, Ipv4ClientOfASocketOfBothFamiliesIsAnswered) {
  host_ = Socket::bound(SOCK_DGRAM, "::");
  open(container());
  Socket client = this->client("127.0.0.7");
  ASSERT_TRUE(client.send("question"));
  server_.send_to("answer", server_.receive_from().second);

  EXPECT_EQ(client.receive(), "answer");
}

TEST_F(RelayUdpTest, DatagramsOfEverySizePass) {
  open(container());
  Socket client = this->client();
  for (const std::size_t size : {0, 1, 1472, 9000, 60000, 65507}) {
    const std::string sent(size, 'x');
    ASSERT_TRUE(client.send(sent));
    const auto [text, from] = server_.receive_from();
    server_.send_to(text, from);

    EXPECT_EQ(text.size(), size);
    EXPECT_EQ(client.receive_from().first.size(), size);
  }
}

TEST_F(RelayUdpTest, TheQuietestClientMakesRoomForANewOne) {
  open(container(), {}, {.udp_clients = 2});
  Socket quiet = client();
  Socket busy = client();
  ASSERT_TRUE(quiet.send("quiet"));
  const auto quiet_before = server_.receive_from().second;
  ASSERT_TRUE(busy.send("busy"));
  const auto busy_before = server_.receive_from().second;
  Socket third = client();
  ASSERT_TRUE(third.send("third"));
  (void)server_.receive_from();

  ASSERT_TRUE(busy.send("busy again"));
  EXPECT_EQ(server_.receive_from().second, busy_before);
  server_.send_to("too late", quiet_before);
  ASSERT_TRUE(quiet.send("quiet again"));
  const auto quiet_after = server_.receive_from();
  server_.send_to("in time", quiet_after.second);

  EXPECT_EQ(quiet_after.first, "quiet again");
  EXPECT_EQ(quiet.receive(), "in time");
}

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

TEST_F(RelayUdpTest, IdleClientsAreForgotten) {
  using namespace std::chrono_literals;
  open(container(), {}, {.udp_idle = 1s});
  Socket client = this->client();
  const std::size_t before = descriptors();
  ASSERT_TRUE(client.send("x"));
  (void)server_.receive_from();
  ASSERT_EQ(descriptors(), before + 1);

  for (int tries = 0; tries < 500 && descriptors() != before; ++tries)
    std::this_thread::sleep_for(10ms);

  EXPECT_EQ(descriptors(), before);
}

TEST_F(RelayUdpTest, ClosedDoorLeavesNothingBehind) {
  relay_ = Relay::create().value();
  const std::size_t before = descriptors();
  door_ =
      relay_->open({.protocol = Protocol::udp, .socket = host_.copy(), .v4 = container()}).value();
  {
    Socket client = this->client();
    ASSERT_TRUE(client.send("x"));
    (void)server_.receive_from();
  }
  const std::uint16_t port = host_.port();

  relay_->close(door_);

  EXPECT_EQ(descriptors(), before);
  host_.close();
  EXPECT_TRUE(Socket(SOCK_DGRAM, AF_INET).bind_to("0.0.0.0", port)) << std::strerror(errno);
}

TEST_F(RelayUdpTest, UnreachableContainerIsNotTheEndOfTheClient) {
  const Place place = container();
  server_.close();
  open(place);
  Socket client = this->client();
  ASSERT_TRUE(client.send("to nobody"));
  ASSERT_TRUE(client.send("to nobody"));

  server_ = Socket::bound(SOCK_DGRAM, "127.0.0.1", place.port);
  std::string got;
  for (int tries = 0; tries < 500 && got != "to somebody"; ++tries) {
    ASSERT_TRUE(client.send("to somebody"));
    pollfd ready{.fd = server_.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 10) == 1) got = server_.receive();
  }

  EXPECT_EQ(got, "to somebody");
}

}  // namespace
}  // namespace fairlead::relay
