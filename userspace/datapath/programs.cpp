#include "datapath/programs.h"

// The skeletons use these types, and do not include them.
#include "bpf/shared/collect.h"
#include "bpf/shared/endpoint.h"
#include "bpf/shared/host.h"
#include "bpf/shared/nat.h"
#include "bpf/shared/peer.h"
#include "bpf/shared/rate.h"
#include "bpf/shared/reason.h"
#include "bpf/shared/shortcut.h"

// Generated (cmake/BpfProgram.cmake).
#include <bpf/bpf.h>

#include <algorithm>
#include <map>

#include "base/unique_fd.h"
#include "datapath/libbpf_log.h"
#include "datapath/raw_map.h"
#include "skeleton/cgroup_sockets.skel.h"
#include "skeleton/collect.skel.h"
#include "skeleton/collect_refused.skel.h"
#include "skeleton/socket_shortcut.skel.h"
#include "skeleton/tc_endpoint.skel.h"
#include "skeleton/tc_host.skel.h"
#include "skeleton/tc_limit.skel.h"
#include "skeleton/tc_tunnel.skel.h"
#include "skeleton/tc_uplink.skel.h"
#include "skeleton/xdp_uplink.skel.h"

namespace fairlead::datapath {

namespace {

constexpr int kVerifierLines = 12;

// Common LRU lists hand out entries in batches of 128 a CPU; below some 256 a CPU they evict what
// is in use (kernel/bpf/bpf_lru_list.c).
std::uint32_t lru(std::uint32_t entries) {
  return std::max(entries, 256 * static_cast<std::uint32_t>(possible_cpus()));
}

// Entries of each map; the others have the size that bpf/lib/maps.h gives them.
std::map<std::string, std::uint32_t> entries_of(const MapSizes& sizes) {
  return {
      {"fl_endpoints", sizes.endpoints},
      {"fl_networks", sizes.networks},
      // v4, v6, link-local
      {"fl_forward", 3 * (sizes.endpoints + sizes.networks + sizes.remote_endpoints)},
      {"fl_subnets", 2 * sizes.networks},
      {"fl_members", 2 * sizes.endpoints},  // the slot that is being moved exists twice
      {"fl_flow_counts", sizes.endpoints},
      {"fl_rates", sizes.endpoints},
      {"fl_local", 2 * sizes.networks + 2048},
      {"fl_ports", sizes.ports},
      {"fl_nat", lru(2 * sizes.flows)},  // one entry a direction
      {"fl_frags", lru(65536)},
      {"fl_sockets", lru(65536)},
      {"fl_handshakes", lru(16384)},
      {"fl_peers", sizes.peers + 1},  // 0 is nobody
      {"fl_path_mtu", sizes.peers + 1},
      {"fl_hops", 4 * sizes.peers},  // in use, and left a moment ago
      {"fl_vteps", 2 * sizes.peers},
      {"fl_vni_members", sizes.members},
  };
}

Status set_up_map(bpf_map* map, const std::map<std::string, std::uint32_t>& entries,
                  const Pins& pins, std::vector<std::string>& notes) {
  const std::string name = bpf_map__name(map);
  if (!name.starts_with("fl_")) return {};  // the object's own
  const std::string pin = pins.map(name);
  if (const auto wanted = entries.find(name); wanted != entries.end())
    bpf_map__set_max_entries(map, wanted->second);
  if (const int error = bpf_map__set_pin_path(map, pin.c_str()); error != 0)
    return fail_errno("map " + name, -error);

  const UniqueFd pinned(bpf_obj_get(pin.c_str()));
  if (!pinned) return {};
  bpf_map_info info{};
  std::uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(pinned.get(), &info, &size) != 0)
    return fail_errno("map " + name + " pinned at " + pin);
  if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
      info.value_size != bpf_map__value_size(map) || info.map_flags != bpf_map__map_flags(map))
    return fail(Errc::unsupported,
                "map " + name + " pinned at " + pin +
                    " was made by another version: it has key/value of " +
                    std::to_string(info.key_size) + "/" + std::to_string(info.value_size) +
                    " bytes, this one needs " + std::to_string(bpf_map__key_size(map)) + "/" +
                    std::to_string(bpf_map__value_size(map)) +
                    "; stop the containers on fairlead networks, run 'fairlead teardown --all', "
                    "and start the daemon again");
  if (info.max_entries == bpf_map__max_entries(map)) return {};
  std::string note = "map " + name + " keeps its " + std::to_string(info.max_entries) +
                     " entries; " + std::to_string(bpf_map__max_entries(map)) +
                     " as configured need 'fairlead teardown --all' first";
  if (std::ranges::find(notes, note) == notes.end()) notes.push_back(std::move(note));
  bpf_map__set_max_entries(map, info.max_entries);
  return {};
}

