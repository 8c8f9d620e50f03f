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
#include "daemon/host_name.h"
#include "daemon/mirror_bell.h"
#include "daemon/part_settings.h"
#include "daemon/peer_pings.h"
#include "daemon/settling.h"
#include "datapath/kernel_datapath.h"
#include "engine/cluster_verbs.h"
#include "engine/underlay.h"
#include "engine/verbs.h"
#include "http/server.h"
#include "http/socket.h"
#include "netlink/events.h"
#include "netlink/kernel_links.h"
#include "relay/relay.h"
#include "store/sqlite_store.h"

namespace fairlead::daemon {

namespace {

constexpr const char* kStateFile = "/state.db";
// Of the requests under way when the daemon is told to end.
constexpr std::chrono::seconds kStopGrace{5};
// Then, of what the cluster's store was to be told.
constexpr std::chrono::milliseconds kFlushGrace{1000};
constexpr std::size_t kLargestBody = 64 << 20;  // bytes; a whole cluster, for `cluster import`

// What Docker calls the driver: its socket's name.
std::string driver_name(const std::string& plugin_socket) {
  return std::filesystem::path(plugin_socket).stem().string();
}

Status bring_back(engine::Engine& engine, const Config& config) {
  if (auto done = engine::start_cluster(engine, config.cluster); !done) return done;
  return engine::restore(engine);
}

// This host stays in its cluster; only its threads end.
void end_membership(engine::Engine& engine) {
  if (engine.cluster && engine.cluster->agent && engine.cluster->agent->status().connected &&
      !engine.cluster->agent->flush(kFlushGrace))
    log::event(log::Level::info, "cluster_writes_left", {{"advice", "the next start does them"}});
  engine.cluster.reset();
}

}  // namespace

// In the order they need each other; they end in reverse.
struct Service::Parts {
  Parts(const Config& settings, std::unique_ptr<store::SqliteStore> opened,
        netlink::KernelLinks kernel_links, netlink::Monitor host_monitor,
        std::unique_ptr<datapath::KernelDatapath> programs,
        std::unique_ptr<relay::Relay> local_clients)
      : config(settings),
        store(std::move(opened)),
        links(std::move(kernel_links)),
        monitor(std::move(host_monitor)),
        datapath(std::move(programs)),
        relay(std::move(local_clients)),
        ipam(ipam_settings(settings)),
        engine{.settings = engine_settings(settings),
               .ipam = ipam,
               .links = links,
               .datapath = *datapath,
               .store = *store,
               .host_ports = host_ports,
               .clock = clock,
               .state = {},
               .relay = relay.get()},
        pings(engine, queue),
        settling(*datapath, queue) {
    engine.settings.on_mirror = [this] { bell.ring(); };
    engine.settings.on_news = [this](cluster::News news) {
      queue.post([this, news = std::move(news)] {
        if (!engine.cluster) return;  // left meanwhile
        if (auto done = engine::apply_news(engine, news); !done)
          log::event(log::Level::warning, "cluster_news_failed",
                     {{"error", done.error().message()}});
        pings.update();
      });
    };
  }
  ~Parts() { stop(); }

  // Runs `task` on the engine's thread and waits for it.
  void run(const std::function<void()>& task) {
    std::promise<void> done;
    queue.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  void stop();

  // Runs `verb` on the engine's thread unless the last one of its kind is still waiting there.
  void post(std::atomic<bool>& pending, const char* failure, Status (*verb)(engine::Engine&)) {
    if (pending.exchange(true)) return;
    queue.post([this, &pending, failure, verb] {
      pending = false;
      if (auto done = verb(engine); !done)
        log::event(log::Level::warning, failure, {{"error", done.error().message()}});
      pings.update();
      settling.update();
    });
  }

  Config config;
  std::unique_ptr<store::SqliteStore> store;
  netlink::KernelLinks links;
  netlink::Monitor monitor;
  std::unique_ptr<datapath::KernelDatapath> datapath;
  std::unique_ptr<relay::Relay> relay;
  ipam::Ipam ipam;
  engine::HostPorts host_ports;
  SystemClock clock;
  engine::Engine engine;
  std::atomic<bool> tick_pending = false;
  std::atomic<bool> sync_pending = false;
  std::atomic<bool> underlay_pending = false;
  MirrorBell bell;
  WorkQueue queue;
  PeerPings pings;
  Settling settling;
  std::optional<cnm::DockerWatch> docker;
  std::optional<cnm::Plugin> plugin;
  std::optional<api::Api> api;
  std::optional<http::Server> server;
};

// Each step ends who could still ask the next one.
void Service::Parts::stop() {
  if (server) server->stop(kStopGrace);
  run([] {});      // what is queued refers to the API
  plugin.reset();  // waits for its last attempts, which tell the Docker watch
  bell.hang(nullptr);
  settling.stop();
  docker.reset();  // who asks the engine to compare must not meet it without its cluster
  run([this] {
    pings.stop();
    end_membership(engine);
  });
  run([] {});  // what the cluster's threads had to say
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Service::~Service() = default;

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

  auto relay = relay::Relay::create();
  if (!relay) return std::unexpected(std::move(relay).error());

  auto parts =
      std::make_unique<Parts>(config, std::move(*store), std::move(*links), std::move(*monitor),
                              std::move(*datapath), std::move(*relay));
  parts->engine.state.host_device = *host;
  Status restored;
  parts->run([&] { restored = bring_back(parts->engine, config); });
  if (!restored) return std::unexpected(std::move(restored).error());
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
  parts.bell.hang([&parts] { parts.docker->mirror(); });
  parts.plugin.emplace(
      parts.engine, parts.queue, [&parts] { parts.docker->activated(); },
      [&parts] { parts.docker->named(); });
  parts.api.emplace(
      parts.engine, parts.queue,
      api::About{
          .version = FAIRLEAD_VERSION, .host = host_name(), .configured = parts.config.cluster});

  http::Limits limits;
  limits.body = kLargestBody;
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

void Service::stop() { parts_->stop(); }

std::string Service::summary() {
  std::string text;
  parts_->run([&] {
    const engine::State& state = parts_->engine.state;
    text = std::to_string(state.networks.size()) + " networks, " +
           std::to_string(state.endpoints.size()) + " endpoints";
  });
  return text;
}

}  // namespace fairlead::daemon
