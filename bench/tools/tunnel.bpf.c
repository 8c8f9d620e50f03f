/* SPDX-License-Identifier: GPL-2.0-only */
/* redirect.bpf.c with a tunnel: what a VXLAN header (RFC 7348) costs if its contents cost nothing.
 * All is constant but the lengths and the IPv4 checksum, and nothing is looked up or checked. TO,
 * PEER: as there. NEAR, FAR: IPv4 addresses of the two hosts as numbers; NEAR_MAC, FAR_MAC: {0x02,
 * ...}.
 */
/* clang-format off */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

char LICENSE[] SEC("license") = "GPL";

#define PORT 4789

struct outer {
  struct ethhdr eth;
  struct iphdr ip;
  struct udphdr udp;
  __be32 vxlan[2];
} __attribute__((packed, aligned(2)));

#define ADDED sizeof(struct outer)
#define TUNNEL_FLAGS                                                                        \
  (BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | \
   BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN) | BPF_F_ADJ_ROOM_ENCAP_L2_ETH)

#if !PEER
static __always_inline __u16 ip_sum(const struct outer* outer) {
  const __u16* words = (const void*)outer + sizeof(outer->eth);
  __u32 sum = 0;
#pragma unroll
  for (int i = 0; i < 10; i++) sum += words[i];
  sum = (sum & 0xffff) + (sum >> 16);
  return ~(sum + (sum >> 16));
}

/* What is not IPv4, ARP above all, goes without a tunnel. */
SEC("tc")
int into(struct __sk_buff* skb) {
  static const unsigned char near_mac[] = NEAR_MAC, far_mac[] = FAR_MAC;
  struct ethhdr inner;
  if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, 0, &inner, sizeof inner) ||
      bpf_skb_adjust_room(skb, ADDED, BPF_ADJ_ROOM_MAC, TUNNEL_FLAGS))
    return bpf_redirect(TO, 0);
  struct outer* outer = (void*)(long)skb->data;
  struct ethhdr* behind = (void*)(outer + 1);
  if ((void*)(behind + 1) > (void*)(long)skb->data_end) return TC_ACT_SHOT;
  *behind = inner;
  __builtin_memcpy(outer->eth.h_source, near_mac, ETH_ALEN);
  __builtin_memcpy(outer->eth.h_dest, far_mac, ETH_ALEN);
  outer->ip = (struct iphdr){.version = 4,
                             .ihl = 5,
                             .ttl = 64,
                             .frag_off = bpf_htons(0x4000),
                             .protocol = IPPROTO_UDP,
                             .tot_len = bpf_htons(skb->len - ETH_HLEN),
                             .saddr = bpf_htonl(NEAR),
                             .daddr = bpf_htonl(FAR)};
  outer->ip.check = ip_sum(outer);
  outer->udp = (struct udphdr){.source = bpf_htons(50000),
                               .dest = bpf_htons(PORT),
                               .len = bpf_htons(skb->len - ETH_HLEN - sizeof(struct iphdr))};
  outer->vxlan[0] = bpf_htonl(0x08000000);
  outer->vxlan[1] = bpf_htonl(1 << 8);
  return bpf_redirect(TO, 0);
}
#else
SEC("tc")
int out_of(struct __sk_buff* skb) {
  const struct outer* outer = (void*)(long)skb->data;
  const struct ethhdr* behind = (const void*)(outer + 1);
  if ((void*)(behind + 1) > (void*)(long)skb->data_end ||
      outer->eth.h_proto != bpf_htons(ETH_P_IP) || outer->ip.protocol != IPPROTO_UDP ||
      outer->udp.dest != bpf_htons(PORT))
    return bpf_redirect_peer(TO, 0);
  const struct ethhdr inner = *behind;
  if (bpf_skb_adjust_room(skb, -(int)ADDED, BPF_ADJ_ROOM_MAC,
                          BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
    return TC_ACT_SHOT;
  bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
  struct ethhdr* eth = (void*)(long)skb->data;
  if ((void*)(eth + 1) > (void*)(long)skb->data_end) return TC_ACT_SHOT;
  *eth = inner;
  return bpf_redirect_peer(TO, 0);
}
#endif
