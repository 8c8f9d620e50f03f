/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP between two containers of this host, on a network that asks for it: what one end writes is put where the other
 * reads, and no packet is made. The connection is opened, closed and kept alive by packets, under the rules of tc_endpoint.
 *
 *   sockops:     an end of a connection whose SYN-ACK tc_endpoint delivered -> fl_shortcuts
 *   sk_msg:      find_peer -> may_still_talk -> packets_are_read -> peer_has_room -> redirect; else in packets
 *   setsockopt:  refuses what would go wrong on such a socket
 *
 * Order. A reader gets what came by the shortcut before what came in packets (the kernel's tcp_bpf_recvmsg()). So an end
 * may go over to packets at any time, and goes back only when the other end has read them all, and nobody there is
 * waiting for more of them.
 */
#include <bpf/bpf_core_read.h>

#include "lib/addr.h"
#include "lib/config.h"
#include "lib/maps.h"

char LICENSE[] SEC("license") = "GPL";

/* Ends of connections. Writer: sockops; the kernel removes a socket that closes. Reader: sk_msg, for each message. Size:
 * connections within the host, two entries each; one that finds no room stays with packets. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65536);
	__type(key, struct fl_shortcut_key);
	__type(value, __u64);
} fl_shortcuts SEC(".maps");

/* Where does a socket's data go? Writer: sockops, sk_msg. Reader: sk_msg, for each message; setsockopt. Size: goes with
 * the sockets. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct fl_shortcut_to);
} fl_shortcut_to SEC(".maps");

/* Of the kernel's own structs, what is read here; libbpf finds the offsets (CO-RE). */
struct list_head {
	struct list_head *next;
} __attribute__((preserve_access_index));

struct wait_queue_entry {
	void *private;
	struct list_head entry;
} __attribute__((preserve_access_index));

struct wait_queue_head {
	struct list_head head;
} __attribute__((preserve_access_index));

struct socket_wq {
	struct wait_queue_head wait;
} __attribute__((preserve_access_index));

typedef struct {
	int owned;
} __attribute__((preserve_access_index)) socket_lock_t;

struct sock_common {
	unsigned long skc_flags;
} __attribute__((preserve_access_index));

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	struct {
		struct {
			int counter;
		} rmem_alloc;
	} sk_backlog;
	int sk_rcvbuf;
	int sk_rcvlowat;
	__u8 sk_userlocks;
	struct socket_wq *sk_wq;
} __attribute__((preserve_access_index));

struct task_struct {
	void *stack;
} __attribute__((preserve_access_index));

struct tcp_sock {
	__u32 copied_seq;
	__u32 write_seq;
} __attribute__((preserve_access_index));

enum sock_flags {
	SOCK_ZEROCOPY,
};

/* <linux/tcp.h>, <sys/socket.h> have no BPF half. */
#define FL_SOL_SOCKET 1
#define FL_SO_ZEROCOPY 60
#define FL_SOL_TCP 6
#define FL_TCP_ULP 31
#define FL_ENOENT 2
#define FL_EOPNOTSUPP 95

/* Setsockopt hooks see a copy of at most a page; of more, the kernel wants to be told to use the caller's. */
#define FL_OPTION_COPY 4096

#define FL_SOCK_RCVBUF_LOCK 2 /* the program has set SO_RCVBUF */

/* Bytes that may wait for a reader that has not set SO_RCVBUF. */
#define FL_QUEUE (1 << 20)

/* A writer waits for room while the reader reads: this long without progress, and this long at all. */
#define FL_STALLED_NS 20000
#define FL_PATIENCE_NS 200000
#define FL_LOOKS 8192 /* more than fit into that time */

#define FL_STACK (64 << 10) /* of a task in the kernel, at the most */

/* How many that wait for a socket are looked at. One that has more is taken for one that somebody sleeps on. */
#define FL_WAITERS 4

#define container_of_entry(list)                                                                   \
	((struct wait_queue_entry *)((void *)(list)-bpf_core_field_offset(struct wait_queue_entry, \
									  entry)))

