// Headers to bytes, from the last header to the first, so that each knows what follows it.
#include "packet.h"

#include <netinet/in.h>

#include <numeric>

namespace fairlead::test {
namespace {

constexpr std::uint8_t kIcmp4 = IPPROTO_ICMP;
constexpr std::uint8_t kIcmp6 = IPPROTO_ICMPV6;

void put8(Buffer& out, unsigned value) { out.push_back(static_cast<std::uint8_t>(value)); }
void put16(Buffer& out, unsigned value) {
  put8(out, value >> 8 & 0xff);
  put8(out, value & 0xff);
}
void put32(Buffer& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
void put(Buffer& out, const Buffer& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
void put(Buffer& out, const Mac& mac) { out.insert(out.end(), mac.bytes.begin(), mac.bytes.end()); }
void put_v4(Buffer& out, const Addr& a) { out.insert(out.end(), a.bytes.end() - 4, a.bytes.end()); }
void put_v6(Buffer& out, const Addr& a) { out.insert(out.end(), a.bytes.begin(), a.bytes.end()); }

void set16(Buffer& bytes, std::size_t at, unsigned value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// Addresses that a transport header's checksum covers.
struct Ends {
  Addr src;
  Addr dst;
};

std::uint16_t transport_checksum(const Ends& ends, std::uint8_t proto, const Buffer& segment) {
  Buffer all;
  if (ends.dst.is_v4()) {
    put_v4(all, ends.src);
    put_v4(all, ends.dst);
  } else {
    put_v6(all, ends.src);
    put_v6(all, ends.dst);
  }
  put32(all, static_cast<std::uint32_t>(segment.size()));
  put32(all, proto);
  put(all, segment);
  return internet_checksum(all);
}

std::uint8_t next_header(const Layer& next, bool v4) {
  if (const auto* ext = std::get_if<Extension>(&next)) return ext->type;
  if (std::holds_alternative<Fragment6>(next)) return IPPROTO_FRAGMENT;
  if (std::holds_alternative<Udp>(next)) return IPPROTO_UDP;
  if (std::holds_alternative<Tcp>(next)) return IPPROTO_TCP;
  if (std::holds_alternative<Sctp>(next)) return IPPROTO_SCTP;
  if (std::holds_alternative<Icmp>(next) || std::holds_alternative<Echo>(next)) {
    return v4 ? kIcmp4 : kIcmp6;
  }
  return 253;  // for experiments (RFC 3692)
}

std::uint16_t ether_type(const Layer& next) {
  if (std::holds_alternative<Vlan>(next)) return 0x8100;
  if (std::holds_alternative<Arp>(next)) return 0x0806;
  if (std::holds_alternative<Ipv6>(next)) return 0x86dd;
  if (const auto* ip = std::get_if<Ip>(&next)) return ip->dst.is_v4() ? 0x0800 : 0x86dd;
  return 0x0800;
}

// One layer and what surrounds it.
struct Encoder {
  Layer next;
  Ends ends;
  Buffer after;  // the bytes of all later layers

  Buffer operator()(const Eth& h) const {
    Buffer out;
    put(out, h.dst);
    put(out, h.src);
    put16(out, h.type.value_or(ether_type(next)));
    return out;
  }
  Buffer operator()(const Vlan& h) const {
    Buffer out;
    put16(out, h.id);
    put16(out, ether_type(next));
    return out;
  }
  Buffer operator()(const Arp& h) const {
    Buffer out;
    put16(out, h.hardware);
    put16(out, 0x0800);
    put8(out, 6);
    put8(out, 4);
    put16(out, h.op);
    put(out, h.sender_mac);
    put_v4(out, h.sender);
    put(out, h.target_mac);
    put_v4(out, h.target);
    return out;
  }
  Buffer operator()(const Ipv4& h) const {
    Buffer options = h.options;
    options.resize((options.size() + 3) / 4 * 4);
    const std::size_t length = 20 + options.size();
    Buffer out;
    put8(out, static_cast<unsigned>(0x40 | length / 4));
    put8(out, h.tos);
    put16(out, h.total_length.value_or(static_cast<std::uint16_t>(length + after.size())));
    put16(out, h.id);
    put16(out, (h.df ? 0x4000u : 0) | (h.mf ? 0x2000u : 0) | h.offset / 8u);
    put8(out, h.ttl);
    put8(out, h.proto.value_or(next_header(next, true)));
    put16(out, 0);
    put_v4(out, h.src);
    put_v4(out, h.dst);
    put(out, options);
    set16(out, 10, internet_checksum(out));
    return out;
  }
  Buffer operator()(const Ipv6& h) const {
    Buffer out;
    put32(out, 6u << 28 | std::uint32_t{h.traffic_class} << 20 | h.flow_label);
    put16(out, h.payload_length.value_or(static_cast<std::uint16_t>(after.size())));
    put8(out, h.next.value_or(next_header(next, false)));
    put8(out, h.ttl);
    put_v6(out, h.src);
    put_v6(out, h.dst);
    return out;
  }
  Buffer operator()(const Ip& h) const {
    if (h.dst.is_v4()) {
      return (*this)(Ipv4{.src = h.src, .dst = h.dst, .ttl = h.ttl, .df = h.df, .tos = h.tos});
    }
    return (*this)(Ipv6{.src = h.src, .dst = h.dst, .ttl = h.ttl, .traffic_class = h.tos});
  }
  Buffer operator()(const Extension& h) const {
    Buffer out;
    put8(out, h.next.value_or(next_header(next, false)));
    put8(out, 0);
    put(out, h.body);
    out.resize((out.size() + 7) / 8 * 8);
    out[1] = static_cast<std::uint8_t>(out.size() / 8 - 1);
    return out;
  }
  Buffer operator()(const Fragment6& h) const {
    Buffer out;
    put8(out, h.next.value_or(next_header(next, false)));
    put8(out, 0);
    put16(out, h.offset | (h.more ? 1u : 0));
    put32(out, h.id);
    return out;
  }
  Buffer operator()(const Udp& h) const {
    Buffer out;
    put16(out, h.sport);
    put16(out, h.dport);
    put16(out, static_cast<unsigned>(8 + after.size()));
    put16(out, 0);
    if (!h.checksum) return out;
    const std::uint16_t sum = checksum(IPPROTO_UDP, out);
    set16(out, 6, sum ? sum : 0xffff);
    return out;
  }
  Buffer operator()(const Tcp& h) const {
    Buffer options = h.options;
    options.resize((options.size() + 3) / 4 * 4);
    Buffer out;
    put16(out, h.sport);
    put16(out, h.dport);
    put32(out, h.seq);
    put32(out, h.ack);
    put8(out, static_cast<unsigned>((20 + options.size()) / 4 << 4));
    put8(out, h.flags);
    put16(out, 65535);
    put32(out, 0);
    put(out, options);
    set16(out, 16, checksum(IPPROTO_TCP, out));
    return out;
  }
  Buffer operator()(const Sctp& h) const {
    Buffer out;
    put16(out, h.sport);
    put16(out, h.dport);
    put32(out, 0x12345678);
    put32(out, 0);
    return out;
  }
  Buffer operator()(const Icmp& h) const {
    Buffer out;
    put8(out, h.type);
    put8(out, h.code);
    put16(out, 0);
    put32(out, h.rest);
    if (!ends.dst.is_v4()) {
      set16(out, 2, checksum(IPPROTO_ICMPV6, out));
      return out;
    }
    Buffer all = out;
    put(all, after);
    set16(out, 2, internet_checksum(all));
    return out;
  }
  Buffer operator()(const Echo& h) const {
    const bool v4 = ends.dst.is_v4();
    const int type = v4 ? (h.reply ? 0 : 8) : (h.reply ? 129 : 128);
    return (*this)(
        Icmp{.type = static_cast<std::uint8_t>(type), .rest = std::uint32_t{h.id} << 16 | h.seq});
  }
  Buffer operator()(const Vxlan& h) const {
    Buffer out;
    put32(out, std::uint32_t{h.flags} << 24);
    put32(out, h.vni << 8);
    return out;
  }
  Buffer operator()(const Bytes& h) const { return h.bytes; }

 private:
  std::uint16_t checksum(std::uint8_t proto, const Buffer& header) const {
    Buffer segment = header;
    put(segment, after);
    return transport_checksum(ends, proto, segment);
  }
};

std::optional<Ends> ends_of(const Layer& layer) {
  if (const auto* ip = std::get_if<Ipv4>(&layer)) return Ends{ip->src, ip->dst};
  if (const auto* ip = std::get_if<Ipv6>(&layer)) return Ends{ip->src, ip->dst};
  if (const auto* ip = std::get_if<Ip>(&layer)) return Ends{ip->src, ip->dst};
  return std::nullopt;
}

}  // namespace

std::uint16_t internet_checksum(const Buffer& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += bytes[i] << (i % 2 ? 0 : 8);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

Packet Packet::first(std::size_t length) const {
  return Packet{Buffer(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))};
}

Packet build(const std::vector<Layer>& layers) {
  Encoder encoder{.next = Bytes{}, .ends = {}, .after = {}};
  for (std::size_t i = layers.size(); i-- > 0;) {
    encoder.ends = {};
    for (std::size_t outer = 0; outer < i; ++outer) {
      if (auto ends = ends_of(layers[outer])) encoder.ends = *ends;
    }
    Buffer bytes = std::visit(encoder, layers[i]);
    put(bytes, encoder.after);
    encoder.after = std::move(bytes);
    encoder.next = layers[i];
  }
  return Packet{std::move(encoder.after)};
}

Bytes payload(std::size_t length) {
  Bytes out{Buffer(length)};
  std::iota(out.bytes.begin(), out.bytes.end(), std::uint8_t{1});
  return out;
}

std::pair<Packet, Packet> fragments(const Packet& whole, std::uint16_t first, std::uint16_t id) {
  const Buffer& b = whole.bytes;
  const bool v4 = b[12] == 0x08;
  const std::size_t l3 = v4 ? 20 : 40;
  const Buffer body(b.begin() + static_cast<std::ptrdiff_t>(14 + l3), b.end());
  const auto piece = [&](std::uint16_t offset, bool more) {
    const auto from = body.begin() + offset;
    const Buffer data(from, more ? from + first : body.end());
    Packet out = whole.first(14 + l3);
    if (v4) {
      set16(out.bytes, 14 + 2, static_cast<unsigned>(l3 + data.size()));
      set16(out.bytes, 14 + 4, id);
      set16(out.bytes, 14 + 6, (more ? 0x2000u : 0) | offset / 8u);
      set16(out.bytes, 14 + 10, 0);
      set16(out.bytes, 14 + 10, internet_checksum(Buffer(out.bytes.begin() + 14, out.bytes.end())));
    } else {
      set16(out.bytes, 14 + 4, static_cast<unsigned>(8 + data.size()));
      out.bytes[14 + 6] = IPPROTO_FRAGMENT;
      put8(out.bytes, b[14 + 6]);
      put8(out.bytes, 0);
      put16(out.bytes, offset | (more ? 1u : 0));
      put32(out.bytes, id);
    }
    put(out.bytes, data);
    return out;
  };
  return {piece(0, true), piece(first, false)};
}

}  // namespace fairlead::test
