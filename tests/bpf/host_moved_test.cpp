// tc_host: sockets of the host that a published port led to a container, which has lost the port
// since. With real sockets, because a test run's packets have none that a test could know.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "capture.h"
#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kHostPort = 8080;
constexpr std::uint16_t kOldPort = 80;
constexpr std::uint16_t kNewPort = 81;

// Without it a device sends what has no checksum yet: a capture would not show what arrives.
void set_checksum_offload(const char* device, bool on) {
  ethtool_value value{.cmd = ETHTOOL_STXCSUM, .data = on ? 1U : 0U};
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(ioctl(fd, SIOCETHTOOL, &request), 0) << std::strerror(errno);
  close(fd);
}

// Connected to a container's address, as the hook leaves it.
class Client {
 public:
  Client(int type, const Addr& from, const Addr& to, std::uint16_t port)
      : fd_(socket(from.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const auto [local, local_size] = name(from, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&local), local_size), 0);
    to_ = name(to, port);
    if (type == SOCK_DGRAM) reach();
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void reach() { connect(fd_, reinterpret_cast<const sockaddr*>(&to_.first), to_.second); }
  void say(const Bytes& data) {
    EXPECT_EQ(send(fd_, data.bytes.data(), data.bytes.size(), 0),
              static_cast<ssize_t>(data.bytes.size()))
        << std::strerror(errno);
  }
  int error() const {
    int value = 0;
    socklen_t size = sizeof(value);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &value, &size);
    return value;
  }
  std::uint64_t cookie() const {
    std::uint64_t value = 0;
    socklen_t size = sizeof(value);
    EXPECT_EQ(getsockopt(fd_, SOL_SOCKET, SO_COOKIE, &value, &size), 0);
    return value;
  }
  std::uint16_t port() const {
    sockaddr_in6 here{};  // the port is at the same place in both
    socklen_t size = sizeof(here);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&here), &size), 0);
    return ntohs(here.sin6_port);
  }

 private:
  using Name = std::pair<sockaddr_storage, socklen_t>;
  static Name name(const Addr& addr, std::uint16_t port) {
    Name out{};
    const fl_addr raw = addr.raw();
    if (addr.is_v4()) {
      auto& in = reinterpret_cast<sockaddr_in&>(out.first);
      in.sin_family = AF_INET;
      in.sin_port = htons(port);
      std::memcpy(&in.sin_addr, raw.b + 12, 4);
      out.second = sizeof(in);
    } else {
      auto& in = reinterpret_cast<sockaddr_in6&>(out.first);
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(port);
      std::memcpy(&in.sin6_addr, raw.b, 16);
      out.second = sizeof(in);
    }
    return out;
  }

  int fd_;
  Name to_{};
};

class HostMovedTest : public FamilyTest {
 protected:
  HostMovedTest() : FamilyTest("tc_host") {}

  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (const char* device : {"ep_a", "ep_b", "ep_c"}) set_checksum_offload(device, false);
  }
  void TearDown() override { set_checksum_offload("fl_host", true); }

  // A socket of the host's that asked for loopback and got the old container.
  std::unique_ptr<Client> client(const Addr& old, int type = SOCK_DGRAM) {
    auto out = std::make_unique<Client>(type, of(kGateway1), old, kOldPort);
    const fl_socket_key key{
        .cookie = out->cookie(), .addr = old.raw(), .port = htons(kOldPort), .pad = {}};
    const fl_socket asked{.addr = of(kLoopback).raw(), .port = htons(kHostPort), .pad = {}};
    program().put("fl_sockets", key, asked);
    return out;
  }
  void lead_to(const Endpoint& to, std::uint8_t proto = IPPROTO_UDP) {
    publish(of(kAny), kHostPort, proto, to, kNewPort, GetParam());
  }
  Reasons sends(Client& client, const Bytes& data) {
    return program().run_while("fl_host", BpfProgram::Hook::egress, [&] { client.say(data); });
  }
  Packet arrived(const Endpoint& to, const Client& client, const Bytes& data) const {
    return packet(gateway_to(to), Ip{.src = of(kGateway1), .dst = to.addr(GetParam())},
                  Udp{.sport = client.port(), .dport = kNewPort}, data);
  }
  fl_flow first_direction(const Client& client, const Addr& old) const {
    return flow(IPPROTO_UDP, of(kGateway1), client.port(), old, kOldPort);
  }
};
FAIRLEAD_BOTH_FAMILIES(HostMovedTest);

// The stack numbers IPv4 packets and labels IPv6 flows as it likes.
void expect_one(Capture& at, Packet want, bool v4) {
  using Places = std::vector<std::size_t>;  // with the header's checksum
  auto got = at.received();
  ASSERT_EQ(got.size(), 1U);
  for (Packet* each : {&got[0], &want})
    for (const std::size_t place : v4 ? Places{18, 19, 24, 25} : Places{15, 16, 17})
      each->bytes[place] = 0;
  EXPECT_EQ(got[0], want);
}

