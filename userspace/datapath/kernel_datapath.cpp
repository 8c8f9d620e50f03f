#include "datapath/kernel_datapath.h"

#include "datapath/abi.h"
#include "datapath/failures.h"
#include "datapath/flows.h"
#include "datapath/libbpf_log.h"
#include "datapath/local_ports.h"
#include "datapath/probe.h"
#include "datapath/shortcut.h"
#include "datapath/socket_hooks.h"

namespace fairlead::datapath {

namespace {

Result<fl_config> config_of(const Options& options) {
  std::uint64_t cookie = options.host_netns;
  if (cookie == 0) {
    auto own = netns_cookie();
    if (!own) return std::unexpected(std::move(own).error());
    cookie = *own;
  }
  fl_config config{};
  config.host_netns = cookie;
  config.host_ifindex = static_cast<__u32>(options.host_index);
  config.nat_port_first = options.nat_port_first;
  config.nat_port_last = options.nat_port_last;
  std::memcpy(config.gateway_mac, options.gateway_mac.bytes().data(), sizeof(config.gateway_mac));
  config.csum_ipv6 = knows_ipv6_checksum_flag();
  config.decap_l3 = knows_decap_l3_flags();
  config.decap_l4_udp = config.decap_l3 && knows_decap_l4_udp_flag();
  config.reads_skb = can_read_skb();
  config.host_rules = options.host_rules;
  config.flows_per_container =
      options.flows_per_container != 0 ? options.flows_per_container : options.sizes.flows / 2;
  return config;
}

}  // namespace

KernelDatapath::KernelDatapath(Options options, const fl_config& config, Programs programs)
    : options_(std::move(options)),
      config_(config),
      programs_(std::move(programs)),
      pins_(options_.pin_dir),
      hooks_(options_.allow_tcx) {}

Result<std::unique_ptr<KernelDatapath>> KernelDatapath::create(const Options& options) {
  set_libbpf_sink(options.libbpf_log);
  if (options.xdp != "auto" && options.xdp != "native" && options.xdp != "off")
    return fail(Errc::invalid_argument, "xdp = \"" + options.xdp + "\": it is auto, native or off");
  Pins pins(options.pin_dir);
  if (auto made = pins.make_folders(); !made) return std::unexpected(std::move(made).error());
  auto config = config_of(options);
  if (!config) return std::unexpected(std::move(config).error());
  auto programs = Programs::load(options, *config, pins, !options.cgroup.empty());
  if (!programs) return std::unexpected(std::move(programs).error());
  std::unique_ptr<KernelDatapath> datapath(
      new KernelDatapath(options, *config, std::move(*programs)));
  if (auto started = datapath->start(options); !started)
    return std::unexpected(std::move(started).error());
  return datapath;
}

Status KernelDatapath::start(const Options& options) {
  timeouts_ = options.timeouts;
  nat_port_first_ = options.nat_port_first;
  nat_port_last_ = options.nat_port_last;
  auto maps = Maps::open(programs_);
  if (!maps) return std::unexpected(std::move(maps).error());
  maps_ = std::move(*maps);
  if (auto done = forget_ways(); !done) return done;  // whatever changed meanwhile
  auto networks = NetworkTable::load(maps_, options.host_index, options.gateway_mac);
  if (!networks) return std::unexpected(std::move(networks).error());
  networks_ = std::make_unique<NetworkTable>(std::move(*networks));
  auto ports = PortTable::load(maps_);
  if (!ports) return std::unexpected(std::move(ports).error());
  ports_ = std::make_unique<PortTable>(std::move(*ports));
  auto lists = SourceLists::load(maps_.sources);
  if (!lists) return std::unexpected(std::move(lists).error());
  lists_ = std::make_unique<SourceLists>(std::move(*lists));
  auto peers = PeerTable::load(maps_, coarse_now());
  if (!peers) return std::unexpected(std::move(peers).error());
  peers_ = std::make_unique<PeerTable>(std::move(*peers));
  auto tunnel = maps_.tunnel.get(0);
  if (!tunnel) return std::unexpected(std::move(tunnel).error());
  if (*tunnel)
    tunnel_ = {.device = static_cast<int>((*tunnel)->ifindex), .port = ntohs((*tunnel)->port)};

  if (auto attached = hooks_.attach(programs_.host(), {.device = options.host_device,
                                                       .index = options.host_index,
                                                       .direction = Direction::egress,
                                                       .pin = pins_.link(kHostPin, "")});
      !attached)
    return attached;
  facts_.attach_mode = hooks_.mode();
  facts_.problems = programs_.notes();
  start_socket_hooks(options);
  sync_shortcut();
  return {};
}

void KernelDatapath::start_socket_hooks(const Options& options) {
  if (options.cgroup.empty()) {
    facts_.socket_hooks = "no cgroup v2 on this host, or cgroup = \"off\"";
    if (auto gone = detach_socket_hooks(pins_); !gone)
      facts_.problems.push_back(gone.error().message());
    return;
  }
  auto attached = attach_socket_hooks(programs_.sockets(), options.cgroup, pins_);
  facts_.socket_hooks = attached ? "on" : attached.error().message();
}

void KernelDatapath::sync_shortcut() {
  if (!networks_->any_shortcut()) {
    facts_.shortcut.clear();
    if (auto gone = detach_shortcut(pins_); !gone) facts_.shortcut = gone.error().message();
    return;
  }
  if (facts_.shortcut == "on") return;
  Status done;
  if (options_.cgroup.empty())
    done = fail(Errc::unsupported, "no cgroup v2 on this host, or cgroup = \"off\"");
  if (done) done = programs_.load_shortcut(options_, config_, pins_);
  if (done) done = attach_shortcut(programs_.shortcut(), options_.cgroup, pins_);
  facts_.shortcut = done ? "on" : done.error().message();
}

Status KernelDatapath::attach_once(int program, const Hook& hook) {
  if (const auto found = attached_.find(hook.pin);
      found != attached_.end() && found->second == hook.index)
    return {};
  if (auto done = hooks_.attach(program, hook); !done) return done;
  attached_[hook.pin] = hook.index;
  return {};
}

Status KernelDatapath::detach(const Hook& hook) {
  attached_.erase(hook.pin);
  return hooks_.detach(hook);
}

Hook KernelDatapath::endpoint_hook(const std::string& device, int index) const {
  return {.device = device,
          .index = index,
          .direction = Direction::ingress,
          .pin = pins_.link(kEndpointPin, device)};
}

Hook KernelDatapath::uplink_hook(const std::string& device, int index) const {
  return {.device = device,
          .index = index,
          .direction = Direction::ingress,
          .pin = pins_.link(kUplinkPin, device)};
}

Status KernelDatapath::put_network(const Network& network) {
  const std::string what = "network " + network.key;
  const bool known = networks_->has(network.id);
  if (auto done = networks_->put(network); !done) return fail(std::move(done).error(), what);
  if (auto done = ports_->set_routed(networks_->any_routed()); !done) {
    if (!known) static_cast<void>(networks_->erase(network.id));
    return fail(std::move(done).error(), what);
  }
  sync_shortcut();
  return {};
}

Status KernelDatapath::erase_network(NetworkId id) {
  Failures failures;
  failures.add(networks_->erase(id));
  failures.add(ports_->set_routed(networks_->any_routed()));
  sync_shortcut();
  auto members = maps_.vni_members.erase_if(
      [id](const fl_vni_member& member, __u32) { return member.network == id; });
  if (!members) failures.add(std::move(members).error());
  failures.add(end_stale_flows());
  failures.add(maps_.drops.raw().erase_if([id](const std::byte* bytes) {
    fl_drop_key key;
    std::memcpy(&key, bytes, sizeof(key));
    return key.network == id;
  }));
  return failures.result();
}

Facts KernelDatapath::facts() {
  Facts facts = facts_;
  for (const auto* more : {&uplink_problems_, &xdp_problems_})
    facts.problems.insert(facts.problems.end(), more->begin(), more->end());
  if (auto problem = local_ports_problem(nat_port_first_, nat_port_last_))
    facts.problems.push_back(std::move(*problem));
  return facts;
}

}  // namespace fairlead::datapath
