#include "shapes.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kFirst = 32;  // bytes of the first fragment
constexpr std::uint16_t kId = 99;

// The L4 header and its payload, summed up over the whole datagram.
Buffer l4_bytes(const Shape& shape, std::uint8_t proto, const Tuple& t, bool echo_reply) {
  const auto after_ip = [&](const Layer& l4) {
    const Packet p = build({Eth{}, Ip{.src = t.src, .dst = t.dst}, l4, payload(64)});
    return Buffer(p.bytes.begin() + 14 + (t.dst.is_v4() ? 20 : 40), p.bytes.end());
  };
  switch (proto) {
    case IPPROTO_TCP:
      return after_ip(Tcp{.sport = t.sport, .dport = t.dport, .flags = kAck});
    case IPPROTO_UDP:
      return after_ip(Udp{.sport = t.sport, .dport = t.dport, .checksum = shape.checksum});
    case IPPROTO_SCTP:
      return after_ip(Sctp{.sport = t.sport, .dport = t.dport});
    default:
      return after_ip(Echo{.id = t.sport, .reply = echo_reply});
  }
}

Buffer slice(const Buffer& all, std::size_t from, std::size_t to) {
  return {all.begin() + static_cast<std::ptrdiff_t>(from),
          all.begin() + static_cast<std::ptrdiff_t>(to)};
}

Buffer ah(std::uint8_t next) {
  Buffer out{next, 4, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1};  // 24 bytes, in words of 4 less 2
  out.resize(24, 0xa5);
  return out;
}

Packet v4_frame(const Shape& shape, std::uint8_t proto, const Eth& eth, const Tuple& t,
                std::uint8_t ttl, Buffer part, std::uint16_t offset, bool more) {
  return packet(eth,
                Ipv4{.src = t.src,
                     .dst = t.dst,
                     .ttl = ttl,
                     .proto = proto,
                     .id = kId,
                     .mf = more,
                     .offset = offset,
                     .options = shape.options},
                Bytes{std::move(part)});
}

Packet v6_frame(const Shape& shape, std::uint8_t proto, const Eth& eth, const Tuple& t,
                std::uint8_t ttl, Buffer part, std::uint16_t offset, bool more) {
  // Each header is told what follows it, because the last one is mere bytes.
  std::uint8_t next = proto;
  std::vector<Layer> after{Bytes{std::move(part)}};
  if (shape.fragmented) {
    after.insert(after.begin(), Fragment6{.offset = offset, .more = more, .id = kId, .next = next});
    next = IPPROTO_FRAGMENT;
  }
  for (auto i = shape.extensions.rbegin(); i != shape.extensions.rend(); ++i) {
    Extension extension = *i;
    extension.next = next;
    next = extension.type;
    after.insert(after.begin(), extension);
  }
  std::vector<Layer> layers{eth, Ipv6{.src = t.src, .dst = t.dst, .ttl = ttl, .next = next}};
  layers.insert(layers.end(), after.begin(), after.end());
  return build(layers);
}

}  // namespace

bool Shape::fits(std::uint8_t proto, Family family) const {
  return checksum || (proto == IPPROTO_UDP && family == Family::v4);  // RFC 8200 8.1
}

const std::vector<Shape>& shapes(Family family) {
  static const Buffer kOptions{7, 7, 4, 0, 0, 0, 0};  // record route, no room left
  static const Extension kHopByHop{.type = 0, .body = {1, 4, 0, 0, 0, 0}};
  static const Extension kDestination{.type = 60, .body = payload(12).bytes};
  static const Extension kRouting{.type = 43, .body = {4, 0, 0, 0, 0, 0}};  // segments left: 0
  static const std::vector<Shape> kV4{
      {.name = "plain"},
      {.name = "options", .options = kOptions},
      {.name = "as many options as there can be", .options = Buffer(40, 1)},
      {.name = "fragments", .fragmented = true},
      {.name = "fragments with options", .options = kOptions, .fragmented = true},
      {.name = "no checksum", .checksum = false},
      {.name = "fragments without checksum", .fragmented = true, .checksum = false},
  };
  static const std::vector<Shape> kV6{
      {.name = "plain"},
      {.name = "hop-by-hop", .extensions = {kHopByHop}},
      {.name = "destination options", .extensions = {kDestination}},
      {.name = "routing", .extensions = {kRouting}},
      {.name = "AH", .authenticated = true},
      {.name = "all of them",
       .extensions = {kHopByHop, kDestination, kRouting, kDestination},
       .authenticated = true},
      {.name = "fragments", .fragmented = true},
      {.name = "fragments behind headers",
       .extensions = {kHopByHop, kDestination, kRouting},
       .fragmented = true},
      {.name = "fragments of AH", .authenticated = true, .fragmented = true},
  };
  return family == Family::v4 ? kV4 : kV6;
}

std::vector<Packet> shaped(const Shape& shape, std::uint8_t proto, const Eth& eth, const Tuple& t,
                           std::uint8_t ttl, bool echo_reply) {
  Buffer body = l4_bytes(shape, proto, t, echo_reply);
  std::uint8_t first_header = proto;
  if (shape.authenticated) {
    const Buffer header = ah(proto);
    body.insert(body.begin(), header.begin(), header.end());
    first_header = IPPROTO_AH;
  }
  const auto frame = [&](std::size_t from, std::size_t to) {
    const auto make = t.dst.is_v4() ? v4_frame : v6_frame;
    return make(shape, first_header, eth, t, ttl, slice(body, from, to),
                static_cast<std::uint16_t>(from), to != body.size());
  };
  if (!shape.fragmented) return {frame(0, body.size())};
  const std::size_t cut = kFirst + (shape.authenticated ? 24U : 0U);
  return {frame(0, cut), frame(cut, body.size())};
}

}  // namespace fairlead::test
