// How large packets are that a device sends, after the kernel has cut them if it had to.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "bench_tool.h"

int watch(char** words) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
  if (fd < 0) fail("packet socket");
  const struct sockaddr_ll device = {.sll_family = AF_PACKET,
                                     .sll_protocol = htons(ETH_P_ALL),
                                     .sll_ifindex = (int)if_nametoindex(words[0])};
  if (bind(fd, (const struct sockaddr*)&device, sizeof device) != 0) fail(words[0]);
  const struct timeval limit = {.tv_usec = 100000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const uint64_t end = now_ns() + strtoull(words[1], NULL, 10) * 1000000ULL;
  unsigned long long packets = 0;
  long long largest = 0;
  while (now_ns() < end) {
    char byte;
    struct sockaddr_ll from;
    socklen_t size = sizeof from;
    const ssize_t n = recvfrom(fd, &byte, sizeof byte, MSG_TRUNC, (struct sockaddr*)&from, &size);
    if (n < 0 || from.sll_pkttype != PACKET_OUTGOING) continue;
    packets++;
    if (n > largest) largest = n;
  }
  printf("{\"packets\": %llu, \"largest\": %lld}\n", packets, largest);
  return 0;
}
