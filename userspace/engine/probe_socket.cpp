#include "engine/probe_socket.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

// <linux/icmp.h>, which <netinet/ip_icmp.h> contradicts.
#define FL_ICMP_FILTER 1

namespace fairlead::engine {

namespace {

// The same for both families but for the type (RFC 792, RFC 4443 section 4).
struct Packet {
  std::uint8_t type;
  std::uint8_t code;
  std::uint16_t checksum;
  std::uint16_t id;
  std::uint16_t sequence;  // network byte order
  std::uint64_t cookie;
};
static_assert(sizeof(Packet) == 16);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address) {
  SocketAddress out;
  if (address.family() == Family::v4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    v4->sin_family = AF_INET;
    std::memcpy(&v4->sin_addr, address.bytes().data() + 12, 4);
    out.size = sizeof(*v4);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    std::memcpy(&v6->sin6_addr, address.bytes().data(), 16);
    out.size = sizeof(*v6);
  }
  return out;
}

Address address_of(const sockaddr_storage& from) {
  std::array<std::uint8_t, 16> bytes{};
  if (from.ss_family == AF_INET) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(&from)->sin_addr, 4);
  } else {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(&from)->sin6_addr, 16);
  }
  return Address(bytes);
}

// RFC 1071, of a whole number of words.
std::uint16_t checksum_of(const Packet& packet) {
  std::array<std::uint16_t, sizeof(packet) / 2> words{};
  std::memcpy(words.data(), &packet, sizeof(packet));
  std::uint32_t sum = 0;
  for (const std::uint16_t word : words) sum += word;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// Nothing but echo replies wakes us.
bool filter_replies(int fd, Family family) {
  if (family == Family::v4) {
    const std::uint32_t refused = ~(1U << ICMP_ECHOREPLY);
    return ::setsockopt(fd, SOL_RAW, FL_ICMP_FILTER, &refused, sizeof(refused)) == 0;
  }
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  return ::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) == 0;
}

}  // namespace

Result<ProbeSocket> ProbeSocket::open(const Address& local) {
  const std::string what = "ping peers from " + local.to_string();
  const bool v4 = local.family() == Family::v4;
  UniqueFd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                       v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6)));
  if (!fd) return fail_errno(what + ": open a raw socket (needs CAP_NET_RAW)");
  if (!filter_replies(fd.get(), local.family())) return fail_errno(what + ": set the filter");
  SocketAddress from = socket_address(local);
  if (::bind(fd.get(), from.get(), from.size) != 0) return fail_errno(what + ": bind");
  return ProbeSocket(std::move(fd), local);
}

Status ProbeSocket::send(const Echo& request) {
  const bool v4 = local_.family() == Family::v4;
  Packet packet{.type = static_cast<std::uint8_t>(v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST),
                .code = 0,
                .checksum = 0,
                .id = static_cast<std::uint16_t>(request.cookie),
                .sequence = htons(request.sequence),
                .cookie = request.cookie};
  if (v4) packet.checksum = checksum_of(packet);  // IPv6: by the kernel (RFC 3542 section 3.1)
  SocketAddress to = socket_address(request.remote);
  if (::sendto(fd_.get(), &packet, sizeof(packet), MSG_DONTWAIT, to.get(), to.size) < 0)
    return fail_errno("ping " + request.remote.to_string());
  return {};
}

std::optional<Echo> ProbeSocket::receive() {
  const bool v4 = local_.family() == Family::v4;
  std::array<std::uint8_t, 256> buffer{};
  for (;;) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof(from);
    const ssize_t got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &from_size);
    if (got < 0) {
      // An ICMP error of an earlier ping is reported once; replies may stand behind it.
      if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EBADF) return std::nullopt;
      continue;
    }
    const auto size = static_cast<std::size_t>(got);
    // IPv4 comes with its header, IPv6 without.
    const std::size_t skip = v4 && size >= sizeof(iphdr) ? (buffer[0] & 0xfU) * 4U : 0;
    if (size < skip + sizeof(Packet)) continue;
    Packet packet{};
    std::memcpy(&packet, buffer.data() + skip, sizeof(packet));
    if (packet.type != (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) continue;
    return Echo{
        .remote = address_of(from), .sequence = ntohs(packet.sequence), .cookie = packet.cookie};
  }
}

}  // namespace fairlead::engine
