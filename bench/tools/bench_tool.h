// Traffic of the performance tests: plain blocking sockets, one process an end, JSON as the answer.
#pragma once

#include <netinet/in.h>
#include <stdint.h>

// Times in nanoseconds. Buckets are at most 1/64 wide of what they hold.
enum { kBuckets = 64 * 40 };
struct histogram {
  uint64_t count[kBuckets];
  uint64_t total;
  uint64_t sum;
  uint64_t largest;
};

void histogram_add(struct histogram* h, uint64_t ns);
// The value that `share` (0 to 1) of all are not above, as the middle of its bucket.
double histogram_at(const struct histogram* h, double share);

uint64_t now_ns(void);
// CPU time of the whole machine that was not idle, in seconds since it started.
double busy_seconds(void);
_Noreturn void fail(const char* what);
struct sockaddr_in6 address(const char* text, const char* port);
int open_socket(int type);
int connected(int type, const struct sockaddr_in6* to);
int listening(const char* port);
// All of `size` bytes; 0 when the other end has closed before. Ends the program on errors.
int receive_all(int fd, void* data, unsigned size);

// Verbs. Arguments are the words behind the verb, their number has been checked.
int serve_tcp(char** words);  // PORT: one byte back for each; closes after one if the byte is 'c'
int serve_udp(char** words);  // PORT: every datagram back
int sink(char** words);       // PORT: counts datagrams, and tells the count by TCP
int rr(char** words);         // tcp|udp ADDRESS PORT MS
int crr(char** words);        // ADDRESS PORT MS
int flood(char** words);      // ADDRESS PORT BYTES MS
int watch(char** words);      // DEVICE MS
