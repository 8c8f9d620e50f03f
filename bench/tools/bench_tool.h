// Traffic of the performance tests: plain blocking sockets, one process an end, JSON as the answer.
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>

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

// Where answers go, a line of JSON each; also what fail() says before it ends the program.
extern FILE* answers;
void fail(const char* what) __attribute__((noreturn));

struct sockaddr_in6 address(const char* text, const char* port);
int open_socket(int type);
int connected(int type, const struct sockaddr_in6* to);
int listening(const char* port);
// The next connection, with Nagle's delay off.
int accepted(int listener);
// All of `size` bytes; 0 when the other end has closed before. Ends the program on other errors.
int receive_all(int fd, void* data, size_t size);
void send_all(int fd, const void* data, size_t size);

// A connection of the agent, kept from one request to the next: by kind of socket, address, port
// and number.
int kept(int type, const char* to, const char* port, unsigned number);

// What a TCP server is asked for by a byte.
enum { kEcho = 'r', kEchoAndClose = 'c', kTake = 't', kGive = 'g' };
// Streams consist of blocks, whose first byte says whether it is the last.
enum { kBlock = 128 * 1024, kMore = 'm', kLast = 'l' };
// Connects, sends the byte that asks for an answer and the end, and waits for both.
void connect_exchange(const struct sockaddr_in6* to);

// Verbs. Arguments are the words behind the verb, their number has been checked.
int serve(char** words);       // PORT: whatever is asked for, a thread for each connection
int serve_once(char** words);  // PORT: one connection after the other, kEchoAndClose
int serve_udp(char** words);   // PORT: every datagram back
int sink(char** words);        // PORT: counts datagrams, and tells the count by TCP
int agent(char** words);       // SOCKET: takes requests there, one in a line
int watch(char** words);       // DEVICE MS, or until SIGTERM

// Requests of the agent. What they measure begins a little after they do: caches are another one's.
enum { kWarmUpMs = 5 };
int rr(char** words);         // tcp|udp ADDRESS PORT MS
int crr(char** words);        // ADDRESS PORT MS
int flood(char** words);      // ADDRESS PORT BYTES MS
int stream(char** words);     // out|back ADDRESS PORT FLOWS MS
int spray(char** words);      // FIRST ADDRESSES PORT BYTES MS: UDP to each address in turn, IPv4
int crr_ports(char** words);  // ADDRESS FIRST PORTS MS: a connection to each port in turn
