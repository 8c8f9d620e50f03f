// The verbs, and what all of them need.
#define _GNU_SOURCE
#include "bench_tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

FILE* answers;

_Noreturn void fail(const char* what) {
  fprintf(answers, "{\"error\": \"%s: %s\"}\n", what, strerror(errno));
  exit(1);
}

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

double busy_seconds(void) {
  FILE* file = fopen("/proc/stat", "re");
  if (!file) fail("/proc/stat");
  unsigned long long user, nice, system, idle, wait, irq, soft;
  const int found = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
                           &idle, &wait, &irq, &soft);
  fclose(file);
  if (found != 7) {
    errno = EINVAL;
    fail("/proc/stat");
  }
  return (double)(user + nice + system + irq + soft) / (double)sysconf(_SC_CLK_TCK);
}

struct sockaddr_in6 address(const char* text, const char* port) {
  struct sockaddr_in6 out = {.sin6_family = AF_INET6,
                             .sin6_port = htons((unsigned short)atoi(port))};
  char copy[INET6_ADDRSTRLEN + 8];
  snprintf(copy, sizeof copy, strchr(text, ':') ? "%s" : "::ffff:%s", text);
  if (inet_pton(AF_INET6, copy, &out.sin6_addr) != 1) {
    errno = EINVAL;
    fail(text);
  }
  return out;
}

// IPv4 goes through sockets of IPv6 here, at every end of every contender.
int open_socket(int type) {
  const int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const int on = 1;
  const int off = 0;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int connected(int type, const struct sockaddr_in6* to) {
  const int fd = open_socket(type);
  // A packet that is lost must not hold the program up for ever.
  const struct timeval limit = {.tv_sec = 5};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(fd, (const struct sockaddr*)to, sizeof *to) != 0) fail("connect");
  return fd;
}

int listening(const char* port) {
  const struct sockaddr_in6 any = address("::", port);
  const int fd = open_socket(SOCK_STREAM);
  if (bind(fd, (const struct sockaddr*)&any, sizeof any) != 0) fail("bind");
  if (listen(fd, 4096) != 0) fail("listen");
  return fd;
}

int accepted(int listener) {
  for (;;) {
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno != ECONNABORTED && errno != EINTR) fail("accept");
  }
}

int receive_all(int fd, void* data, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = recv(fd, (char*)data + done, size - done, 0);
    if (n == 0 || (n < 0 && errno == ECONNRESET)) return 0;
    if (n < 0) fail("recv");
    done += (size_t)n;
  }
  return 1;
}

void send_all(int fd, const void* data, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = send(fd, (const char*)data + done, size - done, MSG_NOSIGNAL);
    if (n < 0) fail("send");
    done += (size_t)n;
  }
}

static const struct {
  const char* name;
  int words;
  int (*run)(char** words);
  const char* help;
} kVerbs[] = {
    {"serve", 1, serve, "PORT"},         {"serve-once", 1, serve_once, "PORT"},
    {"serve-udp", 1, serve_udp, "PORT"}, {"sink", 1, sink, "PORT"},
    {"agent", 1, agent, "SOCKET"},       {"watch", 2, watch, "DEVICE MS"},
};

int main(int argc, char** argv) {
  answers = stdout;
  const unsigned verbs = sizeof kVerbs / sizeof kVerbs[0];
  for (unsigned i = 0; argc > 1 && i < verbs; i++) {
    if (strcmp(argv[1], kVerbs[i].name) == 0 && argc - 2 == kVerbs[i].words) {
      return kVerbs[i].run(argv + 2);
    }
  }
  for (unsigned i = 0; i < verbs; i++) {
    fprintf(stderr, "bench_tool %s %s\n", kVerbs[i].name, kVerbs[i].help);
  }
  return 2;
}
