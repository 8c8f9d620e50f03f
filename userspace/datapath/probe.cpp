#include "datapath/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

#include <array>
#include <span>

#include "base/unique_fd.h"

namespace fairlead::datapath {

namespace {

constexpr int kL4CsumReplace = 11;  // helper id of bpf_l4_csum_replace in the kernel's ABI
constexpr int kIpv6Flag = 1 << 7;   // BPF_F_IPV6
constexpr int kSkbAdjustRoom = 50;  // of bpf_skb_adjust_room
// BPF_F_ADJ_ROOM_*, which the headers of the floor do not have.
constexpr int kDecapL3V4 = 1 << 7;
constexpr int kDecapL3V6 = 1 << 8;
constexpr int kDecapL4Udp = 1 << 10;
constexpr int kSoNetnsCookie = 71;

template <int reg>
constexpr bpf_insn load(__s32 value) {
  return {
      .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .src_reg = 0, .off = 0, .imm = value};
}

constexpr bpf_insn call(int helper) {
  return {.code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = helper};
}
constexpr bpf_insn leave() {
  return {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};
}

// Does it return 0 for an IPv4 packet?
bool succeeds(std::span<const bpf_insn> program) {
  const int loaded = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fl_probe", "GPL", program.data(),
                                   program.size(), nullptr);
  if (loaded < 0) return false;
  const UniqueFd owned(loaded);
  std::array<unsigned char, 256> packet{};
  packet[12] = ETH_P_IP >> 8;
  packet[14] = 0x45;  // version, header length
  bpf_test_run_opts run{};
  run.sz = sizeof(run);
  run.data_in = packet.data();
  run.data_size_in = packet.size();
  run.repeat = 1;
  return bpf_prog_test_run_opts(loaded, &run) == 0 && run.retval == 0;
}

// return bpf_skb_adjust_room(skb, -50, BPF_ADJ_ROOM_MAC, flags): IPv4, UDP, VXLAN and Ethernet off.
bool decapsulates_with(int flags) {
  return succeeds(std::array{load<2>(-50), load<3>(BPF_ADJ_ROOM_MAC),
                             load<4>(BPF_F_ADJ_ROOM_FIXED_GSO | flags), call(kSkbAdjustRoom),
                             leave()});
}

}  // namespace

bool knows_decap_l3_flags() {
  return decapsulates_with(kDecapL3V4) && decapsulates_with(kDecapL3V6);
}

bool knows_decap_l4_udp_flag() { return decapsulates_with(kDecapL3V4 | kDecapL4Udp); }

bool can_read_skb() {
  btf* const types = btf__load_vmlinux_btf();
  if (types == nullptr) return false;
  const int cast = btf__find_by_name_kind(types, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC);
  btf__free(types);
  if (cast < 0) return false;
  bpf_insn ask = call(cast);
  ask.src_reg = BPF_PSEUDO_KFUNC_CALL;
  // return *(u8 *)bpf_cast_to_kern_ctx(skb) & 0: the pointer is one that may be read.
  const bpf_insn read = {
      .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};
  return succeeds(std::array{ask, read, load<0>(0), leave()});
}

bool knows_ipv6_checksum_flag() {
  // return bpf_l4_csum_replace(skb, 16, 0, 1, BPF_F_PSEUDO_HDR | BPF_F_IPV6 | 4):
  // 0, or -EINVAL for a flag it does not know.
  return succeeds(std::array{load<2>(16), load<3>(0), load<4>(1),
                             load<5>(BPF_F_PSEUDO_HDR | kIpv6Flag | 4), call(kL4CsumReplace),
                             leave()});
}

Result<std::uint64_t> netns_cookie() {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  if (!socket || ::getsockopt(socket.get(), SOL_SOCKET, kSoNetnsCookie, &cookie, &size) != 0)
    return fail_errno("ask for the cookie of the network namespace (needs Linux 5.14)");
  return cookie;
}

}  // namespace fairlead::datapath
