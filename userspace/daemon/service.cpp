#include "daemon/service.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <optional>

#include "api/api.h"
#include "api/codec.h"
#include "base/log.h"
#include "cnm/codec.h"
#include "cnm/docker_watch.h"
#include "cnm/plugin.h"
#include "daemon/cgroup.h"
#include "datapath/kernel_datapath.h"
#include "engine/underlay.h"
#include "engine/verbs.h"
#include "http/server.h"
#include "http/socket.h"
#include "netlink/events.h"
#include "netlink/kernel_links.h"
#include "store/sqlite_store.h"

namespace fairlead::daemon {

namespace {

constexpr const char* kStateFile = "/state.db";
// Of the requests under way when the daemon is told to end.
constexpr std::chrono::seconds kStopGrace{5};

engine::Settings engine_settings(const Config& config) {
  return {.host_device = config.host_device.name,
          .host_device_peer = config.host_device.peer,
          .uplinks = config.uplinks,
          .default_mtu = config.mtu,
          .orphan_grace = config.orphan_grace};
}

ipam::Settings ipam_settings(const Config& config) {
  ipam::Settings out{.ranges_v4 = {}, .ranges_v6 = {}, .cooldown = config.ipam.cooldown};
  for (const Prefix& prefix : config.ipam.ranges_v4)
    out.ranges_v4.push_back({.prefix = prefix, .cut = config.ipam.cut_v4});
  for (const Prefix& prefix : config.ipam.ranges_v6)
    out.ranges_v6.push_back({.prefix = prefix, .cut = config.ipam.cut_v6});
  return out;
}

datapath::Options datapath_options(const Config& config, const netlink::HostDevice& host) {
  datapath::Options out;
  out.pin_dir = config.pin_dir;
  out.cgroup = find_cgroup(config.cgroup);
  out.allow_tcx = config.attach != "clsact";
  out.host_device = config.host_device.name;
  out.host_index = host.index;
  out.gateway_mac = host.mac;
  out.nat_port_first = config.nat.first;
  out.nat_port_last = config.nat.last;
  out.sizes = {.endpoints = config.maps.endpoints,
               .networks = config.maps.networks,
               .ports = config.maps.ports,
               .flows = config.maps.flows};
  out.libbpf_log = [](std::string_view line) {
    log::event(log::Level::debug, "libbpf", {{"line", std::string(line)}});
  };
  return out;
}

// What Docker calls the driver: its socket's name.
std::string driver_name(const std::string& plugin_socket) {
  return std::filesystem::path(plugin_socket).stem().string();
}

}  // namespace

// In the order they need each other; they end in reverse.
struct Service::Parts {
  Parts(const Config& settings, std::unique_ptr<store::SqliteStore> opened,
        netlink::KernelLinks kernel_links, netlink::Monitor host_monitor,
        std::unique_ptr<datapath::KernelDatapath> programs)
      : config(settings),
        store(std::move(opened)),
        links(std::move(kernel_links)),
        monitor(std::move(host_monitor)),
        datapath(std::move(programs)),
        ipam(ipam_settings(settings)),
        engine{.settings = engine_settings(settings),
               .ipam = ipam,
               .links = links,
               .datapath = *datapath,
               .store = *store,
               .host_ports = host_ports,
               .clock = clock,
               .state = {}} {}

  // Runs `verb` on the engine's thread unless the last one of its kind is still waiting there.
  void post(std::atomic<bool>& pending, const char* failure, Status (*verb)(engine::Engine&)) {
    if (pending.exchange(true)) return;
    queue.post([this, &pending, failure, verb] {
      pending = false;
      if (auto done = verb(engine); !done)
        log::event(log::Level::warning, failure, {{"error", done.error().message()}});
    });
  }

