// What the programs counted, and how full the maps are.
#include <cstring>

#include "datapath/kernel_datapath.h"

namespace fairlead::datapath {

namespace {

// Adds up the parts of all CPUs. fl_counter is a multiple of 8 bytes, so the parts are adjacent.
fl_counter sum(const std::byte* values) {
  fl_counter total{};
  for (int cpu = 0; cpu < possible_cpus(); ++cpu) {
    fl_counter part;
    std::memcpy(&part, values + static_cast<std::size_t>(cpu) * sizeof(part), sizeof(part));
    total.packets += part.packets;
    total.bytes += part.bytes;
  }
  return total;
}

}  // namespace

Result<std::vector<Counter>> KernelDatapath::counters() {
  std::vector<Counter> counters;
  const auto add = [&](NetworkId network, std::uint32_t reason, const std::byte* values) {
    const fl_counter total = sum(values);
    if (total.packets == 0) return;
    counters.push_back(
        {.network = network, .reason = reason, .packets = total.packets, .bytes = total.bytes});
  };
  auto read = maps_.forwarded.raw().for_each([&](const std::byte* key, const std::byte* values) {
    std::uint32_t reason = 0;
    std::memcpy(&reason, key, sizeof(reason));
    add(0, reason, values);
  });
  if (read) {
    read = maps_.drops.raw().for_each([&](const std::byte* bytes, const std::byte* values) {
      fl_drop_key key;
      std::memcpy(&key, bytes, sizeof(key));
      add(key.network, key.reason, values);
    });
  }
  if (!read) return std::unexpected(std::move(read).error());
  return counters;
}

Result<std::vector<MapInfo>> KernelDatapath::maps() {
  std::vector<MapInfo> infos;
  for (const auto* map : maps_.all()) {
    MapInfo info{
        .name = map->name(), .pin = pins_.map(map->name()), .capacity = map->capacity(), .used = 0};
    if (!map->is_array()) {
      auto used = map->count();
      if (!used) return std::unexpected(std::move(used).error());
      info.used = *used;
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

}  // namespace fairlead::datapath
