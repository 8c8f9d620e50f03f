/* SPDX-License-Identifier: GPL-2.0-only */
/* redirect.bpf.c with NAT: what another address costs if nothing has to be known for it. All is
 * constant but the checksums; ports stay, since the bench's are the same inside and outside. TO,
 * PEER: as there. NEAR, INSIDE: IPv4 addresses of this host and of its container as numbers;
 * NEAR_MAC, FAR_MAC: {0x02, ...} of the two hosts. FIELD, FIRST, LAST: by which port, `source` or
 * `dest`, and in what range, a packet is known to be the container's and not the host's own.
 */
/* clang-format off */
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

char LICENSE[] SEC("license") = "GPL";

#define L4 (ETH_HLEN + sizeof(struct iphdr))

struct headers {
  struct ethhdr eth;
  struct iphdr ip;
  struct {
    __be16 source, dest;
  } ports;
} __attribute__((packed, aligned(2)));

/* NULL: not TCP or UDP over IPv4, and nothing that the bench sends. */
static __always_inline struct headers* translatable(struct __sk_buff* skb) {
  struct headers* at = (void*)(long)skb->data;
  if ((void*)(at + 1) > (void*)(long)skb->data_end || at->eth.h_proto != bpf_htons(ETH_P_IP) ||
      at->ip.ihl != 5 || (at->ip.protocol != IPPROTO_TCP && at->ip.protocol != IPPROTO_UDP))
    return NULL;
  return at;
}

static __always_inline __u32 fold(__u64 sum) {
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

/* `change`: of the sum over the address, in both checksums. The helper knows what the transport's
 * field holds: a whole sum, or that of the pseudo header, which the sender's kernel leaves at that.
 */
static __always_inline void sums(struct __sk_buff* skb, struct headers* at, __u32 change) {
  int udp = at->ip.protocol == IPPROTO_UDP;
  at->ip.check = ~fold((__u64)(__u16)~at->ip.check + change);
  bpf_l4_csum_replace(skb,
                      L4 + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check)),
                      0, change, BPF_F_PSEUDO_HDR | (udp ? BPF_F_MARK_MANGLED_0 : 0));
}

#if !PEER
SEC("tc")
int out_of(struct __sk_buff* skb) {
  static const unsigned char near_mac[] = NEAR_MAC, far_mac[] = FAR_MAC;
  struct headers* at = translatable(skb);
  if (!at) return TC_ACT_OK;
  __builtin_memcpy(at->eth.h_source, near_mac, ETH_ALEN);
  __builtin_memcpy(at->eth.h_dest, far_mac, ETH_ALEN);
  at->ip.saddr = bpf_htonl(NEAR);
  sums(skb, at, fold((__u64)(__u32)~bpf_htonl(INSIDE) + bpf_htonl(NEAR)));
  return bpf_redirect(TO, 0);
}
#else
SEC("tc")
int into(struct __sk_buff* skb) {
  struct headers* at = translatable(skb);
  if (!at || bpf_ntohs(at->ports.FIELD) < FIRST || bpf_ntohs(at->ports.FIELD) > LAST)
    return TC_ACT_OK;
  at->ip.daddr = bpf_htonl(INSIDE);
  sums(skb, at, fold((__u64)(__u32)~bpf_htonl(NEAR) + bpf_htonl(INSIDE)));
  return bpf_redirect_peer(TO, 0);
}
#endif
