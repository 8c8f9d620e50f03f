#include <algorithm>
#include <charconv>
#include <cstddef>

#include "base/quote.h"
#include "model/address.h"

namespace fairlead {

namespace {

constexpr unsigned kAddressBits = 128;
constexpr unsigned kMappedBits = 96;

unsigned family_bits(Family family) {
  return family == Family::v4 ? kAddressBits - kMappedBits : kAddressBits;
}

// The bits of byte `index` that lie behind the first `length` bits of an address.
std::uint8_t host_mask(std::size_t index, unsigned length) {
  const auto before = static_cast<unsigned>(index) * 8;
  const unsigned kept = length > before ? std::min(length - before, 8U) : 0;
  return static_cast<std::uint8_t>(0xffU >> kept);
}

}  // namespace

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return fail(Errc::invalid_argument,
                quoted(text) + " is not a prefix: expected a form like 192.0.2.0/24");
  }
  auto address = Address::parse(text.substr(0, slash));
  if (!address) return fail(std::move(address).error(), "prefix " + quoted(text));

  const std::string_view digits = text.substr(slash + 1);
  const unsigned limit = family_bits(address->family());
  unsigned length = 0;
  const auto* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, length);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (error != std::errc{} || rest != end || padded || length > limit) {
    return fail(Errc::invalid_argument, "prefix " + quoted(text) +
                                            ": the length behind the slash must be 0 to " +
                                            std::to_string(limit));
  }
  return Prefix(*address, length);
}

unsigned Prefix::mapped_length() const {
  return family() == Family::v4 ? length_ + kMappedBits : length_;
}

Address Prefix::first() const {
  auto bytes = address_.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & ~host_mask(i, mapped_length()));
  }
  return Address(bytes);
}

Address Prefix::last() const {
  auto bytes = address_.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(bytes[i] | host_mask(i, mapped_length()));
  }
  return Address(bytes);
}

Prefix Prefix::network() const { return {first(), length_}; }

bool Prefix::contains(const Address& address) const {
  return address.family() == family() && Prefix(address, length_).first() == first();
}

bool Prefix::contains(const Prefix& other) const {
  return other.length_ >= length_ && contains(other.address_);
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other) || other.contains(*this);
}

std::string Prefix::to_string() const {
  return address_.to_string() + "/" + std::to_string(length_);
}

}  // namespace fairlead
