// A data path on the real kernel, in a network namespace and a BPF file system of the test's own.
#pragma once

#include <bpf/bpf.h>
#include <sys/mount.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "datapath/abi.h"
#include "datapath/kernel_datapath.h"
#include "netlink/kernel_links.h"
#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::datapath {

// Both kinds of attachment, by the parameter: TCX allowed or not.
class DatapathTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (unshare(CLONE_NEWNS) != 0 || mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      FAIRLEAD_CANNOT_RUN(std::string("cannot make a mount namespace: ") + std::strerror(errno));
    char name[] = "/tmp/fairlead-datapath-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    if (mount("bpf", name, "bpf", 0, nullptr) != 0)
      FAIRLEAD_CANNOT_RUN(std::string("cannot mount a BPF file system: ") + std::strerror(errno));
    pin_dir_ = folder_ + "/fairlead";
    auto links = netlink::KernelLinks::create();
    ASSERT_TRUE(links) << links.error().message();
    links_.emplace(std::move(*links));
    auto host = links_->ensure_host_device("fl_host", "fl_peer");
    ASSERT_TRUE(host) << host.error().message();
    host_ = *host;
  }

  void TearDown() override {
    datapath_.reset();
    if (folder_.empty()) return;
    umount2(folder_.c_str(), MNT_DETACH);
    std::error_code error;
    std::filesystem::remove(folder_, error);
  }

  Options options() const {
    Options options;
    options.pin_dir = pin_dir_;
    options.host_index = host_.index;
    options.gateway_mac = host_.mac;
    options.sizes = {.endpoints = 64,
                     .networks = 16,
                     .ports = 4096,
                     .flows = 1024,
                     .peers = 8,
                     .remote_endpoints = 64,
                     .members = 64};
    return options;
  }

  // The daemon starts, again if it ran before: the old object goes after the new one has taken
  // over.
  void start(const Options& options) {
    auto created = KernelDatapath::create(options);
    ASSERT_TRUE(created) << created.error().message();
    datapath_ = std::move(*created);
  }

  Network network(NetworkId id = 1, bool v6 = true) const {
    const std::string n = std::to_string(id);
    Network network;
    network.key = "net" + n;
    network.id = id;
    network.v4 = Subnet{.pool = *Prefix::parse("198.18." + n + ".0/24"),
                        .gateway = *Address::parse("198.18." + n + ".1")};
    if (v6)
      network.v6 = Subnet{.pool = *Prefix::parse("2001:db8:" + n + "::/64"),
                          .gateway = *Address::parse("2001:db8:" + n + "::1")};
    return network;
  }

  Endpoint endpoint(const Network& network, int number) const {
    Endpoint endpoint;
    endpoint.key = network.key + "ep" + std::to_string(number);
    endpoint.network = network.key;
    endpoint.v4 = Prefix(network.v4->pool.first().plus(static_cast<std::uint64_t>(number)), 24);
    if (network.v6)
      endpoint.v6 = Prefix(network.v6->pool.first().plus(static_cast<std::uint64_t>(number)), 64);
    endpoint.mac = Mac::from_ipv4(endpoint.v4->address());
    endpoint.host_device = "flt" + std::to_string(network.id) + "-" + std::to_string(number);
    endpoint.container_device = endpoint.host_device + "c";
    return endpoint;
  }

  EndpointDevice make_device(const Endpoint& endpoint) {
    auto index = links_->create_veth({.host_name = endpoint.host_device,
                                      .container_name = endpoint.container_device,
                                      .container_mac = endpoint.mac,
                                      .mtu = 1500});
    EXPECT_TRUE(index) << index.error().message();
    return {.name = endpoint.host_device, .index = index.value_or(0)};
  }

  EndpointDevice put(const Network& network, const Endpoint& endpoint) {
    const EndpointDevice device = make_device(endpoint);
    const auto done = datapath_->put_endpoint(network, endpoint, device);
    EXPECT_TRUE(done) << done.error().message();
    return device;
  }

  // Every program has its lasting place.
  void settle() {
    for (auto more = datapath_->settle_next(); more.value_or(false);)
      more = datapath_->settle_next();
  }

  static std::vector<PublishedPort> for_everyone(const std::vector<PortBinding>& ports) {
    std::vector<PublishedPort> out;
    for (const auto& port : ports) out.push_back({.binding = port, .sources = {}});
    return out;
  }

  // A map through its pin, as anybody else on the machine would open it.
  template <typename K, typename V>
  Map<K, V> open(const std::string& name) {
    fds_.emplace_back(bpf_obj_get((pin_dir_ + "/maps/" + name).c_str()));
    auto map = Map<K, V>::open(fds_.back().get(), name);
    EXPECT_TRUE(map) << map.error().message();
    return map.value_or(Map<K, V>());
  }

  std::uint64_t count(const std::string& map) {
    auto infos = datapath_->maps();
    EXPECT_TRUE(infos) << infos.error().message();
    for (const auto& info : *infos) {
      if (info.name == map) return info.used;
    }
    ADD_FAILURE() << "no map " << map;
    return 0;
  }

  bool pinned(const std::string& link) const {
    return std::filesystem::exists(pin_dir_ + "/links/" + link);
  }

  static void expect_ok(const Status& status) {
    EXPECT_TRUE(status) << (status ? "" : status.error().message());
  }

  std::string folder_;
  std::string pin_dir_;
  std::optional<netlink::KernelLinks> links_;
  netlink::HostDevice host_;
  std::unique_ptr<KernelDatapath> datapath_;
  std::vector<UniqueFd> fds_;
};

}  // namespace fairlead::datapath
