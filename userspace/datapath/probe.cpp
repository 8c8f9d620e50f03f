#include "datapath/probe.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/socket.h>

#include <array>

#include "base/unique_fd.h"

namespace fairlead::datapath {

namespace {

constexpr int kL4CsumReplace = 11;  // helper id of bpf_l4_csum_replace in the kernel's ABI
constexpr int kIpv6Flag = 1 << 7;   // BPF_F_IPV6
constexpr int kSoNetnsCookie = 71;

template <int reg>
constexpr bpf_insn load(__s32 value) {
  return {
      .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .src_reg = 0, .off = 0, .imm = value};
}

}  // namespace

bool knows_ipv6_checksum_flag() {
  // return bpf_l4_csum_replace(skb, 16, 0, 1, BPF_F_PSEUDO_HDR | BPF_F_IPV6 | 4):
  // 0, or -EINVAL for a flag it does not know.
  const std::array program = {
      load<2>(16),
      load<3>(0),
      load<4>(1),
      load<5>(BPF_F_PSEUDO_HDR | kIpv6Flag | 4),
      bpf_insn{
          .code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = kL4CsumReplace},
      bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  const int loaded = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fl_probe", "GPL", program.data(),
                                   program.size(), nullptr);
  if (loaded < 0) return false;
  const UniqueFd owned(loaded);
  std::array<char, 64> packet{};
  bpf_test_run_opts run{};
  run.sz = sizeof(run);
  run.data_in = packet.data();
  run.data_size_in = packet.size();
  run.repeat = 1;
  return bpf_prog_test_run_opts(loaded, &run) == 0 && run.retval == 0;
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
