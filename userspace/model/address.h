// Addresses, prefixes and MACs as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead {

enum class Family : std::uint8_t { v4, v6 };

// An IPv4 or IPv6 address in one 16-byte form, IPv4 as ::ffff:a.b.c.d; the bytes are what
// the data path's maps hold (bpf/shared/addr.h), network byte order.
class Address {
 public:
  Address() = default;  // ::
  explicit Address(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  // "192.0.2.1" or "2001:db8::1"; invalid_argument otherwise.
  static Result<Address> parse(std::string_view text);
  static Address any(Family family);  // 0.0.0.0 or ::

  Family family() const;
  bool is_any() const;  // 0.0.0.0 or ::
  bool is_loopback() const;
  bool is_link_local() const;
  bool is_multicast() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  std::string to_string() const;  // RFC 5952 form, IPv4 dotted

  // The address `offset` further on, modulo the 128-bit space.
  Address plus(std::uint64_t offset) const;

  auto operator<=>(const Address&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

// A network prefix. The address may have host bits set, as in "10.1.0.5/24"; network()
// clears them.
class Prefix {
 public:
  Prefix() = default;
  // `length` counts bits of the family: 0..32 or 0..128.
  Prefix(Address address, unsigned length) : address_(address), length_(length) {}

  static Result<Prefix> parse(std::string_view text);  // "10.1.0.0/24"

  const Address& address() const { return address_; }
  unsigned length() const { return length_; }
  unsigned mapped_length() const;  // bits of the 16-byte form: IPv4 adds 96
  Family family() const { return address_.family(); }
  Prefix network() const;  // host bits cleared
  Address first() const;   // the network address itself
  Address last() const;    // highest address: IPv4 broadcast
  bool contains(const Address& address) const;
  bool contains(const Prefix& other) const;
  bool overlaps(const Prefix& other) const;
  std::string to_string() const;  // "10.1.0.5/24", host bits kept

  auto operator<=>(const Prefix&) const = default;

 private:
  Address address_;
  unsigned length_ = 0;
};

class Mac {
 public:
  Mac() = default;
  explicit Mac(const std::array<std::uint8_t, 6>& bytes) : bytes_(bytes) {}

  static Result<Mac> parse(std::string_view text);  // "02:42:0a:01:00:05"

  // 02:42 and the IPv4 address, as Docker's bridge up to 27 and its overlay do.
  static Mac from_ipv4(const Address& address);
  static Mac random();  // locally administered, unicast

  const std::array<std::uint8_t, 6>& bytes() const { return bytes_; }
  std::string to_string() const;
  Address link_local() const;  // fe80::/64 with the modified EUI-64 (RFC 4291 appendix A)

  auto operator<=>(const Mac&) const = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

}  // namespace fairlead

template <>
struct std::hash<fairlead::Address> {
  std::size_t operator()(const fairlead::Address& address) const noexcept {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()});
  }
};
