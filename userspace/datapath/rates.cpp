// Rate limits: what the programs are told of them, and the program and the qdisc of a device whose
// container has a limit to what it receives.
#include "datapath/rates.h"

#include <algorithm>

#include "bpf/shared/endpoint.h"
#include "datapath/failures.h"
#include "datapath/kernel_datapath.h"
#include "datapath/put_or_undo.h"
#include "netlink/fq.h"

namespace fairlead::datapath {

namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;  // ns
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr std::uint64_t kFrameBits = 1'514 * 8;

// What starts at once: TCP's first window (RFC 6928).
constexpr std::uint64_t kBurstFrames = 10;
constexpr std::uint64_t kLeastBurst = 5 * kMillisecond;
constexpr std::uint64_t kLongestBurst = 3'600 * kSecond;

// What may wait: enough for TCP to fill the rate, little enough that nobody thinks it has stopped.
constexpr std::uint64_t kQueueFrames = 64;
constexpr std::uint64_t kShortestQueue = 50 * kMillisecond;
constexpr std::uint64_t kLongestQueue = 2 * kSecond;

// fq drops what is more of one flow than 100 packets, unless somebody has told it otherwise, and
// the time of what it drops is lost. That of an uplink is not ours; that of an endpoint is.
constexpr std::uint32_t kPacketsOut = 90;
constexpr std::uint32_t kPacketsIn = netlink::kFqPackets * 9 / 10;

// ns that so many bits take; of any number of bits.
std::uint64_t time_of(std::uint64_t bits, std::uint64_t rate) {
  const double time =
      static_cast<double>(bits) * static_cast<double>(kSecond) / static_cast<double>(rate);
  return static_cast<std::uint64_t>(std::min(time, static_cast<double>(kLongestBurst)));
}

fl_limit limit_value(NetworkId network, std::uint64_t rate, std::uint64_t burst,
                     std::uint32_t packets) {
  fl_limit limit{};
  if (rate == 0) return limit;
  limit.rate = rate;
  limit.burst = burst != 0 ? time_of(burst, rate)
                           : std::max(time_of(kBurstFrames * kFrameBits, rate), kLeastBurst);
  limit.queue = std::clamp(time_of(kQueueFrames * kFrameBits, rate), kShortestQueue, kLongestQueue);
  limit.packets = packets;
  limit.network = network;
  return limit;
}

}  // namespace

fl_rate rate_value(NetworkId network, const Rate& rate) {
  return {.egress = limit_value(network, rate.egress, rate.egress_burst, kPacketsOut),
          .ingress = limit_value(network, rate.ingress, rate.ingress_burst, kPacketsIn)};
}

__u32 limit_flags(const Rate& rate) {
  return (rate.egress != 0 ? __u32{FL_EP_LIMIT_OUT} : 0U) |
         (rate.ingress != 0 ? __u32{FL_EP_LIMIT_IN} : 0U);
}

Hook KernelDatapath::limit_hook(const std::string& device, int index) const {
  return {.device = device,
          .index = index,
          .direction = Direction::egress,
          .pin = pins_.link(kLimitPin, device)};
}

Status KernelDatapath::put_rate(const Network& network, const Endpoint& endpoint,
                                const EndpointDevice& device, Undo& undo) {
  const auto index = static_cast<__u32>(device.index);
  const Rate rate = rate_of(network.rate, endpoint.rate);
  if (limit_flags(rate) == 0) return maps_.rates.erase(index);
  fl_rate value = rate_value(network.id, rate);
  auto before = maps_.rates.get(index);
  if (!before) return std::unexpected(std::move(before).error());
  if (*before) {  // a restart lets nobody begin afresh
    value.egress.paid_until = (*before)->egress.paid_until;
    value.ingress.paid_until = (*before)->ingress.paid_until;
  }
  if (auto done = put_or_undo(maps_.rates, index, value, undo); !done) return done;
  return rate.ingress != 0 ? limit_device(device) : Status();
}

Status KernelDatapath::limit_device(const EndpointDevice& device) {
  auto fq = netlink::put_fq(device.index);
  if (!fq) return std::unexpected(std::move(fq).error());
  facts_.rates = *fq ? "packets wait for their turn (fq)"
                     : "packets that are too fast are dropped: this kernel has no fq (sch_fq)";
  return attach_endpoint(limit_hook(device.name, device.index));
}

Status KernelDatapath::check_limits(const Network& network, const Endpoint& endpoint,
                                    const EndpointDevice& device) const {
  const Rate rate = rate_of(network.rate, endpoint.rate);
  if (limit_flags(rate) == 0) return {};
  auto value = maps_.rates.get(static_cast<__u32>(device.index));
  if (!value) return std::unexpected(std::move(value).error());
  if (!*value || (*value)->egress.rate != rate.egress || (*value)->ingress.rate != rate.ingress)
    return fail(Errc::conflict, "map fl_rates does not have the limits of " + device.name);
  if (rate.ingress != 0 && !TcHooks::is_attached(limit_hook(device.name, device.index)))
    return fail(Errc::conflict,
                "no program limits what " + device.name + " brings to the container");
  return {};
}

Status KernelDatapath::retain_rates(const std::set<std::uint32_t>& devices,
                                    const std::set<std::string>& names) {
  Failures failures;
  for (const auto& device : pins_.linked(kLimitPin)) {
    if (!names.contains(device)) failures.add(detach(limit_hook(device, 0)));
  }
  auto gone =
      maps_.rates.erase_if([&](__u32 index, const fl_rate&) { return !devices.contains(index); });
  if (!gone) failures.add(std::move(gone).error());
  return failures.result();
}

Status KernelDatapath::forget_rate(const std::string& device) {
  const std::string pin = pins_.link(kLimitPin, device);
  attached_.erase(pin);
  return remove_pin(pin);
}

}  // namespace fairlead::datapath
