#include "cli/teardown.h"

#include <algorithm>
#include <filesystem>

#include "datapath/teardown.h"
#include "http/client.h"
#include "netlink/kernel_links.h"
#include "netlink/teardown.h"

namespace fairlead::cli {

namespace {

// engine/endpoints.cpp: host and container ends of endpoints' pairs.
constexpr const char* kEndpointDevices[] = {"flh", "flc"};
// engine::Settings::tunnel_device.
constexpr const char* kTunnelDevice = "fl_vxlan";
// engine::Settings::headroom_device, and what netlink/headroom.cpp makes with it.
constexpr const char* kHeadroomDevices[] = {"fl_room", "fl_roomv"};

class Teardown {
 public:
  Teardown(const TeardownRequest& want, const std::function<void(const std::string&)>& say)
      : want_(want), say_(say) {}

  Status run() {
    remove_programs();
    remove_devices();
    remove_files();
    if (problems_.empty()) return {};
    return fail(Errc::unavailable, "teardown is not complete: " + problems_);
  }

 private:
  void remove_programs();
  void remove_devices();
  void release_neighbours(netlink::Links& links, const std::vector<netlink::LinkInfo>& all);
  void remove_files();

  void report(const std::string& what) {
    say_((want_.dry_run ? "would remove " : "removed ") + what);
  }
  void note(const Error& error) { problems_ += (problems_.empty() ? "" : "; ") + error.message(); }

  const TeardownRequest& want_;
  const std::function<void(const std::string&)>& say_;
  std::string problems_;
};

void Teardown::remove_programs() {
  if (want_.dry_run) {
    std::error_code failed;
    for (auto entry = std::filesystem::recursive_directory_iterator(want_.pin_dir, failed);
         !failed && entry != std::filesystem::recursive_directory_iterator();
         entry.increment(failed))
      if (!entry->is_directory()) report(entry->path().string());
    return;
  }
  const auto removed = datapath::tear_down(want_.pin_dir);
  if (!removed) return note(removed.error());
  for (const std::string& what : *removed) report(what);
}

void Teardown::remove_devices() {
  auto links = netlink::KernelLinks::create();
  if (!links) return note(links.error());
  const auto all = links->links();
  if (!all) return note(all.error());

  release_neighbours(*links, *all);
  for (const netlink::LinkInfo& link : *all) {
    const bool veth = link.kind == "veth" && (link.name == want_.host_device ||
                                              link.name.starts_with(kEndpointDevices[0]) ||
                                              link.name.starts_with(kEndpointDevices[1]));
    const bool tunnel = link.kind == "vxlan" && link.name == kTunnelDevice;
    const bool room = (link.kind == "bridge" && link.name == kHeadroomDevices[0]) ||
                      (link.kind == "vxlan" && link.name == kHeadroomDevices[1]);
    if (!veth && !tunnel && !room) continue;
    if (!want_.dry_run)
      if (auto done = links->remove_link(link.name); !done) {
        note(done.error());
        continue;
      }
    report("device " + link.name);
  }
}

// Those that the kernel keeps resolved for fairlead lead to other hosts of a cluster.
void Teardown::release_neighbours(netlink::Links& links,
                                  const std::vector<netlink::LinkInfo>& all) {
  const auto neighbours = links.neighbours();
  if (!neighbours) return note(neighbours.error());
  for (const netlink::Neighbour& neighbour : *neighbours) {
    if (!neighbour.managed) continue;
    if (!want_.dry_run)
      if (auto done = links.drop_neighbour(neighbour.link, neighbour.address); !done) {
        note(done.error());
        continue;
      }
    const auto device = std::ranges::find(all, neighbour.link, &netlink::LinkInfo::index);
    report("neighbour " + neighbour.address.to_string() +
           (device != all.end() ? " of " + device->name : ""));
  }
}

void Teardown::remove_files() {
  namespace fs = std::filesystem;
  const std::string state = want_.state_dir + "/state.db";
  for (const std::string& path : {state, state + "-wal", state + "-shm", state + "-journal",
                                  want_.api_socket, want_.plugin_socket}) {
    std::error_code failed;
    if (path.empty() || !fs::exists(fs::symlink_status(path, failed))) continue;
    if (!want_.dry_run && !fs::remove(path, failed) && failed) {
      note(Error(Errc::unavailable, "remove " + path + ": " + failed.message()));
      continue;
    }
    report("file " + path);
  }
}

}  // namespace

Status teardown(const TeardownRequest& want, const std::function<void(const std::string&)>& say) {
  const bool alive = http::call(want.api_socket, {.method = "GET", .target = "/v1/version"},
                                std::chrono::seconds(2))
                         .has_value();
  if (alive && !want.dry_run)
    return fail(Errc::conflict,
                "fairleadd is running on " + want.api_socket +
                    ": stop it first, with systemctl stop fairlead.socket fairlead");
  return Teardown(want, say).run();
}

}  // namespace fairlead::cli
