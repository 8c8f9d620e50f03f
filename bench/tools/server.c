// Servers: one connection at a time, one thread for what is measured.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_tool.h"

// The byte 'c' asks for an answer and the end of the connection: it is the server that closes, as
// with HTTP/1.0, so that no client runs out of ports that wait.
static void answer(int fd) {
  char byte;
  while (recv(fd, &byte, 1, 0) == 1) {
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || byte == 'c') break;
  }
}

int serve_tcp(char** words) {
  const int listener = listening(words[0]);
  for (;;) {
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      fail("accept");
    }
    answer(fd);
    close(fd);
  }
}

static int bound_udp(const char* port) {
  const struct sockaddr_in6 any = address("::", port);
  const int fd = open_socket(SOCK_DGRAM);
  if (bind(fd, (const struct sockaddr*)&any, sizeof any) != 0) fail("bind");
  return fd;
}

int serve_udp(char** words) {
  const int fd = bound_udp(words[0]);
  for (;;) {
    char data[2048];
    struct sockaddr_in6 from;
    socklen_t size = sizeof from;
    const ssize_t n = recvfrom(fd, data, sizeof data, 0, (struct sockaddr*)&from, &size);
    if (n >= 0) sendto(fd, data, (size_t)n, 0, (struct sockaddr*)&from, size);
  }
}

static volatile uint64_t received;

static _Noreturn void* count(void* argument) {
  const int fd = *(int*)argument;
  for (;;) {
    char data[2048];
    if (recv(fd, data, sizeof data, 0) >= 0) received++;
  }
}

// Each byte that comes by TCP asks for the count so far: 8 bytes, in the byte order of this
// machine.
int sink(char** words) {
  int socket = bound_udp(words[0]);
  const int listener = listening(words[0]);
  pthread_t thread;
  errno = pthread_create(&thread, NULL, count, &socket);
  if (errno) fail("thread");
  for (;;) {
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) continue;
    char byte;
    while (recv(fd, &byte, 1, 0) == 1) {
      const uint64_t now = received;
      if (send(fd, &now, sizeof now, MSG_NOSIGNAL) != sizeof now) break;
    }
    close(fd);
  }
}
