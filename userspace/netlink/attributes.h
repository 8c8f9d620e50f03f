// Reading and writing the attributes that follow a netlink header.
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "model/address.h"

namespace fairlead::netlink {

// Marks what is ours where the kernel keeps a protocol: routes, neighbours (rtm_protocol,
// NDA_PROTOCOL; 102 has no name in Linux's list nor in iproute2's rt_protos).
constexpr std::uint8_t kOwnProtocol = 102;

// Index: attribute type; null: absent.
template <std::size_t N>
using Attributes = std::array<nlattr*, N>;

// `header`: size of the fixed struct behind the netlink header. False for a message cut short.
template <std::size_t N>
bool parse(nlmsghdr* message, std::size_t header, Attributes<N>& attributes) {
  return nlmsg_parse(message, static_cast<int>(header), attributes.data(), N - 1, nullptr) == 0;
}

// The address of an attribute of 4 or 16 bytes; :: for any other.
inline Address address_of(const void* data, std::size_t size) {
  std::array<std::uint8_t, 16> bytes{};
  if (size == 4) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, data, 4);
  } else if (size == bytes.size()) {
    std::memcpy(bytes.data(), data, size);
  }
  return Address(bytes);
}

inline Address address_of(const nlattr* attribute) {
  return address_of(nla_data(attribute), static_cast<std::size_t>(nla_len(attribute)));
}

// The bytes of an address as netlink carries them: 4 or 16, network byte order.
struct Wire {
  const std::uint8_t* data;
  std::size_t size;
  std::uint8_t family;
};

// Points into `address`.
inline Wire wire(const Address& address) {
  const auto& bytes = address.bytes();
  if (address.family() == Family::v4) return {bytes.data() + 12, 4, AF_INET};
  return {bytes.data(), bytes.size(), AF_INET6};
}

}  // namespace fairlead::netlink