struct Close {
  void operator()(tc_endpoint* object) const { tc_endpoint__destroy(object); }
  void operator()(tc_uplink* object) const { tc_uplink__destroy(object); }
  void operator()(tc_host* object) const { tc_host__destroy(object); }
  void operator()(tc_limit* object) const { tc_limit__destroy(object); }
  void operator()(tc_tunnel* object) const { tc_tunnel__destroy(object); }
  void operator()(xdp_uplink* object) const { xdp_uplink__destroy(object); }
  void operator()(socket_shortcut* object) const { socket_shortcut__destroy(object); }
  void operator()(collect* object) const { collect__destroy(object); }
  void operator()(collect_refused* object) const { collect_refused__destroy(object); }
  void operator()(cgroup_sockets* object) const { cgroup_sockets__destroy(object); }
};
template <typename Skeleton>
using Owned = std::unique_ptr<Skeleton, Close>;

struct Loader {
  const fl_config& config;
  const Pins& pins;
  std::map<std::string, std::uint32_t> entries;
  std::vector<std::string>& notes;

  template <typename Skeleton>
  Status load(const char* name, Skeleton* opened, Owned<Skeleton>& object) {
    const std::string what = std::string("load BPF object ") + name;
    object.reset(opened);
    if (!opened) return fail_errno(what + ": open it");
    opened->rodata->fl_config = config;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, opened->obj) {
      if (bpf_map__is_internal(map)) continue;
      if (auto done = set_up_map(map, entries, pins, notes); !done)
        return fail(std::move(done).error(), what);
    }
    const LibbpfCapture said;
    const int error = bpf_object__load(opened->obj);
    if (error == 0) return {};
    return fail(fail_errno("", -error).error().code(), fail_errno(what, -error).error().message() +
                                                           "; the kernel says:\n" +
                                                           said.last_words(kVerifierLines));
  }
};

}  // namespace

struct Programs::Objects {
  Owned<tc_endpoint> endpoint;
  Owned<tc_uplink> uplink;
  Owned<tc_host> host;
  Owned<tc_tunnel> tunnel;
  Owned<tc_limit> limit;
  Owned<xdp_uplink> xdp;
  Owned<cgroup_sockets> sockets;
  Owned<socket_shortcut> shortcut;
  Owned<collect> collecting;
  Owned<collect_refused> refusing;
};

Programs::Programs() : objects_(std::make_unique<Objects>()) {}
Programs::Programs(Programs&&) noexcept = default;
Programs& Programs::operator=(Programs&&) noexcept = default;
Programs::~Programs() = default;

Result<Programs> Programs::load(const Options& options, const fl_config& config, const Pins& pins,
                                bool socket_hooks) {
  Programs programs;
  Objects& to = *programs.objects_;
  Loader loader{config, pins, entries_of(options.sizes), programs.notes_};
  auto done = loader.load("tc_endpoint", tc_endpoint__open(), to.endpoint);
  if (done) done = loader.load("tc_uplink", tc_uplink__open(), to.uplink);
  if (done) done = loader.load("tc_host", tc_host__open(), to.host);
  if (done) done = loader.load("tc_tunnel", tc_tunnel__open(), to.tunnel);
  if (done) done = loader.load("tc_limit", tc_limit__open(), to.limit);
  if (done) done = loader.load("collect", collect__open(), to.collecting);
  if (done) done = loader.load("collect_refused", collect_refused__open(), to.refusing);
  if (done && socket_hooks)
    done = loader.load("cgroup_sockets", cgroup_sockets__open(), to.sockets);
  if (!done) return std::unexpected(std::move(done).error());
  if (options.xdp == "native") {
    if (auto loaded = loader.load("xdp_uplink", xdp_uplink__open(), to.xdp); !loaded) {
      to.xdp.reset();
      programs.notes_.push_back("xdp = native has no effect: " + loaded.error().message());
    }
  }
  return programs;
}

Status Programs::load_shortcut(const Options& options, const fl_config& config, const Pins& pins) {
  if (objects_->shortcut) return {};
  Loader loader{config, pins, entries_of(options.sizes), notes_};
  auto done = loader.load("socket_shortcut", socket_shortcut__open(), objects_->shortcut);
  if (!done) objects_->shortcut.reset();
  return done;
}

int Programs::endpoint() const { return bpf_program__fd(objects_->endpoint->progs.tc_endpoint); }
int Programs::uplink() const { return bpf_program__fd(objects_->uplink->progs.tc_uplink); }
int Programs::host() const { return bpf_program__fd(objects_->host->progs.tc_host); }
int Programs::tunnel() const { return bpf_program__fd(objects_->tunnel->progs.tc_tunnel); }
int Programs::limit() const { return bpf_program__fd(objects_->limit->progs.tc_limit); }
int Programs::collecting() const { return bpf_program__fd(objects_->collecting->progs.collect); }
int Programs::refusing() const {
  return bpf_program__fd(objects_->refusing->progs.collect_refused);
}
int Programs::xdp() const {
  return objects_->xdp ? bpf_program__fd(objects_->xdp->progs.xdp_uplink) : -1;
}
bpf_object* Programs::sockets() const {
  return objects_->sockets ? objects_->sockets->obj : nullptr;
}
bpf_object* Programs::shortcut() const {
  return objects_->shortcut ? objects_->shortcut->obj : nullptr;
}
int Programs::map(const std::string& name) const {
  return bpf_object__find_map_fd_by_name(objects_->endpoint->obj, name.c_str());
}

}  // namespace fairlead::datapath
