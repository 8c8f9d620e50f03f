// What NAT has to make of a packet, said a second time: plain containers, no maps of the kernel,
// nothing from bpf/lib. The rules are those of bpf/shared/nat.h. A port that the programs may
// choose is not predicted but judged: settle().
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "world.h"

namespace fairlead::test::model {

// Addresses and ports of a packet. Of echo, both ports are the identifier.
struct Tuple {
  Addr src;
  std::uint16_t sport = 0;
  Addr dst;
  std::uint16_t dport = 0;
  std::uint8_t proto = 0;

  Tuple back() const { return {dst, dport, src, sport, proto}; }
  bool operator==(const Tuple&) const = default;
  bool operator<(const Tuple& other) const;
};
std::ostream& operator<<(std::ostream& out, const Tuple& t);

// A published range, and who may reach it: the longest prefix decides.
struct Publication {
  Addr on;  // a host address, or "0.0.0.0" or "::"
  std::uint16_t first = 0;
  std::uint16_t count = 1;
  std::uint8_t proto = IPPROTO_TCP;
  const Endpoint* to = nullptr;
  std::uint16_t to_first = 0;

  struct Rule {
    Addr net;
    int length = 0;  // of the 16-byte form
    bool allow = true;
  };
  std::vector<Rule> rules = {};  // none: everyone
};

struct Flow {
  fl_nat_kind kind = FL_NAT_MASQUERADE;
  Tuple shows[2];    // as a packet of each direction comes; 0 is that of the first packet
  Tuple becomes[2];  // as it leaves
  const Endpoint* opener = nullptr;  // masquerade, routed, hairpin: who sent the first packet
  const Endpoint* server = nullptr;  // published, hairpin: whose port it is
  bool seen[2] = {};
  bool fin[2] = {};
  bool reset[2] = {};

  const Endpoint* counted_for() const { return opener ? opener : server; }
  bool is_open() const;
  bool is_over() const;
};

struct Verdict {
  enum class Way { drop, alone, to_host, out, into };

  fl_reason reason = FL_OK;
  Way way = Way::drop;
  Tuple becomes = {};
  int hops = 0;                    // off the TTL
  const Endpoint* into = nullptr;  // Way::into
  bool port_is_chosen = false;     // becomes.sport comes out of the packet, and goes into settle()
};

struct Fragment {
  bool first = false;  // else a later one, whose ports nobody can see
  std::uint32_t id = 0;
};

// A packet as its receiver's program meets it.
struct Sent {
  Tuple tuple;
  std::uint8_t tcp_flags = 0;
  std::uint8_t ttl = 64;
  std::optional<Fragment> fragment = {};
};

class NatModel {
 public:
  // Ports to choose from, both included, and the most flows that one container may have.
  NatModel(std::uint16_t first, std::uint16_t last, std::size_t cap)
      : first_(first), last_(last), cap_(cap) {}

  void publish(const Publication& p) { published_.push_back(p); }
  void withdraw(const Publication& p);
  void set_masquerade(std::uint32_t network, bool on) { routed_[network] = !on; }

  Verdict from_container(const Endpoint& sender, Sent sent);
  Verdict from_wire(Sent sent);
  // An ICMP error that quotes a packet of a flow; `quoted` as the sender of the error saw it. The
  // verdict's tuple is that in whose direction the error goes, `from` becomes `*source`.
  Verdict error(const Endpoint* sender, const Tuple& quoted, const Addr& from, Addr* source) const;

  // Takes note of the port that was chosen for the last verdict. Empty, or what is wrong with it.
  std::string settle(std::uint16_t port);

  const std::map<int, Flow>& flows() const { return flows_; }
  const Flow* find(const Tuple& shows) const;
  void forget(int flow);  // as collection does

 private:
  struct Place {
    int flow;
    int direction;
  };

  std::optional<Place> find_place(const Tuple& shows) const;
  bool borrow_ports(Sent& sent) const;
  void note(Flow& flow, int direction, const Sent& sent);
  Verdict follow(const Place& place, const Sent& sent);
  Verdict open(Flow flow, const Sent& sent);
  Verdict open_with_port(Flow flow, const Sent& sent);
  Verdict open_hairpin(const Endpoint& sender, const Publication& p, const Sent& sent);
  Verdict verdict(const Flow& flow, int direction) const;
  void insert(const Flow& flow, const Sent& sent);
  const Publication* published_at(const Addr& addr, std::uint16_t port, std::uint8_t proto) const;
  bool is_published(std::uint16_t port, std::uint8_t proto) const;
  bool can_be_ours(const Tuple& t) const;
  bool is_any_routed() const;
  Verdict not_ours(const Tuple& t) const;
  bool gives_way(const Flow& flow, const Flow& to) const;
  bool is_at_cap(const Flow& flow) const;
  std::size_t half_open(const Endpoint* whose) const;
  bool has_port(const Flow& flow) const;
  bool in_range(std::uint16_t port) const { return port >= first_ && port <= last_; }
  // The answer to a flow with this port.
  static Tuple answer(const Flow& flow, std::uint16_t port);

  std::uint16_t first_;
  std::uint16_t last_;
  std::size_t cap_;
  std::vector<Publication> published_;
  std::map<std::uint32_t, bool> routed_;
  std::map<int, Flow> flows_;
  std::map<const Endpoint*, std::size_t> counts_;  // of flows
  std::map<Tuple, Place> places_;
  std::map<std::pair<Tuple, std::uint32_t>, std::pair<std::uint16_t, std::uint16_t>> fragments_;
  int next_ = 0;
  Flow waiting_;  // for settle()
  Sent waiting_sent_;
};

}  // namespace fairlead::test::model
