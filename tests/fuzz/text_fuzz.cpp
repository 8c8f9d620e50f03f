// Addresses, prefixes and MACs as Docker, users and files write them.
#include <algorithm>
#include <string>

#include "fuzz.h"
#include "model/address.h"

namespace fairlead::fuzz {
namespace {

void check_message(const Error& error) {
  require(error.code() == Errc::invalid_argument, "bad text is invalid_argument");
  require(!error.message().empty() && error.message().size() < 1000, "a message is of use");
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  require(std::all_of(error.message().begin(), error.message().end(), printable),
          "a message cannot be forged by what it quotes");
}

void try_address(std::string_view text) {
  const auto address = Address::parse(text);
  if (!address) return check_message(address.error());
  require(Address::parse(address->to_string()) == *address, "an address survives its text");
  require(address->plus(~std::uint64_t{0}).plus(1).plus(7) ==
              address->plus(7).plus(1).plus(~std::uint64_t{0}),
          "sums do not depend on their order");
}

void try_prefix(std::string_view text) {
  const auto prefix = Prefix::parse(text);
  if (!prefix) return check_message(prefix.error());
  require(Prefix::parse(prefix->to_string()) == *prefix, "a prefix survives its text");
  require(prefix->first() <= prefix->address(), "its address is not below its first");
  require(prefix->address() <= prefix->last(), "its address is not above its last");
  require(prefix->contains(prefix->address()), "it contains its address");
  require(prefix->contains(*prefix) && prefix->overlaps(prefix->network()), "it overlaps itself");
  require(prefix->network().network() == prefix->network(), "a network's network is itself");
}

void try_mac(std::string_view text) {
  const auto mac = Mac::parse(text);
  if (!mac) return check_message(mac.error());
  require(Mac::parse(mac->to_string()) == *mac, "a MAC survives its text");
  require(mac->link_local().is_link_local(), "its link-local address is one");
}

}  // namespace
}  // namespace fairlead::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fairlead::fuzz::as_text(data, size);
  fairlead::fuzz::try_address(text);
  fairlead::fuzz::try_prefix(text);
  fairlead::fuzz::try_mac(text);
  return 0;
}