/* --- opening ------------------------------------------------------------------------------------------------------- */

/* Keeps the compiler from making one load of two fields of the context, at an address that the verifier does not take. */
static __always_inline __u32 loaded(__u32 field)
{
	asm volatile("" : "+r"(field));
	return field;
}

static __always_inline void read_local(struct bpf_sock_ops *ctx, struct fl_addr *addr)
{
	__u32 v4 = loaded(ctx->local_ip4);

	addr_set(addr, ctx->local_ip6[0], ctx->local_ip6[1], ctx->local_ip6[2],
		 loaded(ctx->local_ip6[3]));
	if (ctx->family == FL_AF_INET)
		addr_set_v4(addr, v4);
}

static __always_inline void read_remote(struct bpf_sock_ops *ctx, struct fl_addr *addr)
{
	__u32 v4 = loaded(ctx->remote_ip4);

	addr_set(addr, ctx->remote_ip6[0], ctx->remote_ip6[1], ctx->remote_ip6[2],
		 loaded(ctx->remote_ip6[3]));
	if (ctx->family == FL_AF_INET)
		addr_set_v4(addr, v4);
}

static __always_inline void read_connection(struct bpf_sock_ops *ctx, __u32 end,
					    struct fl_handshake_key *key)
{
	__be16 local_port = bpf_htons(ctx->local_port);
	__be16 remote_port = bpf_htons(bpf_ntohl(ctx->remote_port));
	__u32 local_next = loaded(ctx->snd_nxt), remote_next = loaded(ctx->rcv_nxt);
	struct fl_addr local, remote;

	read_local(ctx, &local);
	read_remote(ctx, &remote);
	if (end == FL_END_CLIENT) {
		key->client = local;
		key->server = remote;
		key->client_port = local_port;
		key->server_port = remote_port;
		key->client_next = local_next;
		key->server_next = remote_next;
	} else {
		key->client = remote;
		key->server = local;
		key->client_port = remote_port;
		key->server_port = local_port;
		key->client_next = remote_next;
		key->server_next = local_next;
	}
}

/* Whoever sends with MSG_ZEROCOPY waits for notices that a socket in a sockhash never gives. */
static __always_inline int wants_zerocopy(struct bpf_sock *sk)
{
	struct sock *full = (void *)bpf_skc_to_tcp_sock(sk);

	return !full || (full->__sk_common.skc_flags >>
			 bpf_core_enum_value(enum sock_flags, SOCK_ZEROCOPY)) &
				1;
}

static __always_inline void describe(struct fl_shortcut_to *to,
				     const struct fl_handshake_key *connection,
				     const struct fl_handshake *seen, __u32 end)
{
	int is_client = end == FL_END_CLIENT;

	to->peer.connection = *connection;
	to->peer.end = is_client ? FL_END_SERVER : FL_END_CLIENT;
	to->network = seen->network;
	to->ifindex = is_client ? seen->client_ifindex : seen->server_ifindex;
	to->peer_ifindex = is_client ? seen->server_ifindex : seen->client_ifindex;
	to->read = is_client ? connection->client_next : connection->server_next;
	to->peer_sk = is_client ? 0 : seen->client_sk;
}

/* A connection that tc_endpoint did not see within a network is not looked at again. */
static __noinline int take(struct bpf_sock_ops *ctx, __u32 end)
{
	struct fl_shortcut_key self = {.end = end};
	struct fl_handshake *seen;
	struct fl_shortcut_to *to;
	struct bpf_sock *sk = ctx->sk;

	if (!sk || (ctx->family != FL_AF_INET && ctx->family != FL_AF_INET6))
		return 0;
	read_connection(ctx, end, &self.connection);
	seen = bpf_map_lookup_elem(&fl_handshakes, &self.connection);
	if (!seen || wants_zerocopy(sk))
		return 0;
	to = bpf_sk_storage_get(&fl_shortcut_to, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!to)
		return 0;
	describe(to, &self.connection, seen, end);
	if (bpf_sock_hash_update(ctx, &fl_shortcuts, &self, BPF_ANY)) {
		bpf_sk_storage_delete(&fl_shortcut_to, sk);
		return 0; /* full, or the socket is another's already: TLS, MPTCP */
	}
	if (end == FL_END_CLIENT)
		seen->client_sk = (__u64)sk;
	else
		seen->server_sk = (__u64)sk;
	return 0;
}

