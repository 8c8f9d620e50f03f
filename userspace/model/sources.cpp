#include "model/sources.h"

#include <algorithm>
#include <charconv>

#include "base/quote.h"

namespace fairlead {

namespace {

constexpr unsigned kWholeV4 = 32;
constexpr unsigned kWholeV6 = 128;

// The protocol behind the slash, which is cut off; TCP without one.
Result<Protocol> take_protocol(std::string_view& text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return Protocol::tcp;
  const std::string_view name = text.substr(slash + 1);
  text = text.substr(0, slash);
  return parse_protocol(name);
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || number == 0) return std::nullopt;
  return number;
}

std::string with_address(const std::optional<Address>& address, const std::string& ports) {
  if (!address) return ports;
  const std::string text = address->to_string();
  return (address->family() == Family::v6 ? "[" + text + "]:" : text + ":") + ports;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Protocol> parse_protocol(std::string_view text) {
  for (const Protocol known : {Protocol::tcp, Protocol::udp, Protocol::sctp})
    if (to_string(known) == text) return known;
  return fail(Errc::invalid_argument, quoted(text) + " is no protocol of ports: tcp, udp or sctp");
}

Result<PublishPolicy::Port> parse_container_port(std::string_view text) {
  std::string_view rest = text;
  const auto protocol = take_protocol(rest);
  if (!protocol) return std::unexpected(protocol.error());
  const auto number = port_number(rest);
  if (!number)
    return fail(Errc::invalid_argument,
                quoted(text) + " is no port: expected a form like 443 or 53/udp");
  return PublishPolicy::Port{.protocol = *protocol, .number = *number};
}

Result<HostPortRange> parse_host_ports(std::string_view text) {
  std::string_view rest = text;
  const auto protocol = take_protocol(rest);
  if (!protocol) return std::unexpected(protocol.error());
  HostPortRange out{.protocol = *protocol, .address = {}};

  if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = rest.substr(0, colon);
    const bool brackets = host.starts_with('[') && host.ends_with(']');
    if (brackets) host = host.substr(1, host.size() - 2);
    auto address = Address::parse(host);
    if (!address || brackets != (address->family() == Family::v6))
      return fail(Errc::invalid_argument, quoted(text) +
                                              ": before the port there must be an address, as in "
                                              "192.0.2.1:443 or [2001:db8::1]:443");
    out.address = *address;
    rest = rest.substr(colon + 1);
  }

  const auto dash = rest.find('-');
  const auto first = port_number(rest.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : port_number(rest.substr(dash + 1));
  if (!first || !last || *last < *first)
    return fail(Errc::invalid_argument,
                quoted(text) +
                    " is no port of the host: expected a form like 443, 53/udp, 20000-24999/udp, "
                    "192.0.2.1:443 or [2001:db8::1]:443");
  out.first = *first;
  out.last = *last;
  return out;
}

Result<Prefix> parse_source(std::string_view text) {
  if (text.find('/') == std::string_view::npos) {
    auto address = Address::parse(text);
    if (!address)
      return fail(Errc::invalid_argument,
                  quoted(text) + " is neither an address nor a prefix like 192.0.2.0/24");
    return Prefix(*address, address->family() == Family::v4 ? kWholeV4 : kWholeV6);
  }
  auto prefix = Prefix::parse(text);
  if (!prefix) return prefix;
  if (*prefix != prefix->network())
    return fail(Errc::invalid_argument, quoted(text) + " has host bits: write " +
                                            prefix->network().to_string() + " or " +
                                            prefix->address().to_string());
  return prefix;
}

Result<std::vector<Prefix>> parse_sources(std::string_view text) {
  std::vector<Prefix> out;
  if (trimmed(text).empty()) return out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    auto prefix = parse_source(trimmed(text.substr(begin, end - begin)));
    if (!prefix) return std::unexpected(std::move(prefix).error());
    out.push_back(*prefix);
    begin = end + 1;
  }
  std::ranges::sort(out);
  const auto twice = std::ranges::unique(out);
  out.erase(twice.begin(), twice.end());
  return out;
}

std::string to_string(const PublishPolicy::Port& port) {
  return std::to_string(port.number) + "/" + to_string(port.protocol);
}

std::string to_string(const HostPort& port) {
  return with_address(port.address, std::to_string(port.number)) + "/" + to_string(port.protocol);
}

std::string to_string(const HostPortRange& ports) {
  std::string numbers = std::to_string(ports.first);
  if (ports.last != ports.first) numbers += "-" + std::to_string(ports.last);
  return with_address(ports.address, numbers) + "/" + to_string(ports.protocol);
}

std::string to_string(const std::vector<Prefix>& sources) {
  std::string out;
  for (const Prefix& source : sources) out += (out.empty() ? "" : ",") + source.to_string();
  return out;
}

SourceRules only(const std::vector<Prefix>& sources) {
  SourceRules out{.rules = {}, .otherwise = false};
  for (const Prefix& source : sources) out.rules.push_back({.prefix = source, .allow = true});
  std::ranges::sort(out.rules);
  const auto twice = std::ranges::unique(out.rules);
  out.rules.erase(twice.begin(), twice.end());
  return out;
}

bool permits(const SourceRules& rules, const Address& source) {
  const SourceRules::Rule* longest = nullptr;
  for (const SourceRules::Rule& rule : rules.rules)
    if (rule.prefix.contains(source) &&
        (longest == nullptr || rule.prefix.length() > longest->prefix.length()))
      longest = &rule;
  return longest != nullptr ? longest->allow : rules.otherwise;
}

}  // namespace fairlead
