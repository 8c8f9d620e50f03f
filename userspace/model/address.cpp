#include "model/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/quote.h"

namespace fairlead {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

// ::ffff:0:0/96, RFC 4291 section 2.5.5.2.
constexpr Bytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr std::size_t kMappedBytes = 12;

bool is_mapped(const Bytes& bytes) {
  return std::equal(bytes.begin(), bytes.begin() + kMappedBytes, kMapped.begin());
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  // inet_pton() stops at a NUL; what comes behind one must not be ignored.
  if (text.size() < INET6_ADDRSTRLEN && text.find('\0') == std::string_view::npos) {
    const std::string copy(text);
    Bytes bytes = kMapped;
    if (::inet_pton(AF_INET, copy.c_str(), bytes.data() + kMappedBytes) == 1) return Address(bytes);
    if (::inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) {
      if (!is_mapped(bytes)) return Address(bytes);
      return fail(
          Errc::invalid_argument,
          quoted(text) + " is an IPv4 address in IPv6 form: write " + Address(bytes).to_string());
    }
  }
  return fail(Errc::invalid_argument, quoted(text) +
                                          " is not an IP address: expected a form like 192.0.2.1 "
                                          "or 2001:db8::1");
}

Address Address::any(Family family) { return family == Family::v4 ? Address(kMapped) : Address(); }

Family Address::family() const { return is_mapped(bytes_) ? Family::v4 : Family::v6; }

bool Address::is_any() const { return *this == any(family()); }

bool Address::is_loopback() const {
  if (family() == Family::v4) return bytes_[12] == 127;
  return *this == Address().plus(1);
}

bool Address::is_link_local() const {
  if (family() == Family::v4) return bytes_[12] == 169 && bytes_[13] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool Address::is_multicast() const {
  if (family() == Family::v4) return (bytes_[12] & 0xf0) == 0xe0;
  return bytes_[0] == 0xff;
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = family() == Family::v4;
  const auto* from = bytes_.data() + (v4 ? kMappedBytes : 0);
  ::inet_ntop(v4 ? AF_INET : AF_INET6, from, text.data(), text.size());
  return text.data();
}

Address Address::plus(std::uint64_t offset) const {
  Bytes sum = bytes_;
  unsigned carry = 0;
  for (std::size_t i = sum.size(); i-- > 0;) {
    carry += sum[i] + static_cast<unsigned>(offset & 0xff);
    sum[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
    offset >>= 8;
  }
  return Address(sum);
}

}  // namespace fairlead
