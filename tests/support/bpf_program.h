// One BPF object under test: loaded with a configuration, its maps filled, run on one packet.
//
// Nothing is attached and nothing pinned; all is gone when the object is destroyed.
#pragma once

#include <linux/pkt_cls.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "bpf/shared/config.h"
#include "bpf/shared/peer.h"
#include "bpf/shared/reason.h"
#include "packet.h"

struct bpf_object;
struct bpf_map;

std::ostream& operator<<(std::ostream& out, fl_reason reason);

namespace fairlead::test {

using Reasons = std::set<fl_reason>;

inline constexpr int kNext = -1;  // TC_ACT_UNSPEC, which is TCX_NEXT: the next program decides
inline constexpr int kDrop = TC_ACT_SHOT;
inline constexpr int kRedirect = TC_ACT_REDIRECT;

// What came of one packet. A dropped packet's bytes are nobody's business: equal to any.
struct Ran {
  int action = 0;
  Reasons reasons = {};
  Packet packet = {};

  bool operator==(const Ran& other) const;
};
void PrintTo(const Ran& ran, std::ostream* out);

Ran redirected(fl_reason reason, Packet packet);
Ran dropped(fl_reason reason);
// Dropped, and an ICMP error goes to the sender in the packet's place.
Ran refused(fl_reason reason, Packet icmp_error);
Ran left_alone(Packet packet, fl_reason reason = FL_PUNT_NOT_OURS);

// What came of one frame in an XDP program: action is enum xdp_action; `done` is what it left in
// front of the frame.
struct XdpRan : Ran {
  std::optional<fl_decapped> done = {};
};

// Fields of struct __sk_buff that the program sees.
struct RunOptions {
  std::uint32_t ifindex = 1;  // a device of the caller's network namespace
  std::uint32_t ingress_ifindex = 0;
  std::uint32_t gso_size = 0;
  // The kernel carries a checksum over the packet, as a network card with CHECKSUM_COMPLETE
  // makes it, and fails the run if the program lets it go stale.
  bool checksum_complete = false;
};

// Test maps are smaller than the daemon's: each test loads its own set.
inline constexpr std::uint32_t kTestEntries = 8192;

// Whether the kernel's test run knows the option; found by trying.
bool can_check_checksum_complete();

// Whether programs can read struct sk_buff: fl_config.reads_skb.
bool can_read_skb();

class BpfProgram {
 public:
  // Opens and loads the object of one bpf/NAME.bpf.c, to run its function NAME or another.
  // Null and a message in `why` if the kernel refuses. `share`: a program whose maps it uses
  // instead of its own, as the daemon's programs do. `entries`: of larger maps, instead of what
  // they are declared with. A folder in NAME is one beside the objects.
  static std::unique_ptr<BpfProgram> load(const std::string& name, const fl_config& config,
                                          std::string* why, const std::string& function = {},
                                          const BpfProgram* share = nullptr,
                                          std::uint32_t entries = kTestEntries);
  ~BpfProgram();

  // Runs the program once and collects what it counted. A run that the kernel refuses, or that
  // counts anything other than one packet of the frame's length (as it came for a drop, as it
  // left for all else), fails the test.
  Ran run(const Packet& packet, const RunOptions& options = {});

  // The run alone, for very many packets: the kernel's errno, 0 on success. Counters go on
  // counting.
  int run_only(const Packet& packet, const RunOptions& options, int* action, Packet* out) const;

  // The same as run() for an XDP program.
  XdpRan run_xdp(const Packet& packet);

  // For what a test run does not take, as an IP header cut short: attaches the program to
  // `device` (clsact) while the frame comes in there from the other end of the pair, or goes
  // out by it. `linear`: see send_frame(). Returns what was counted; a Capture sees where the
  // frame went.
  enum class Hook { ingress, egress };
  Reasons run_on_wire(const std::string& device, Hook hook, const Packet& packet,
                      std::uint16_t linear = 0);
  // The same with frames that come another way: `send` makes them reach the device. Neither
  // their number nor their bytes are checked.
  Reasons run_while(const std::string& device, Hook hook, const std::function<void()>& send);
  // What it has counted since the last run or clear_counters(), any number of packets.
  void clear_counters();
  Reasons counted() const { return read_counters(nullptr, nullptr); }
  int fd() const { return program_; }

  template <typename K, typename V>
  void put(const char* map, const K& key, const V& value) {
    static_assert(std::is_trivially_copyable_v<K> && std::is_trivially_copyable_v<V>);
    put_bytes(map, &key, sizeof(key), &value, sizeof(value));
  }
  template <typename K, typename V>
  std::optional<V> get(const char* map, const K& key) const {
    V value;
    if (!get_bytes(map, &key, sizeof(key), &value, sizeof(value))) return std::nullopt;
    return value;
  }
  // The same value on every CPU, of a per-CPU map.
  void put_everywhere(const char* map, std::uint32_t key, std::uint64_t value);
  template <typename K>
  void erase(const char* map, const K& key) {
    erase_bytes(map, &key, sizeof(key));
  }
  template <typename K>
  std::vector<K> keys(const char* map) const {
    std::vector<K> out;
    K key;
    for (bool more = next_key(map, nullptr, &key, sizeof(key)); more;) {
      out.push_back(key);
      const K last = key;
      more = next_key(map, &last, &key, sizeof(key));
    }
    return out;
  }
  template <typename K>
  void clear(const char* map) {
    for (const K& key : keys<K>(map)) erase(map, key);
  }
  // Empties every map but the configuration, so that one load serves many tests.
  void clear_maps();
  // Sum over the CPUs of one counter of fl_forwarded, and of fl_drops.
  fl_counter forwarded(fl_reason reason) const;
  fl_counter drops(std::uint32_t network, fl_reason reason) const;

  // The numbers in a data section of the object (".data.NAME"), and all of them 0 again.
  std::vector<std::uint32_t> section(const char* name) const;
  void clear_section(const char* name);

  // How many instructions the verifier walked, by function of the object (bpf_prog_info).
  std::map<std::string, std::uint32_t> verified_instructions() const;

 private:
  BpfProgram(bpf_object* object, int program) : object_(object), program_(program) {}
  int map_fd(const char* name, std::size_t key_size, std::size_t value_size) const;
  void put_bytes(const char* map, const void* key, std::size_t key_size, const void* value,
                 std::size_t value_size);
  bool get_bytes(const char* map, const void* key, std::size_t key_size, void* value,
                 std::size_t value_size) const;
  void erase_bytes(const char* map, const void* key, std::size_t key_size);
  bool next_key(const char* map, const void* key, void* next, std::size_t key_size) const;
  // With `in`, the frame as it came, or `out`, as it left: it is one, and its length is checked.
  Reasons read_counters(const Packet* in, const Packet* out) const;

  bpf_object* object_;
  int program_;
};

}  // namespace fairlead::test
