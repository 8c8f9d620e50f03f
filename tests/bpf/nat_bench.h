// The programs of a host beside the model of them: each packet goes through both, and whatever
// differs is said. tc_endpoint and tc_uplink share their maps, as on a host.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nat_model.h"

namespace fairlead::test {

// A packet to be sent. Of a fragmented one: the first fragment, or the later one.
struct Shot {
  const Endpoint* from = nullptr;  // null: by the wire
  model::Tuple tuple = {};
  std::uint8_t tcp_flags = kSyn;
  bool reply = false;      // echo
  std::size_t length = 8;  // of the payload, bytes
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  bool checksum = true;   // UDP over IPv4 only
  bool complete = false;  // the network card has summed it up
  std::optional<model::Fragment> fragment = {};
};

// What came of it, as model and programs agree.
struct Played {
  fl_reason reason = FL_OK;
  model::Tuple becomes = {};
  const Endpoint* into = nullptr;  // null: not into a container
  std::string wrong = {};          // what they do not agree about; empty: nothing
};

class NatBench : public WorldTest {
 protected:
  static constexpr std::uint16_t kFirst = 40000;
  static constexpr std::uint16_t kLast = 40127;

  NatBench() : WorldTest("tc_endpoint") {}
  void SetUp() override;
  // Begins again, with other ports to choose from.
  void begin(std::uint16_t first, std::uint16_t last, std::uint32_t cap);

  Played play(const Shot& shot);
  // An ICMP error about the packet `quoted` (as its receiver saw it, `length` bytes of it) by
  // `from`.
  Played play_error(const Shot& quoted, const Endpoint* by, const Addr& from, std::size_t length);

  // Into the maps and the model. `rules` of lists are given once, by put_list().
  void publish(const model::Publication& p, std::uint32_t list = 0);
  // Flows that came by it go with it, as the daemon sees to.
  void withdraw(const model::Publication& p);
  void put_list(std::uint32_t list, const std::vector<model::Publication::Rule>& rules);
  void set_masquerade(std::uint32_t network, bool on);
  void forget(int flow);  // in both

  model::NatModel& nat_model() { return *model_; }
  // Compares all counters with what was predicted. Empty, or the first that differs.
  std::string check_counters();

 private:
  struct Expected {
    model::Verdict verdict;
    Packet packet;
  };
  Played run(const Shot& shot, const Packet& in, const Expected& expected);
  Played judge(const Shot& shot, const Packet& in, const Expected& expected, int action,
               const Packet& out);
  std::string count(const model::Verdict& verdict);
  void write_ports(const model::Publication& p);
  std::uint64_t counted(fl_reason reason) const;

  std::uint16_t first_ = kFirst;
  std::uint16_t last_ = kLast;
  BpfProgram* uplink_program_ = nullptr;
  std::optional<model::NatModel> model_;
  std::vector<std::pair<model::Publication, std::uint32_t>> published_;
  std::map<fl_reason, std::uint64_t> counts_;
};

}  // namespace fairlead::test
