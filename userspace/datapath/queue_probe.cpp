#include "datapath/queue_probe.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "base/unique_fd.h"

namespace fairlead::datapath {

namespace {

constexpr int kMsgRedirectMap = 60;  // helper id of bpf_msg_redirect_map in the kernel's ABI

struct Pair {
  UniqueFd sender;
  UniqueFd receiver;
};

Result<Pair> connected_pair() {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (!listener || ::bind(listener.get(), raw, size) != 0 || ::listen(listener.get(), 1) != 0 ||
      ::getsockname(listener.get(), raw, &size) != 0)
    return fail_errno("listen on 127.0.0.1");
  UniqueFd sender(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // Loopback completes the handshake within the call, or not at all.
  if (!sender || (::connect(sender.get(), raw, size) != 0 && errno != EINPROGRESS))
    return fail_errno("connect to 127.0.0.1");
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(listener.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  UniqueFd receiver(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!receiver) return fail_errno("accept on 127.0.0.1");
  return Pair{.sender = std::move(sender), .receiver = std::move(receiver)};
}

// return bpf_msg_redirect_map(msg, map, 0, BPF_F_INGRESS)
Result<UniqueFd> redirecting_program(int map) {
  const std::array<bpf_insn, 6> program{{
      {.code = BPF_LD | BPF_DW | BPF_IMM,
       .dst_reg = 2,
       .src_reg = BPF_PSEUDO_MAP_FD,
       .off = 0,
       .imm = map},
      {.code = 0, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K,
       .dst_reg = 4,
       .src_reg = 0,
       .off = 0,
       .imm = BPF_F_INGRESS},
      {.code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = kMsgRedirectMap},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  }};
  UniqueFd loaded(bpf_prog_load(BPF_PROG_TYPE_SK_MSG, "fl_probe", "GPL", program.data(),
                                program.size(), nullptr));
  if (!loaded) return fail_errno("load a program for sockets");
  return loaded;
}

// Bytes that the kernel says are in the socket's receive queue.
Result<std::uint32_t> queued_after_redirect(const Pair& pair) {
  const UniqueFd map(bpf_map_create(BPF_MAP_TYPE_SOCKMAP, "fl_probe", 4, 4, 2, nullptr));
  if (!map) return fail_errno("make a map of sockets");
  auto program = redirecting_program(map.get());
  if (!program) return std::unexpected(std::move(program).error());
  if (bpf_prog_attach(program->get(), map.get(), BPF_SK_MSG_VERDICT, 0) != 0)
    return fail_errno("attach a program to a map of sockets");
  const std::uint32_t keys[] = {0, 1};
  const int sockets[] = {pair.receiver.get(), pair.sender.get()};
  for (int i = 0; i < 2; ++i)
    if (bpf_map_update_elem(map.get(), &keys[i], &sockets[i], BPF_ANY) != 0)
      return fail_errno("put a socket into a map");
  const char byte = 0;
  if (::send(pair.sender.get(), &byte, sizeof(byte), MSG_NOSIGNAL) != 1)
    return fail_errno("send from socket to socket");
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof(memory);
  if (::getsockopt(pair.receiver.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0)
    return fail_errno("ask for a socket's memory");
  return memory[SK_MEMINFO_RMEM_ALLOC];
}

}  // namespace

Status queue_is_bounded() {
  const std::string what = "try sockets on loopback";
  auto pair = connected_pair();
  if (!pair) return fail(std::move(pair).error(), what);
  auto queued = queued_after_redirect(*pair);
  if (!queued) return fail(std::move(queued).error(), what);
  if (*queued > 0) return {};
  return fail(
      Errc::unsupported,
      "this kernel does not count what it puts into a socket's queue, so that a slow reader "
      "would cost memory without bound: Linux 6.18 and Debian 12's 6.1.192 do");
}

}  // namespace fairlead::datapath
