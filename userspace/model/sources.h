// Who may reach published ports: as people write it, and how it is decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/network.h"

namespace fairlead {

// A port of the host, published or not.
struct HostPort {
  Protocol protocol = Protocol::tcp;
  std::optional<Address> address;  // absent: every address of the host
  std::uint16_t number = 0;

  auto operator<=>(const HostPort&) const = default;
};

// Ports of the host, on one address or on every one.
struct HostPortRange {
  Protocol protocol = Protocol::tcp;
  std::optional<Address> address;
  std::uint16_t first = 0;  // never 0
  std::uint16_t last = 0;   // first or more

  bool operator==(const HostPortRange&) const = default;
};

Result<Protocol> parse_protocol(std::string_view text);  // "tcp", "udp", "sctp"

// "443", "443/udp": without a protocol it is TCP.
Result<PublishPolicy::Port> parse_container_port(std::string_view text);
// "443", "20000-24999/udp", "198.18.0.1:443/tcp", "[2001:db8::1]:443".
Result<HostPortRange> parse_host_ports(std::string_view text);

// "10.0.0.0/8", or an address, which is a prefix of its own. Host bits are refused, for whoever
// set them may have meant the address alone.
Result<Prefix> parse_source(std::string_view text);
// With commas between; "" is an empty list. Sorted, none twice.
Result<std::vector<Prefix>> parse_sources(std::string_view text);

std::string to_string(const PublishPolicy::Port& port);     // "443/tcp"
std::string to_string(const HostPort& port);                // "198.18.0.1:443/tcp"
std::string to_string(const HostPortRange& ports);          // "198.18.0.1:443-450/tcp"
std::string to_string(const std::vector<Prefix>& sources);  // with commas between

// Those of the list and nobody else.
SourceRules only(const std::vector<Prefix>& sources);

// As the data path decides (fl_sources in bpf/shared/nat.h).
bool permits(const SourceRules& rules, const Address& source);

}  // namespace fairlead
