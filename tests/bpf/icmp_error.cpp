#include "icmp_error.h"

#include <arpa/inet.h>

namespace fairlead::test {

Bytes quote(const Packet& packet, std::size_t length) {
  const std::size_t end = std::min(packet.size(), length > packet.size() ? SIZE_MAX : 14 + length);
  return {
      Buffer(packet.bytes.begin() + 14, packet.bytes.begin() + static_cast<std::ptrdiff_t>(end))};
}

Bytes translated_quote(std::uint8_t proto, const Packet& was, const Packet& becomes,
                       std::size_t length) {
  Bytes out = quote(becomes, length);
  const std::size_t l3 = becomes.bytes[12] == 0x08 ? 20 : 40;
  if (proto == IPPROTO_TCP && length == l3 + 17) out.bytes.back() = quote(was, length).bytes.back();
  return out;
}

Packet icmp_error(const Eth& eth, const Layer& ip, const Told& told, const Bytes& quoted) {
  const auto* either = std::get_if<Ip>(&ip);
  const bool v4 = std::holds_alternative<Ipv4>(ip) || (either != nullptr && either->dst.is_v4());
  return build({eth, ip,
                Icmp{.type = v4 ? told.type4 : told.type6,
                     .code = v4 ? told.code4 : told.code6,
                     .rest = told.rest},
                quoted});
}

Packet between(std::uint8_t proto, const Tuple& t, const std::vector<Layer>& extra) {
  std::vector<Layer> layers{Eth{}, Ip{.src = t.src, .dst = t.dst, .ttl = 3}};
  layers.insert(layers.end(), extra.begin(), extra.end());
  switch (proto) {
    case IPPROTO_TCP:
      layers.emplace_back(Tcp{.sport = t.sport, .dport = t.dport, .flags = kAck});
      layers.emplace_back(payload(20));
      break;
    case IPPROTO_UDP:
      layers.emplace_back(Udp{.sport = t.sport, .dport = t.dport});
      layers.emplace_back(payload(24));
      break;
    case IPPROTO_SCTP:
      layers.emplace_back(Sctp{.sport = t.sport, .dport = t.dport});
      layers.emplace_back(payload(24));
      break;
    default:
      layers.emplace_back(Echo{.id = t.sport});
      layers.emplace_back(payload(24));
  }
  return build(layers);
}

std::vector<std::uint8_t> translated_protocols(Family family) {
  return {IPPROTO_TCP, IPPROTO_UDP, icmp_proto(family)};
}

fl_flow key(const Way& way) {
  return flow(way.proto, way.shows.src, way.shows.sport, way.shows.dst, way.shows.dport);
}

fl_nat entry(const Way& way) {
  fl_nat out{};
  out.src = way.becomes.src.raw();
  out.dst = way.becomes.dst.raw();
  out.sport = htons(way.becomes.sport);
  out.dport = htons(way.becomes.dport);
  out.kind = static_cast<std::uint8_t>(way.kind);
  out.flags = way.flags;
  out.network = way.owner->network;
  out.ifindex = way.to != nullptr ? way.to->ifindex() : 0;
  out.endpoint = way.owner->ifindex();
  return out;
}

}  // namespace fairlead::test
