// Addresses, prefixes, MACs, ports and lists of sources as Docker, users and files write them.
#include <algorithm>
#include <string>

#include "fuzz.h"
#include "model/address.h"
#include "model/publish_options.h"
#include "model/sources.h"

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

void try_sources(std::string_view text) {
  const auto sources = parse_sources(text);
  if (!sources) return check_message(sources.error());
  require(parse_sources(to_string(*sources)) == *sources, "a list survives its text");
  const SourceRules rules = only(*sources);
  for (const Prefix& source : *sources) {
    require(source == source.network(), "a source has no host bits");
    require(permits(rules, source.first()) && permits(rules, source.last()),
            "a list lets in its own");
  }
}

void try_ports(std::string_view text) {
  if (const auto ports = parse_host_ports(text)) {
    require(ports->first > 0 && ports->first <= ports->last, "a range has ports");
    require(parse_host_ports(to_string(*ports)) == *ports, "ports survive their text");
  } else {
    check_message(ports.error());
  }
  if (const auto port = parse_container_port(text))
    require(parse_container_port(to_string(*port)) == *port, "a port survives its text");
  else
    check_message(port.error());
}

// An option, its name and its value on both sides of the first "=".
void try_option(std::string_view text) {
  const auto at = std::min(text.find('='), text.size());
  const auto policy = publish_policy({{"fairlead.publish.allow" + std::string(text.substr(0, at)),
                                       std::string(text.substr(std::min(at + 1, text.size())))}});
  if (!policy) check_message(policy.error());
}

}  // namespace
}  // namespace fairlead::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fairlead::fuzz::as_text(data, size);
  fairlead::fuzz::try_address(text);
  fairlead::fuzz::try_prefix(text);
  fairlead::fuzz::try_mac(text);
  fairlead::fuzz::try_sources(text);
  fairlead::fuzz::try_ports(text);
  fairlead::fuzz::try_option(text);
  return 0;
}
