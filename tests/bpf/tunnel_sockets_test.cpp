// Sockets at both ends of a tunnel: container A here, and a plain kernel vxlan device with static
// entries on the other host. Aggregates, offloaded checksums and fragments, which test runs cannot
// make.
//
//   A: ep_a_p, in a namespace | ep_a: tc_endpoint | up0: tc_uplink, fl_vxlan: tc_tunnel | up0_p,
//   vx: R
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "own_netns.h"
#include "tunnel_world.h"
#include "wire.h"

namespace fairlead::test {
namespace {

constexpr int kUdpSegment = 103;  // UDP_SEGMENT
constexpr std::size_t kBulk = 4 << 20;

Buffer pattern(std::size_t length) {
  Buffer out(length);
  for (std::size_t i = 0; i < length; ++i)
    out[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8) * 7);
  return out;
}

// A socket of the calling thread's namespace.
class Socket {
 public:
  Socket(int type, const Addr& local, std::uint16_t port) {
    fd_ = socket(local.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
    const int buffer = 16 << 20;
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    const auto [name, size] = sockname(local, port);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&name), size), 0) << std::strerror(errno);
  }
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void reach(const Addr& remote, std::uint16_t port) {
    const auto [name, size] = sockname(remote, port);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&name), size), 0)
        << std::strerror(errno);
  }
  void segment(int bytes) {
    EXPECT_EQ(setsockopt(fd_, SOL_UDP, kUdpSegment, &bytes, sizeof(bytes)), 0);
  }
  void put(const Buffer& all) {
    for (std::size_t done = 0; done < all.size();) {
      const auto sent = send(fd_, all.data() + done, all.size() - done, MSG_NOSIGNAL);
      ASSERT_GT(sent, 0) << std::strerror(errno);
      done += static_cast<std::size_t>(sent);
    }
  }
  Buffer take(std::size_t most) {
    Buffer out(most);
    const auto length = recv(fd_, out.data(), out.size(), 0);
    out.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return out;
  }
  int fd() const { return fd_; }

 private:
  static std::pair<sockaddr_storage, socklen_t> sockname(const Addr& addr, std::uint16_t port) {
    sockaddr_storage out{};
    const fl_addr raw = addr.raw();
    if (addr.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(out);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, raw.b + 12, 4);
      return {out, sizeof(v4)};
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, raw.b, 16);
    return {out, sizeof(v6)};
  }

  int fd_;
};

// Both ends outlive the tests of the process, as the world does.
struct Ends {
  Elsewhere container;
  Elsewhere peer;
};

bool addresses_on(const std::string& device, const Endpoint& e, std::string* why) {
  return ip("address add " + e.addr4.to_string() + "/24 dev " + device + "\naddress add " +
                e.addr6.to_string() + "/64 nodad dev " + device + "\n",
            why);
}

bool move_ends(Ends& ends, std::string* why) {
  if (!ip("link set ep_a_p netns " + ends.container.name() + "\nlink set up0_p netns " +
              ends.peer.name() + "\n",
          why)) {
    return false;
  }
  bool done = false;
  ends.container.run([&] {
    done = ip("link set ep_a_p address " + kA.mac.to_string() + " arp on mtu 1430 up\n", why) &&
           addresses_on("ep_a_p", kA, why);
  });
  if (!done) return false;
  ends.peer.run([&] {
    done = ip(
        "link set up0_p address " + kPeerMac.to_string() +
            " arp on mtu 1500 up\n"
            "address add 198.18.0.7/24 dev up0_p\naddress add 2001:db8:f::7/64 nodad dev up0_p\n",
        why);
  });
  return done && ip("link set up0 mtu 1500\n", why);
}

class TunnelSocketsTest : public TunnelTest {
 protected:
  TunnelSocketsTest() : TunnelTest("tc_uplink") {}

  void SetUp() override {
    TunnelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    static Ends both;
    static std::string why;
    static const bool moved = move_ends(both, &why);
    ASSERT_TRUE(moved) << why;
    ends_ = &both;
    endpoint_ = &load_also("tc_endpoint");
    tunnel_ = &load_also("tc_tunnel");
    for (BpfProgram* p : {endpoint_, tunnel_}) fill_tunnel(*p);
    for (BpfProgram* p : {&program(), endpoint_, tunnel_}) p->clear_counters();
    endpoint_hook_.emplace(endpoint_->fd(), "ep_a", false);
    uplink_hook_.emplace(program().fd(), "up0", false);
    tunnel_hook_.emplace(tunnel_->fd(), "fl_vxlan", false);
    peer().run([&] { make_vxlan(); });
  }
  void TearDown() override {
    if (ends_ == nullptr) return;
    std::string ignored;
    peer().run([&] { ip("link del vx\n", &ignored); });
  }
  void make_vxlan() {
    std::string why;
    const std::string mac = kA.mac.to_string();
    EXPECT_TRUE(ip("link add vx address " + kR.mac.to_string() + " type vxlan id 1 dstport 4795" +
                       " local " + out(kPeer).to_string() + " remote " + out(kHost).to_string() +
                       " udp6zerocsumtx udp6zerocsumrx nolearning\nlink set vx mtu 1430 up\n" +
                       "neigh add " + kA.addr4.to_string() + " lladdr " + mac +
                       " dev vx nud permanent\nneigh add " + kA.addr6.to_string() + " lladdr " +
                       mac + " dev vx nud permanent\n",
                   &why) &&
                addresses_on("vx", kR, &why))
        << why;
  }
  Elsewhere& container() { return ends_->container; }
  Elsewhere& peer() { return ends_->peer; }

