#include "datapath/outer_header.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <algorithm>
#include <cstring>

namespace fairlead::datapath {

namespace {

constexpr std::uint8_t kTtl = 64;
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint8_t kVniValid = 0x08;
constexpr std::size_t kMappedV4 = 12;  // where the IPv4 address is in the 16 bytes
constexpr std::size_t kNetwork = sizeof(ethhdr);

struct Vxlan {  // RFC 7348 5
  std::uint8_t flags;
  std::uint8_t reserved[3];
  std::uint8_t vni[3];
  std::uint8_t reserved2;
};
static_assert(sizeof(ethhdr) + sizeof(iphdr) + sizeof(udphdr) + sizeof(Vxlan) == FL_OUTER_V4);
static_assert(sizeof(ethhdr) + sizeof(ipv6hdr) + sizeof(udphdr) + sizeof(Vxlan) == FL_OUTER_V6);

// Writes structs one after the other.
class Writer {
 public:
  explicit Writer(fl_hop& target) : target_(target) {}

  template <typename Header>
  void add(const Header& header) {
    std::memcpy(target_.header + target_.len, &header, sizeof(header));
    target_.len += static_cast<__u32>(sizeof(header));
  }

 private:
  fl_hop& target_;
};

iphdr ipv4(const Address& local, const Address& remote) {
  iphdr header{};
  header.version = 4;
  header.ihl = sizeof(header) / 4;
  header.frag_off = htons(kDontFragment);
  header.ttl = kTtl;
  header.protocol = IPPROTO_UDP;
  std::memcpy(&header.saddr, local.bytes().data() + kMappedV4, sizeof(header.saddr));
  std::memcpy(&header.daddr, remote.bytes().data() + kMappedV4, sizeof(header.daddr));
  return header;
}

ipv6hdr ipv6(const Address& local, const Address& remote) {
  ipv6hdr header{};
  header.version = 6;
  header.nexthdr = IPPROTO_UDP;
  header.hop_limit = kTtl;
  std::memcpy(&header.saddr, local.bytes().data(), sizeof(header.saddr));
  std::memcpy(&header.daddr, remote.bytes().data(), sizeof(header.daddr));
  return header;
}

// Length, TOS and checksum are 0 in it, so the program adds only the first two.
std::uint32_t sum_of_words(const iphdr& header) {
  std::uint16_t words[sizeof(header) / sizeof(std::uint16_t)];
  std::memcpy(words, &header, sizeof(words));
  std::uint32_t sum = 0;
  for (const std::uint16_t word : words) sum += word;
  return sum;
}

}  // namespace

fl_hop outer_header(const NextHop& hop, const Address& local, const Address& remote,
                    std::uint16_t port) {
  const bool v4 = remote.family() == Family::v4;
  fl_hop made{};
  made.ifindex = static_cast<__u32>(hop.device);
  made.mtu = hop.mtu;

  ethhdr ethernet{};
  std::memcpy(ethernet.h_dest, hop.destination.bytes().data(), sizeof(ethernet.h_dest));
  std::memcpy(ethernet.h_source, hop.source.bytes().data(), sizeof(ethernet.h_source));
  ethernet.h_proto = htons(v4 ? ETH_P_IP : ETH_P_IPV6);
  Writer writer(made);
  writer.add(ethernet);
  if (v4) {
    const iphdr header = ipv4(local, remote);
    made.sum = sum_of_words(header);
    writer.add(header);
  } else {
    writer.add(ipv6(local, remote));
  }
  udphdr udp{};
  udp.dest = htons(port);
  writer.add(udp);
  Vxlan vxlan{};
  vxlan.flags = kVniValid;
  writer.add(vxlan);
  return made;
}

NextHop hop_of(const fl_hop& header) {
  ethhdr ethernet;
  std::memcpy(&ethernet, header.header, sizeof(ethernet));
  return {.device = static_cast<int>(header.ifindex),
          .source = Mac(std::to_array(ethernet.h_source)),
          .destination = Mac(std::to_array(ethernet.h_dest)),
          .mtu = header.mtu};
}

std::uint16_t port_of(const fl_hop& header) {
  const std::size_t ip = header.len == FL_OUTER_V4 ? sizeof(iphdr) : sizeof(ipv6hdr);
  udphdr udp;
  std::memcpy(&udp, header.header + kNetwork + ip, sizeof(udp));
  return ntohs(udp.dest);
}

}  // namespace fairlead::datapath
