/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP connections between containers of this host whose data goes from socket to socket. */
#ifndef FL_SHARED_SHORTCUT_H
#define FL_SHARED_SHORTCUT_H

#include "addr.h"

/* Key of map fl_handshakes: a TCP connection as its SYN-ACK shows it. The sequence numbers, which both ends chose at
 * random, prove that a socket is an end of this connection, and not of one with the same addresses elsewhere. */
struct fl_handshake_key {
	struct fl_addr client;
	struct fl_addr server;
	__be16 client_port;
	__be16 server_port;
	__u32 client_next; /* sequence number of its first byte of data, host byte order */
	__u32 server_next;
};
FL_LAYOUT(fl_handshake_key, 16 + 16 + 2 + 2 + 4 + 4);

/* Value of map fl_handshakes (LRU): where the SYN-ACK went, and the sockets that have been found since. Written by
 * tc_endpoint, completed by socket_shortcut, which removes it when both ends know each other. */
struct fl_handshake {
	__u64 client_sk; /* address of the kernel's struct sock; 0: not known yet */
	__u64 server_sk;
	__u32 network;
	__u32 client_ifindex; /* host-side devices */
	__u32 server_ifindex;
	__u32 pad; /* always 0 */
};
FL_LAYOUT(fl_handshake, 8 + 8 + 4 + 4 + 4 + 4);

enum fl_shortcut_end {
	FL_END_CLIENT = 1,
	FL_END_SERVER = 2,
};

/* Key of map fl_shortcuts (sockhash): one end of a connection. Value: its socket. */
struct fl_shortcut_key {
	struct fl_handshake_key connection;
	__u32 end; /* enum fl_shortcut_end */
};
FL_LAYOUT(fl_shortcut_key, 44 + 4);

/* Value of map fl_shortcut_to, one a socket: the other end, and what has to hold for data to go there directly. */
struct fl_shortcut_to {
	struct fl_shortcut_key peer;
	__u32 network;
	__u32 ifindex; /* host-side devices of this end's container, and of the other's */
	__u32 peer_ifindex;
	__u32 read; /* sequence number up to which the other end has read what came in packets */
	__u64 peer_sk; /* as in fl_handshake */
};
FL_LAYOUT(fl_shortcut_to, 48 + 4 + 4 + 4 + 4 + 8);

#endif