SEC("sockops")
int shortcut_open(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB)
		take(ctx, FL_END_CLIENT);
	else if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		take(ctx, FL_END_SERVER);
	return 1;
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

/* The client is there first, and learns of the server's socket when it first sends. */
static __always_inline int find_peer(struct fl_shortcut_to *to)
{
	const struct fl_handshake *seen;

	if (to->peer_sk)
		return 1;
	seen = bpf_map_lookup_elem(&fl_handshakes, &to->peer.connection);
	if (!seen || !seen->server_sk)
		return 0;
	to->peer_sk = seen->server_sk;
	bpf_map_delete_elem(&fl_handshakes, &to->peer.connection);
	return 1;
}

static __always_inline int is_connected(__u32 ifindex, __u32 network)
{
	const struct fl_endpoint *ep = bpf_map_lookup_elem(&fl_endpoints, &ifindex);

	return ep && ep->network == network &&
	       (ep->flags & (FL_NET_SHORTCUT | FL_NET_NO_ICC)) == FL_NET_SHORTCUT;
}

/* As the next packet would be judged. */
static __always_inline int may_still_talk(const struct fl_shortcut_to *to)
{
	return is_connected(to->ifindex, to->network) &&
	       is_connected(to->peer_ifindex, to->network);
}

/* The kernel itself would queue without end. What the reader asked for counts; the default is too little for a reader
 * that is being woken, and TCP itself would raise it. */
static __always_inline int room_of(const struct sock *sk)
{
	int room = BPF_CORE_READ(sk, sk_rcvbuf);

	if (BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & FL_SOCK_RCVBUF_LOCK)
		return room;
	return room > FL_QUEUE ? room : FL_QUEUE;
}

struct waiting {
	const struct sock *peer;
	int room;
	int queued; /* least that was seen */
	__u64 begun; /* ns */
	__u64 progress;
};

/* 1: enough, one way or the other. */
static long look_again(__u32 index, struct waiting *wait)
{
	const struct sock *peer = wait->peer;
	int queued = BPF_CORE_READ(peer, sk_backlog.rmem_alloc.counter);
	__u64 now = bpf_ktime_get_ns();

	(void)index;
	if (queued < wait->queued) {
		wait->queued = queued;
		wait->progress = now;
	}
	return queued < wait->room || now - wait->progress > FL_STALLED_NS ||
	       now - wait->begun > FL_PATIENCE_NS;
}

/* A reader that is at it on another CPU makes room within microseconds, which is less than what packets would cost. If the
 * socket is gone, what is read here and below is of no meaning, and the redirection will fail. */
static __noinline int peer_has_room(const struct fl_shortcut_to *to)
{
	const struct sock *peer = (const void *)to->peer_sk;
	struct waiting wait = {.peer = peer};

	if (BPF_CORE_READ(peer, sk_rcvlowat) > 1)
		return 0; /* SO_RCVLOWAT is not for the shortcut's queue */
	wait.room = room_of(peer);
	wait.queued = BPF_CORE_READ(peer, sk_backlog.rmem_alloc.counter);
	if (wait.queued < wait.room)
		return 1;
	wait.begun = wait.progress = bpf_ktime_get_ns();
	bpf_loop(FL_LOOKS, look_again, &wait, 0);
	return wait.queued < wait.room;
}

/* Is a task asleep within a call on this socket? Then it may be waiting for packets alone, as with MSG_WAITALL. Its
 * entry in the queue is on its own stack; those of poll() and epoll, which look again, name no task. */
