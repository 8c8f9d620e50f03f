#include "capture.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace fairlead::test {

namespace {

bool is_from_unspecified(const Packet& packet) {
  const Buffer& b = packet.bytes;
  return b.size() >= 54 && b[12] == 0x86 && b[13] == 0xdd &&
         std::all_of(b.begin() + 22, b.begin() + 38, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

Capture::Capture(const char* device, Reports reports)
    : fd_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)), reports_(reports) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(device));
  EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0)
      << "capture on " << device << ": " << std::strerror(errno);
}

Capture::~Capture() { close(fd_); }

std::vector<Packet> Capture::received() {
  std::vector<Packet> out;
  pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
  while (poll(&wait, 1, 50) > 0) {
    Packet packet{Buffer(65536)};
    sockaddr_ll from{};
    socklen_t size = sizeof(from);
    const auto length = recvfrom(fd_, packet.bytes.data(), packet.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (length < 0) break;
    packet.bytes.resize(static_cast<std::size_t>(length));
    if (from.sll_pkttype == PACKET_OUTGOING) continue;
    if (reports_ == Reports::ignore && is_from_unspecified(packet)) continue;
    out.push_back(std::move(packet));
  }
  return out;
}

}  // namespace fairlead::test
