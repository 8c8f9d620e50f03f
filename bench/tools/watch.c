// How large packets are that a device sends, after the kernel has cut them if it had to.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "bench_tool.h"

// Only what is sent: what is received must pass by without a clone being made for us, for a clone
// is no longer the same packet to whoever takes it next.
static void only_outgoing(int fd) {
  struct sock_filter words[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0x40000),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const struct sock_fprog filter = {.len = sizeof words / sizeof words[0], .filter = words};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) fail("filter");
}

static volatile sig_atomic_t ended;

static void end_it(int number) {
  (void)number;
  ended = 1;
}

int watch(char** words) {
  const struct sigaction action = {.sa_handler = end_it};
  sigaction(SIGTERM, &action, NULL);
  // Without a protocol nothing arrives before the filter is there.
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("packet socket");
  only_outgoing(fd);
  const struct sockaddr_ll device = {.sll_family = AF_PACKET,
                                     .sll_protocol = htons(ETH_P_ALL),
                                     .sll_ifindex = (int)if_nametoindex(words[0])};
  if (bind(fd, (const struct sockaddr*)&device, sizeof device) != 0) fail(words[0]);
  const struct timeval limit = {.tv_usec = 100000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const uint64_t end = now_ns() + strtoull(words[1], NULL, 10) * 1000000ULL;
  unsigned long long packets = 0;
  long long largest = 0;
  while (!ended && now_ns() < end) {
    char byte;
    struct sockaddr_ll from;
    socklen_t size = sizeof from;
    const ssize_t n = recvfrom(fd, &byte, sizeof byte, MSG_TRUNC, (struct sockaddr*)&from, &size);
    if (n < 0 || from.sll_pkttype != PACKET_OUTGOING) continue;
    packets++;
    if (n > largest) largest = n;
  }
  fprintf(answers, "{\"packets\": %llu, \"largest\": %lld}\n", packets, largest);
  return 0;
}