static __always_inline int is_sleeper(const struct wait_queue_entry *entry)
{
	const struct task_struct *task = BPF_CORE_READ(entry, private);

	return task && (__u64)entry - (__u64)BPF_CORE_READ(task, stack) < FL_STACK;
}

static __always_inline int has_sleepers(const struct sock *sk)
{
	struct socket_wq *queue = BPF_CORE_READ(sk, sk_wq);
	struct list_head *head = &queue->wait.head, *at;
	int i;

	if (!queue)
		return 0; /* not accepted yet */
	at = BPF_CORE_READ(head, next);
#pragma unroll
	for (i = 0; i < FL_WAITERS; i++) {
		if (at == head)
			return 0;
		if (is_sleeper(container_of_entry(at)))
			return 1;
		at = BPF_CORE_READ(at, next);
	}
	return 1;
}

static __always_inline int is_locked(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_lock.owned);
}

/* Has the other end read every byte that this one sent in packets? Whoever reads next then looks at both queues. */
static __always_inline int packets_are_read(struct bpf_sock *sk, struct fl_shortcut_to *to)
{
	const struct tcp_sock *self = bpf_skc_to_tcp_sock(sk);
	const struct sock *peer = (const void *)to->peer_sk;
	__u32 sent;

	if (!self)
		return 0;
	sent = self->write_seq;
	if (to->read == sent)
		return 1;
	if (BPF_CORE_READ((const struct tcp_sock *)peer, copied_seq) != sent)
		return 0;
	/* A reader that took the last byte and waits for more is in the queue of sleepers before it lets the lock go, and
	 * has the lock again before it leaves the queue. The atomic keeps this order on weakly ordered machines. */
	if (!__sync_fetch_and_add(&to->peer_sk, 0) || is_locked(peer) || has_sleepers(peer) ||
	    is_locked(peer))
		return 0;
	to->read = sent;
	return 1;
}

static __always_inline void count_message(__u32 bytes)
{
	__u32 index = FL_FORWARD_SHORTCUT;
	struct fl_counter *counter = bpf_map_lookup_elem(&fl_forwarded, &index);

	if (!counter)
		return;
	__sync_fetch_and_add(&counter->packets, 1); /* a sender may be preempted by another */
	__sync_fetch_and_add(&counter->bytes, bytes);
}

SEC("sk_msg")
int shortcut_send(struct sk_msg_md *msg)
{
	struct fl_shortcut_to *to;
	struct bpf_sock *sk = msg->sk;

	if (!sk)
		return SK_PASS;
	to = bpf_sk_storage_get(&fl_shortcut_to, sk, NULL, 0);
	if (!to || !find_peer(to) || !may_still_talk(to) || !packets_are_read(sk, to) ||
	    !peer_has_room(to))
		return SK_PASS; /* in packets */
	if (bpf_msg_redirect_hash(msg, &fl_shortcuts, &to->peer, BPF_F_INGRESS) == SK_PASS)
		count_message(msg->size);
	return SK_PASS;
}

/* --- options ------------------------------------------------------------------------------------------------------- */

/* Errno; 0: none of ours. Programs take these as "not here" and do without. */
static __always_inline int refusal(const struct bpf_sockopt *ctx)
{
	if (ctx->level == FL_SOL_TCP && ctx->optname == FL_TCP_ULP)
		return FL_ENOENT; /* kernel TLS: plain text would pass the cipher by */
	if (ctx->level == FL_SOL_SOCKET && ctx->optname == FL_SO_ZEROCOPY)
		return FL_EOPNOTSUPP;
	return 0;
}

SEC("cgroup/setsockopt")
int shortcut_option(struct bpf_sockopt *ctx)
{
	int error = refusal(ctx);

	if (ctx->optlen > FL_OPTION_COPY)
		ctx->optlen = 0;
	if (!error || !ctx->sk || !bpf_sk_storage_get(&fl_shortcut_to, ctx->sk, NULL, 0))
		return 1;
	bpf_set_retval(-error);
	return 0;
}
