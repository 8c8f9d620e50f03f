#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/quote.h"
#include "model/address.h"

namespace fairlead {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::size_t kTextLength = 17;  // aa:bb:cc:dd:ee:ff
constexpr std::uint8_t kGroup = 0x01;    // IEEE 802: multicast bit of the first byte
constexpr std::uint8_t kLocal = 0x02;    // locally administered

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::optional<std::array<std::uint8_t, 6>> read_bytes(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  std::array<std::uint8_t, 6> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto high = hex_value(text[3 * i]);
    const auto low = hex_value(text[3 * i + 1]);
    const bool separated = i + 1 == bytes.size() || text[3 * i + 2] == ':';
    if (!high || !low || !separated) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return bytes;
}

}  // namespace

Result<Mac> Mac::parse(std::string_view text) {
  const auto bytes = read_bytes(text);
  if (!bytes) {
    return fail(Errc::invalid_argument,
                quoted(text) + " is not a MAC address: expected a form like 02:42:0a:01:00:05");
  }
  return Mac(*bytes);
}

Mac Mac::from_ipv4(const Address& address) {
  const auto& from = address.bytes();
  return Mac({0x02, 0x42, from[12], from[13], from[14], from[15]});
}

Mac Mac::random() {
  std::array<std::uint8_t, 6> bytes{};
  // Cannot fail for so few bytes once the kernel's pool is seeded, which it waits for.
  [[maybe_unused]] const int done = ::getentropy(bytes.data(), bytes.size());
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & ~kGroup) | kLocal);
  return Mac(bytes);
}

std::string Mac::to_string() const {
  std::string text;
  for (const auto byte : bytes_) {
    if (!text.empty()) text += ':';
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

Address Mac::link_local() const {
  std::array<std::uint8_t, 16> bytes{0xfe, 0x80};
  std::copy_n(bytes_.begin(), 3, bytes.begin() + 8);
  bytes[8] ^= kLocal;
  bytes[11] = 0xff;
  bytes[12] = 0xfe;
  std::copy_n(bytes_.begin() + 3, 3, bytes.begin() + 13);
  return Address(bytes);
}

}  // namespace fairlead
