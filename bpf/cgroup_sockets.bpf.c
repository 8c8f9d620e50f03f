/* SPDX-License-Identifier: GPL-2.0-only */
/* Socket calls of the host's own processes: a published port on one of the host's addresses becomes the
 * container's, once for each connection, and the process sees the address that it asked for.
 *
 *   connect, sendmsg:       is_host -> find_published -> remember -> keep_client -> rewrite
 *   recvmsg, getpeername:   is_host -> recall
 *
 * Every hook allows the call (returns 1): what is not published is none of our business.
 */
#include "lib/config.h"
#include "lib/publish.h"

char LICENSE[] SEC("license") = "GPL";

/* Not <linux/in.h>'s: bpf_bind() wants these sizes and no more. */
struct bind_v4 {
	__u16 family;
	__be16 port;
	__be32 addr;
	__u8 zero[8];
};

struct bind_v6 {
	__u16 family;
	__be16 port;
	__be32 flowinfo;
	struct fl_addr addr;
	__u32 scope;
};

/* Containers, and whoever else has a network of his own, have published nothing here. */
static __always_inline int is_host(struct bpf_sock_addr *ctx)
{
	return bpf_get_netns_cookie(ctx) == fl_config.host_netns;
}

static __always_inline void read_v4(struct bpf_sock_addr *ctx, struct fl_addr *addr)
{
	addr_set_v4(addr, ctx->user_ip4);
}

static __always_inline void read_v6(struct bpf_sock_addr *ctx, struct fl_addr *addr)
{
	addr_set(addr, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
}

static __always_inline void write_v4(struct bpf_sock_addr *ctx, const struct fl_addr *addr,
				     __be16 port)
{
	ctx->user_ip4 = addr_word(addr, 3);
	ctx->user_port = port;
}

static __always_inline void write_v6(struct bpf_sock_addr *ctx, const struct fl_addr *addr,
				     __be16 port)
{
	ctx->user_ip6[0] = addr_word(addr, 0);
	ctx->user_ip6[1] = addr_word(addr, 1);
	ctx->user_ip6[2] = addr_word(addr, 2);
	ctx->user_ip6[3] = addr_word(addr, 3);
	ctx->user_port = port;
}

/* To connect to "any" is to connect to loopback. */
static __always_inline int is_own_loopback(const struct fl_addr *addr)
{
	return addr_is_loopback(addr) || addr_is_none(addr) ||
	       (addr_is_v4(addr) && !addr_word(addr, 3));
}

/* Whoever runs on the host may reach every port: lists are for others. */
static __always_inline int find_published(struct bpf_sock_addr *ctx, const struct fl_addr *asked,
					  struct published *found)
{
	__be16 port = ctx->user_port;

	if (!may_be_published(port, ctx->protocol))
		return 0;
	if (!is_own_loopback(asked) && !is_local(asked))
		return 0;
	return find_port(asked, port, ctx->protocol, found);
}

static __always_inline void remember(struct bpf_sock_addr *ctx, const struct fl_addr *asked,
				     const struct published *found)
{
	struct fl_socket_key key = {
		.cookie = bpf_get_socket_cookie(ctx),
		.addr = found->to->addr,
		.port = found->port,
	};
	struct fl_socket value = {.addr = *asked, .port = ctx->user_port};

	bpf_map_update_elem(&fl_sockets, &key, &value, BPF_ANY);
}

static __always_inline const struct fl_socket *recall(struct bpf_sock_addr *ctx,
						      const struct fl_addr *peer)
{
	struct fl_socket_key key = {
		.cookie = bpf_get_socket_cookie(ctx),
		.addr = *peer,
		.port = ctx->user_port,
	};

	return bpf_map_lookup_elem(&fl_sockets, &key);
}

/* The container shall see the client address that it would see without us: the one that was asked for, because the
 * host talks to itself from it. A socket that is bound already stays as it is. */
static __always_inline void keep_client(struct bpf_sock_addr *ctx, const struct fl_addr *asked)
{
	if (is_own_loopback(asked))
		return;
	if (addr_is_v4(asked)) {
		struct bind_v4 to = {.family = FL_AF_INET, .addr = addr_word(asked, 3)};

		bpf_bind(ctx, (struct sockaddr *)&to, sizeof(to));
	} else {
		struct bind_v6 to = {.family = FL_AF_INET6, .addr = *asked};

		bpf_bind(ctx, (struct sockaddr *)&to, sizeof(to));
	}
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	struct published found;
	struct fl_addr asked;

	if (!is_host(ctx))
		return 1;
	read_v4(ctx, &asked);
	if (!find_published(ctx, &asked, &found) || !addr_is_v4(&found.to->addr))
		return 1; /* an AF_INET socket cannot reach IPv6 */
	remember(ctx, &asked, &found);
	keep_client(ctx, &asked);
	write_v4(ctx, &found.to->addr, found.port);
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	struct published found;
	struct fl_addr asked;

	if (!is_host(ctx))
		return 1;
	read_v6(ctx, &asked);
	if (!find_published(ctx, &asked, &found))
		return 1;
	remember(ctx, &asked, &found);
	if (addr_is_v4(&asked) == addr_is_v4(&found.to->addr))
		keep_client(ctx, &asked);
	write_v6(ctx, &found.to->addr, found.port);
	return 1;
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	struct published found;
	struct fl_addr asked;

	if (!is_host(ctx))
		return 1;
	read_v4(ctx, &asked);
	if (!find_published(ctx, &asked, &found) || !addr_is_v4(&found.to->addr))
		return 1;
	remember(ctx, &asked, &found);
	if (!is_own_loopback(&asked))
		ctx->msg_src_ip4 = addr_word(&asked, 3);
	write_v4(ctx, &found.to->addr, found.port);
	return 1;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	struct published found;
	struct fl_addr asked;

	if (!is_host(ctx))
		return 1;
	read_v6(ctx, &asked);
	if (!find_published(ctx, &asked, &found) || addr_is_v4(&found.to->addr))
		return 1; /* the kernel refuses to turn IPv6 into IPv4 here */
	remember(ctx, &asked, &found);
	if (!is_own_loopback(&asked)) {
		ctx->msg_src_ip6[0] = addr_word(&asked, 0);
		ctx->msg_src_ip6[1] = addr_word(&asked, 1);
		ctx->msg_src_ip6[2] = addr_word(&asked, 2);
		ctx->msg_src_ip6[3] = addr_word(&asked, 3);
	}
	write_v6(ctx, &found.to->addr, found.port);
	return 1;
}

static __always_inline int show_asked_v4(struct bpf_sock_addr *ctx)
{
	const struct fl_socket *asked;
	struct fl_addr peer;

	if (!is_host(ctx))
		return 1;
	read_v4(ctx, &peer);
	asked = recall(ctx, &peer);
	if (asked)
		write_v4(ctx, &asked->addr, asked->port);
	return 1;
}

static __always_inline int show_asked_v6(struct bpf_sock_addr *ctx)
{
	const struct fl_socket *asked;
	struct fl_addr peer;

	if (!is_host(ctx))
		return 1;
	read_v6(ctx, &peer);
	asked = recall(ctx, &peer);
	if (asked)
		write_v6(ctx, &asked->addr, asked->port);
	return 1;
}

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	return show_asked_v4(ctx);
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	return show_asked_v6(ctx);
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	return show_asked_v4(ctx);
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	return show_asked_v6(ctx);
}
