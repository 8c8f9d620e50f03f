// Servers, each as simple as what it answers allows.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_tool.h"

// The count of bytes says that all of them have arrived.
static void take(int fd, char* block) {
  uint64_t bytes = 0;
  do {
    if (receive_all(fd, block, kBlock) != 1) return;
    bytes += kBlock;
  } while (block[0] == kMore);
  send_all(fd, &bytes, sizeof bytes);
}

static void give(int fd, char* block) {
  uint64_t ns;
  if (receive_all(fd, &ns, sizeof ns) != 1) return;
  const uint64_t end = now_ns() + ns;
  do {
    block[0] = now_ns() < end ? kMore : kLast;
    send_all(fd, block, kBlock);
  } while (block[0] == kMore);
}

static void* answer(void* argument) {
  const int fd = (int)(intptr_t)argument;
  char* block = malloc(kBlock);
  if (!block) fail("memory");
  char asked;
  while (recv(fd, &asked, 1, 0) == 1) {
    if (asked == kTake)
      take(fd, block);
    else if (asked == kGive)
      give(fd, block);
    else
      send_all(fd, &asked, 1);
  }
  free(block);
  close(fd);
  return NULL;
}

int serve(char** words) {
  const int listener = listening(words[0]);
  for (;;) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, answer, (void*)(intptr_t)accepted(listener));
    if (errno) fail("thread");
    pthread_detach(thread);
  }
}

// It is the server that closes, as with HTTP/1.0, so that no client runs out of ports that wait.
int serve_once(char** words) {
  const int listener = listening(words[0]);
  for (;;) {
    const int fd = accepted(listener);
    char asked;
    while (recv(fd, &asked, 1, 0) == 1) {
      if (send(fd, &asked, 1, MSG_NOSIGNAL) != 1 || asked == kEchoAndClose) break;
    }
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
    const int fd = accepted(listener);
    char byte;
    while (recv(fd, &byte, 1, 0) == 1) {
      const uint64_t now = received;
      send_all(fd, &now, sizeof now);
    }
    close(fd);
  }
}
