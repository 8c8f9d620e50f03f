// The client side: a process that stays, so that a request costs no start of programs, and that
// keeps its connections, so that slices of many contenders can be taken in turn.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench_tool.h"

enum { kConnections = 64, kWords = 8 };

static struct {
  char key[128];
  int fd;
} connections[kConnections];

int kept(int type, const char* to, const char* port, unsigned number) {
  char key[sizeof connections[0].key];
  snprintf(key, sizeof key, "%d %s %s %u", type, to, port, number);
  for (unsigned i = 0; i < kConnections; i++) {
    if (strcmp(connections[i].key, key) == 0) return connections[i].fd;
    if (connections[i].key[0]) continue;
    const struct sockaddr_in6 there = address(to, port);
    connections[i].fd = connected(type, &there);
    memcpy(connections[i].key, key, sizeof key);
    return connections[i].fd;
  }
  errno = EMFILE;
  fail("connections");
}

static const struct {
  const char* name;
  unsigned words;
  int (*run)(char** words);
} kRequests[] = {{"rr", 4, rr},         {"crr", 3, crr},     {"flood", 4, flood},
                 {"stream", 5, stream}, {"spray", 5, spray}, {"crr-ports", 4, crr_ports}};

static void request(char* line) {
  char* words[kWords + 1] = {0};
  unsigned number = 0;
  char* rest = NULL;
  for (char* word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
    if (number < kWords) words[number++] = word;
  }
  for (unsigned i = 0; number && i < sizeof kRequests / sizeof kRequests[0]; i++) {
    if (strcmp(words[0], kRequests[i].name) == 0 && number - 1 == kRequests[i].words) {
      kRequests[i].run(words + 1);
      return;
    }
  }
  errno = EINVAL;
  fail("request");
}

int agent(char** words) {
  struct sockaddr_un own = {.sun_family = AF_UNIX};
  snprintf(own.sun_path, sizeof own.sun_path, "%s", words[0]);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr*)&own, sizeof own) != 0) fail(words[0]);
  if (listen(listener, 1) != 0) fail("listen");
  const int fd = accepted(listener);
  FILE* requests = fdopen(fd, "r");
  answers = fdopen(dup(fd), "w");
  if (!requests || !answers) fail("requests");
  char line[512];
  while (fgets(line, sizeof line, requests)) {
    request(line);
    fflush(answers);
  }
  return 0;
}