  struct End {
    Elsewhere* at;
    Addr addr;
  };
  End here() { return {&container(), a()}; }
  End there() { return {&peer(), r()}; }

  // Each length as one datagram, or cut into segments.
  void expect_datagrams(const End& from, const End& to, std::size_t length, std::size_t segment) {
    SCOPED_TRACE(std::to_string(length) + " bytes in segments of " + std::to_string(segment));
    const Buffer sent = pattern(length);
    std::optional<Socket> receiver;
    to.at->run([&] { receiver.emplace(SOCK_DGRAM, to.addr, 7000); });
    from.at->run([&] {
      Socket sender(SOCK_DGRAM, from.addr, 7001);
      sender.reach(to.addr, 7000);
      if (segment != 0) sender.segment(static_cast<int>(segment));
      sender.put(sent);
    });
    to.at->run([&] {
      Buffer got;
      while (got.size() < sent.size()) {
        const Buffer one = receiver->take(65536);
        const std::size_t left = sent.size() - got.size();
        ASSERT_EQ(one.size(), segment == 0 ? left : std::min(left, segment));
        got.insert(got.end(), one.begin(), one.end());
      }
      EXPECT_EQ(got, sent);
    });
    receiver.reset();
  }
  void expect_every_datagram(const End& from, const End& to) {
    for (const std::size_t length : {1U, 1300U, 1402U, 3000U, 65000U}) {
      expect_datagrams(from, to, length, 0);
    }
    expect_datagrams(from, to, 20000, 1000);
    expect_datagrams(from, to, 60007, 1300);
  }
  void expect_stream(const End& from, const End& to) {
    const Buffer sent = pattern(kBulk);
    std::optional<Socket> listener;
    to.at->run([&] {
      listener.emplace(SOCK_STREAM, to.addr, 7000);
      ASSERT_EQ(listen(listener->fd(), 1), 0);
    });
    Buffer got;
    auto received = to.at->start([&] {
      Socket stream(accept(listener->fd(), nullptr, nullptr));
      for (Buffer some = stream.take(65536); !some.empty(); some = stream.take(65536)) {
        got.insert(got.end(), some.begin(), some.end());
      }
    });
    from.at->run([&] {
      Socket sender(SOCK_STREAM, from.addr, 0);
      sender.reach(to.addr, 7000);
      sender.put(sent);
    });
    received.get();
    EXPECT_TRUE(got == sent) << got.size() << " bytes of " << sent.size();
  }
  bool same_family() const { return v4() == outer_v4(); }

  Ends* ends_ = nullptr;
  BpfProgram* endpoint_ = nullptr;
  BpfProgram* tunnel_ = nullptr;
  std::optional<AtHook> endpoint_hook_, uplink_hook_, tunnel_hook_;
};
FAIRLEAD_ALL_FAMILIES(TunnelSocketsTest);

TEST_P(TunnelSocketsTest, DatagramsAndTheirAggregatesReachTheOtherHost) {
  expect_every_datagram(here(), there());
  EXPECT_TRUE(endpoint_->counted().contains(FL_FORWARD_REMOTE));
  EXPECT_FALSE(endpoint_->counted().contains(FL_FORWARD_REMOTE_KERNEL));
}

TEST_P(TunnelSocketsTest, DatagramsAndTheirAggregatesReachTheContainer) {
  expect_every_datagram(there(), here());
  EXPECT_TRUE(program().counted().contains(FL_FORWARD_REMOTE_IN));
  // The aggregates, which the program cannot take out by itself.
  EXPECT_TRUE(program().counted().contains(FL_PUNT_TUNNEL));
  EXPECT_TRUE(tunnel_->counted().contains(FL_FORWARD_REMOTE_IN));
}

TEST_P(TunnelSocketsTest, StreamReachesTheOtherHost) {
  expect_stream(here(), there());
  EXPECT_TRUE(endpoint_->counted().contains(FL_FORWARD_REMOTE));
  EXPECT_FALSE(endpoint_->counted().contains(FL_FORWARD_REMOTE_KERNEL));
}

TEST_P(TunnelSocketsTest, StreamReachesTheContainer) {
  expect_stream(there(), here());
  EXPECT_TRUE(program().counted().contains(FL_FORWARD_REMOTE_IN));
  // Aggregates of TCP need the kernel's device only where the family changes under them.
  EXPECT_EQ(program().counted().contains(FL_PUNT_TUNNEL), !same_family());
}

TEST_P(TunnelSocketsTest, UnresolvedNextHopWorksByTheKernelsDevice) {
  put_peer(*endpoint_, kPeerNumber, FL_PEER_KERNEL, out(kPeer), out(kHost), {});

  expect_every_datagram(here(), there());
  expect_stream(here(), there());
  EXPECT_TRUE(endpoint_->counted().contains(FL_FORWARD_REMOTE_KERNEL));
  EXPECT_FALSE(endpoint_->counted().contains(FL_FORWARD_REMOTE));
}

}  // namespace
}  // namespace fairlead::test
