/* SPDX-License-Identifier: GPL-2.0-only */
/* The least that BPF can do between a veth device and a wire: send everything to one other device.
 * TO: its number; PEER: it is a veth device, and the packet goes straight to its other end.
 */
/* clang-format off */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int redirect(struct __sk_buff* skb) {
  return PEER ? bpf_redirect_peer(TO, 0) : bpf_redirect(TO, 0);
}
