#include "datapath/flows.h"

#include <netinet/in.h>

#include <algorithm>
#include <ctime>

#include "datapath/abi.h"

namespace fairlead::datapath {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kShortest = std::min({kTcpRst, kIcmp, kTcpHalfOpen, kUdpOneWay});

// The clock of the programs may be a tick ahead of ours.
std::uint64_t age(std::uint64_t last_seen, std::uint64_t now) {
  return now > last_seen ? now - last_seen : 0;
}

// The entry of the other direction; nothing if its place was taken by another flow.
Result<std::optional<fl_nat>> find_twin(const FlowMap& map, const fl_flow& flow,
                                        const fl_nat& entry) {
  const fl_flow key = twin_of(flow, entry);
  auto twin = map.get(key);
  if (twin && *twin && !same(twin_of(key, **twin), flow)) return std::nullopt;
  return twin;
}

Status erase_both(const FlowMap& map, const fl_flow& flow, const fl_nat& entry) {
  auto twin = find_twin(map, flow, entry);
  if (!twin) return std::unexpected(std::move(twin).error());
  if (auto gone = map.erase(flow); !gone || !*twin) return gone;
  return map.erase(twin_of(flow, entry));
}

std::uint64_t timeout(std::uint8_t proto, unsigned flags, bool answered) {
  if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) return kIcmp;
  if (proto != IPPROTO_TCP) return answered ? kUdpTwoWay : kUdpOneWay;
  if (flags & FL_NAT_RST) return kTcpRst;
  if (!answered) return kTcpHalfOpen;
  return flags & FL_NAT_FIN ? kTcpFin : kTcpEstablished;
}

}  // namespace

fl_flow twin_of(const fl_flow& flow, const fl_nat& entry) {
  return {.src = entry.dst,
          .dst = entry.src,
          .sport = entry.dport,
          .dport = entry.sport,
          .proto = flow.proto,
          .pad = {}};
}

bool expired(const fl_flow& flow, const fl_nat& entry, const std::optional<fl_nat>& twin,
             std::uint64_t now) {
  unsigned flags = entry.flags;
  std::uint64_t last_seen = entry.last_seen;
  bool answered = false;
  if (twin) {
    const fl_nat& reply = entry.flags & FL_NAT_REPLY ? entry : *twin;
    answered = reply.flags & FL_NAT_SEEN;
    flags |= twin->flags;
    last_seen = std::max<std::uint64_t>(last_seen, twin->last_seen);
  }
  return age(last_seen, now) > timeout(flow.proto, flags, answered) * kSecond;
}

std::uint64_t coarse_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

Result<std::uint64_t> expire(const FlowMap& map, std::uint64_t now) {
  std::vector<fl_flow> idle;
  auto read = map.for_each([&](const fl_flow& flow, const fl_nat& entry) {
    if (age(entry.last_seen, now) > kShortest * kSecond) idle.push_back(flow);
  });
  if (!read) return std::unexpected(std::move(read).error());

  std::uint64_t ended = 0;
  for (const auto& flow : idle) {
    auto entry = map.get(flow);
    if (!entry) return std::unexpected(std::move(entry).error());
    if (!*entry) continue;  // went with its twin
    auto twin = find_twin(map, flow, **entry);
    if (!twin) return std::unexpected(std::move(twin).error());
    if (!expired(flow, **entry, *twin, now)) continue;
    if (auto gone = erase_both(map, flow, **entry); !gone)
      return std::unexpected(std::move(gone).error());
    ++ended;
  }
  return ended;
}

Result<std::uint64_t> delete_flows(const FlowMap& map, const Matches& matches) {
  std::vector<std::pair<fl_flow, fl_nat>> found;
  auto read = map.for_each([&](const fl_flow& flow, const fl_nat& entry) {
    if (matches(flow, entry)) found.emplace_back(flow, entry);
  });
  if (!read) return std::unexpected(std::move(read).error());
  for (const auto& [flow, entry] : found) {
    if (auto gone = erase_both(map, flow, entry); !gone)
      return std::unexpected(std::move(gone).error());
  }
  return found.size();
}

}  // namespace fairlead::datapath
