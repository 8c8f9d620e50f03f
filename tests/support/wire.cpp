#include "wire.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "bpf_program.h"
#include "reasons_seen.h"

namespace fairlead::test {
namespace {

// struct virtio_net_hdr of <linux/virtio_net.h>, which C++ cannot include: a field is named class.
struct VnetHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t hdr_len = 0;
  std::uint16_t gso_size = 0;
  std::uint16_t csum_start = 0;
  std::uint16_t csum_offset = 0;
};

bpf_tc_hook hook_of(int ifindex, bool egress) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = ifindex;
  hook.attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
  return hook;
}

}  // namespace

AtHook::AtHook(int program, const std::string& device, bool egress)
    : ifindex_(static_cast<int>(if_nametoindex(device.c_str()))), egress_(egress) {
  bpf_tc_hook hook = hook_of(ifindex_, egress_);
  const int made = bpf_tc_hook_create(&hook);
  EXPECT_TRUE(made == 0 || made == -EEXIST) << "clsact on " << device << ": " << -made;
  LIBBPF_OPTS(bpf_tc_opts, opts);
  opts.prog_fd = program;
  opts.handle = 1;
  opts.priority = 1;
  const int attached = bpf_tc_attach(&hook, &opts);
  EXPECT_EQ(attached, 0) << "attach to " << device;
}

AtHook::~AtHook() {
  bpf_tc_hook hook = hook_of(ifindex_, egress_);
  LIBBPF_OPTS(bpf_tc_opts, opts);
  opts.handle = 1;
  opts.priority = 1;
  bpf_tc_detach(&hook, &opts);
}

AtXdp::AtXdp(int program, const std::string& device)
    : ifindex_(static_cast<int>(if_nametoindex(device.c_str()))) {
  EXPECT_EQ(bpf_xdp_attach(ifindex_, program, XDP_FLAGS_DRV_MODE, nullptr), 0)
      << "XDP on " << device;
}

AtXdp::~AtXdp() { bpf_xdp_detach(ifindex_, XDP_FLAGS_DRV_MODE, nullptr); }

void send_frame(const std::string& device, const Packet& packet, std::uint16_t linear) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  const int on = 1;
  EXPECT_EQ(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
  const VnetHeader header{.hdr_len = linear};
  Buffer bytes(sizeof(header));
  std::memcpy(bytes.data(), &header, sizeof(header));
  bytes.insert(bytes.end(), packet.bytes.begin(), packet.bytes.end());
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
  to.sll_protocol = htons(static_cast<std::uint16_t>(packet.bytes[12] << 8 | packet.bytes[13]));
  const auto sent =
      sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to));
  // A program at the sending device's egress that drops the frame shows as ENOBUFS.
  EXPECT_TRUE(sent == static_cast<ssize_t>(bytes.size()) || errno == ENOBUFS)
      << "send on " << device << ": " << std::strerror(errno);
  close(fd);
}

Reasons BpfProgram::run_while(const std::string& device, Hook hook,
                              const std::function<void()>& send) {
  const AtHook attached(program_, device, hook == Hook::egress);
  clear_counters();
  send();
  Reasons seen;
  for (int tries = 0; tries < 1000 && seen.empty(); ++tries) {
    seen = counted();
    if (seen.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (const fl_reason reason : seen) reason_seen(reason);
  return seen;
}

Reasons BpfProgram::run_on_wire(const std::string& device, Hook hook, const Packet& packet,
                                std::uint16_t linear) {
  const Reasons seen = run_while(device, hook, [&] {
    send_frame(hook == Hook::egress ? device : device + "_p", packet, linear);
  });
  read_counters(&packet, nullptr);
  return seen;
}

}  // namespace fairlead::test