TEST_P(HostMovedTest, DatagramsOfAConnectedSocketFollowThePort) {
  lead_to(kB);
  const auto socket = client(of(kNobody));
  for (const bool offload : {true, false}) {
    set_checksum_offload("fl_host", offload);
    Capture b("ep_b_p");

    EXPECT_EQ(sends(*socket, payload(33)), Reasons{FL_FORWARD_MOVED});

    expect_one(b, arrived(kB, *socket, payload(33)), v4());
  }
}

TEST_P(HostMovedTest, AnswersHaveTheAddressThatTheSocketKnows) {
  lead_to(kB);
  const auto socket = client(of(kNobody));
  sends(*socket, payload(1));
  static std::string why;
  static const auto endpoint = BpfProgram::load("tc_endpoint", config(), &why, {}, &program());
  ASSERT_NE(endpoint, nullptr) << why;
  const Packet answer = packet(by_gateway(kB), Ip{.src = b(), .dst = of(kGateway1)},
                               Udp{.sport = kNewPort, .dport = socket->port()}, payload(12));
  const Packet known =
      packet(Eth{.dst = kGatewayMac, .src = kB.mac}, Ip{.src = of(kNobody), .dst = of(kGateway1)},
             Udp{.sport = kOldPort, .dport = socket->port()}, payload(12));

  EXPECT_EQ(endpoint->run(answer, {.ifindex = kB.ifindex()}),
            redirected(FL_FORWARD_HOST_IN, known));
}

TEST_P(HostMovedTest, PortThatMovesAgainIsFollowedAgain) {
  lead_to(kB);
  const auto socket = client(of(kNobody));
  sends(*socket, payload(1));
  const auto before = nat(first_direction(*socket, of(kNobody)));
  lead_to(kC);
  Capture c("ep_c_p");

  EXPECT_EQ(sends(*socket, payload(2)), Reasons{FL_FORWARD_MOVED});

  expect_one(c, arrived(kC, *socket, payload(2)), v4());
  ASSERT_TRUE(before);
  EXPECT_EQ(before->ifindex, kB.ifindex());
  EXPECT_FALSE(nat(flow(IPPROTO_UDP, b(), kNewPort, of(kGateway1), socket->port())));
}

TEST_P(HostMovedTest, ContainerThatStillLivesButLostThePortIsLeft) {
  lead_to(kB);
  const auto socket = client(a());
  Capture a_side("ep_a_p");
  Capture b("ep_b_p");

  EXPECT_EQ(sends(*socket, payload(5)), Reasons{FL_FORWARD_MOVED});

  expect_one(b, arrived(kB, *socket, payload(5)), v4());
  EXPECT_EQ(a_side.received().size(), 0U);
}

TEST_P(HostMovedTest, PortThatIsWhereItWasMakesNoFlow) {
  publish(of(kAny), kHostPort, IPPROTO_UDP, kA, kOldPort, GetParam());
  const auto socket = client(a());

  EXPECT_EQ(sends(*socket, payload(5)), Reasons{FL_FORWARD_HOST_OUT});
  EXPECT_FALSE(nat(first_direction(*socket, a())));
}

TEST_P(HostMovedTest, PortThatIsPublishedNoMoreRefuses) {
  const auto socket = client(a());
  Capture a_side("ep_a_p");

  EXPECT_EQ(sends(*socket, payload(5)), (Reasons{FL_DROP_NOT_PUBLISHED, FL_FORWARD_ICMP_ERROR}));

  EXPECT_EQ(a_side.received().size(), 0U);
  EXPECT_EQ(socket->error(), ECONNREFUSED);
}

TEST_P(HostMovedTest, ConnectionDoesNotGoOnWhereThePortNoLongerLeads) {
  lead_to(kB, IPPROTO_TCP);
  const auto socket = client(a(), SOCK_STREAM);
  Capture a_side("ep_a_p");
  Capture b("ep_b_p");

  const Reasons got =
      program().run_while("fl_host", BpfProgram::Hook::egress, [&] { socket->reach(); });

  EXPECT_EQ(got, (Reasons{FL_DROP_NOT_PUBLISHED, FL_FORWARD_ICMP_ERROR}));
  EXPECT_EQ(a_side.received().size(), 0U);
  EXPECT_EQ(b.received().size(), 0U);
}

TEST_P(HostMovedTest, ContainerOfTheOtherFamilyCannotTakeOver) {
  publish(of(kAny), kHostPort, IPPROTO_UDP, kB, kNewPort, v4() ? Family::v6 : Family::v4);
  const auto socket = client(of(kNobody));

  EXPECT_EQ(sends(*socket, payload(5)), (Reasons{FL_DROP_NOT_PUBLISHED, FL_FORWARD_ICMP_ERROR}));
}

TEST_P(HostMovedTest, SocketThatAskedForTheContainerItselfIsNotLedAway) {
  lead_to(kB);
  Client direct(SOCK_DGRAM, of(kGateway1), of(kNobody), kOldPort);

  EXPECT_EQ(sends(direct, payload(5)), (Reasons{FL_DROP_NO_SUCH_ADDRESS, FL_FORWARD_ICMP_ERROR}));
}

}  // namespace
}  // namespace fairlead::test
