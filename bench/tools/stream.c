// TCP streams: a connection and a thread for each flow.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench_tool.h"

enum { kFlows = 16 };

struct flow {
  pthread_t thread;
  int fd;
  uint64_t ns;
  uint64_t bytes;
};

static void send_blocks(struct flow* flow, char* block) {
  const char asked = kTake;
  send_all(flow->fd, &asked, 1);
  const uint64_t end = now_ns() + flow->ns;
  do {
    block[0] = now_ns() < end ? kMore : kLast;
    send_all(flow->fd, block, kBlock);
  } while (block[0] == kMore);
  if (receive_all(flow->fd, &flow->bytes, sizeof flow->bytes) != 1) {
    errno = ECONNRESET;
    fail("count");
  }
}

static void receive_blocks(struct flow* flow, char* block) {
  char asked[1 + sizeof flow->ns] = {kGive};
  memcpy(asked + 1, &flow->ns, sizeof flow->ns);
  send_all(flow->fd, asked, sizeof asked);
  flow->bytes = 0;
  do {
    if (receive_all(flow->fd, block, kBlock) != 1) {
      errno = ECONNRESET;
      fail("block");
    }
    flow->bytes += kBlock;
  } while (block[0] == kMore);
}

static void with_block(struct flow* flow, void (*run)(struct flow*, char*)) {
  char* block = calloc(1, kBlock);
  if (!block) fail("memory");
  run(flow, block);
  free(block);
}

static void* out(void* flow) {
  with_block(flow, send_blocks);
  return NULL;
}

static void* back(void* flow) {
  with_block(flow, receive_blocks);
  return NULL;
}

// Until the last byte of all flows has arrived; returns the number of bytes.
static uint64_t run(struct flow* flows, unsigned number, void* (*way)(void*), uint64_t ns) {
  for (unsigned i = 0; i < number; i++) {
    flows[i].ns = ns;
    errno = pthread_create(&flows[i].thread, NULL, way, &flows[i]);
    if (errno) fail("thread");
  }
  uint64_t bytes = 0;
  for (unsigned i = 0; i < number; i++) {
    pthread_join(flows[i].thread, NULL);
    bytes += flows[i].bytes;
  }
  return bytes;
}

int stream(char** words) {
  static struct flow flows[kFlows];
  void* (*way)(void*) = strcmp(words[0], "back") == 0 ? back : out;
  const unsigned number = (unsigned)strtoul(words[3], NULL, 10);
  if (number < 1 || number > kFlows) {
    errno = EINVAL;
    fail("flows");
  }
  for (unsigned i = 0; i < number; i++) flows[i].fd = kept(SOCK_STREAM, words[1], words[2], i + 1);
  run(flows, number, way, kWarmUpMs * 1000000ULL);
  const double busy = busy_seconds();
  const uint64_t start = now_ns();
  const uint64_t bytes = run(flows, number, way, strtoull(words[4], NULL, 10) * 1000000ULL);
  const double seconds = (double)(now_ns() - start) / 1e9;
  fprintf(answers, "{\"bytes\": %llu, \"seconds\": %.6f, \"busy_seconds\": %.3f}\n",
          (unsigned long long)bytes, seconds, busy_seconds() - busy);
  return 0;
}