  Config config;
  std::unique_ptr<store::SqliteStore> store;
  netlink::KernelLinks links;
  netlink::Monitor monitor;
  std::unique_ptr<datapath::KernelDatapath> datapath;
  ipam::Ipam ipam;
  engine::HostPorts host_ports;
  SystemClock clock;
  engine::Engine engine;
  std::atomic<bool> tick_pending = false;
  std::atomic<bool> sync_pending = false;
  std::atomic<bool> underlay_pending = false;
  WorkQueue queue;
  std::optional<cnm::DockerWatch> docker;
  std::optional<cnm::Plugin> plugin;
  std::optional<api::Api> api;
  std::optional<http::Server> server;
};

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Service::~Service() { stop(); }

Result<std::unique_ptr<Service>> Service::create(const Config& config) {
  std::error_code failed;
  std::filesystem::create_directories(config.state_dir, failed);
  if (failed) return fail_errno("make state folder " + config.state_dir, failed.value());
  auto store = store::SqliteStore::open(config.state_dir + kStateFile);
  if (!store) return std::unexpected(std::move(store).error());

  auto links = netlink::KernelLinks::create();
  if (!links) return std::unexpected(std::move(links).error());
  auto monitor = netlink::Monitor::open();  // before anything is read: no change is missed
  if (!monitor) return std::unexpected(std::move(monitor).error());
  const auto host = links->ensure_host_device(config.host_device.name, config.host_device.peer);
  if (!host) return std::unexpected(host.error());
  auto datapath = datapath::KernelDatapath::create(datapath_options(config, *host));
  if (!datapath) return std::unexpected(std::move(datapath).error());

  auto parts = std::make_unique<Parts>(config, std::move(*store), std::move(*links),
                                       std::move(*monitor), std::move(*datapath));
  parts->engine.state.host_device = *host;
  std::promise<Status> restored;
  parts->queue.post([&] { restored.set_value(engine::restore(parts->engine)); });
  if (auto done = restored.get_future().get(); !done)
    return std::unexpected(std::move(done).error());
  for (const std::string& warning : parts->engine.state.warnings)
    log::event(log::Level::warning, "restore_warning", {{"error", warning}});
  return std::unique_ptr<Service>(new Service(std::move(parts)));
}

Status Service::listen(std::vector<Inherited> sockets) {
  Parts& parts = *parts_;
  parts.docker.emplace(cnm::DockerWatch::Settings{.socket = parts.config.docker.socket,
                                                  .driver = driver_name(parts.config.plugin_socket),
                                                  .period = parts.config.docker.reconcile},
                       parts.engine, parts.queue);
  parts.plugin.emplace(
      parts.engine, parts.queue, [&parts] { parts.docker->activated(); },
      [&parts] { parts.docker->named(); });
  parts.api.emplace(parts.engine, parts.queue, FAIRLEAD_VERSION);

  http::Limits limits;
  limits.answer = parts.config.request_timeout;
  auto server = http::Server::create(limits);
  if (!server) return std::unexpected(std::move(server).error());

  const auto open = [&](const char* name, const std::string& path, bool root_only,
                        http::Handler handler, auto error_body) -> Status {
    auto inherited = take_socket(sockets, name, path);
    auto fd = inherited ? Result<UniqueFd>(std::move(*inherited)) : http::listen_unix(path);
    if (!fd) return std::unexpected(std::move(fd).error());
    server->add({.fd = std::move(*fd),
                 .unlink_path = inherited ? "" : path,
                 .root_only = root_only,
                 .handler = std::move(handler),
                 .error_body = error_body});
    return {};
  };
  if (auto done = open(
          "fairlead-plugin", parts.config.plugin_socket, /*root_only=*/false,
          [plugin = &*parts.plugin](http::Request request, http::Respond respond) {
            plugin->handle(std::move(request), std::move(respond));
          },
          cnm::format_error);
      !done)
    return done;
  if (auto done = open(
          "fairlead-api", parts.config.api_socket, /*root_only=*/true,
          [api = &*parts.api](http::Request request, http::Respond respond) {
            api->handle(std::move(request), std::move(respond));
          },
          api::format_error);
      !done)
    return done;
  for (const Inherited& socket : sockets)
    log::event(log::Level::warning, "socket_unknown",
               {{"name", socket.name},
                {"path", socket.path},
                {"advice", "call it fairlead-plugin or fairlead-api (FileDescriptorName=)"}});

  parts.server.emplace(std::move(*server));
  parts.server->start();
  return {};
}

void Service::tick() {
  parts_->post(parts_->tick_pending, "tick_failed", [](engine::Engine& engine) {
    notify_alive();  // from the engine's thread: a watchdog of the main thread would watch nothing
    return engine::tick(engine);
  });
}

void Service::sync_host() {
  parts_->post(parts_->sync_pending, "sync_host_failed", engine::sync_host);
}

void Service::sync_underlay() {
  parts_->post(parts_->underlay_pending, "sync_underlay_failed", engine::sync_underlay);
}

int Service::host_fd() const { return parts_->monitor.fd(); }

netlink::News Service::drain_host() {
  const auto news = parts_->monitor.drain();
  if (news) return *news;
  log::event(log::Level::warning, "host_news_failed", {{"error", news.error().message()}});
  return {.host = true, .underlay = true};
}

void Service::stop() {
  if (!parts_->server) return;
  parts_->server->stop(kStopGrace);
  // Tasks that are still queued refer to the plugin and the API: let them end before those do.
  std::promise<void> drained;
  parts_->queue.post([&] { drained.set_value(); });
  drained.get_future().wait();
}

std::string Service::summary() {
  std::promise<std::string> text;
  parts_->queue.post([&] {
    const engine::State& state = parts_->engine.state;
    text.set_value(std::to_string(state.networks.size()) + " networks, " +
                   std::to_string(state.endpoints.size()) + " endpoints");
  });
  return text.get_future().get();
}

}  // namespace fairlead::daemon
