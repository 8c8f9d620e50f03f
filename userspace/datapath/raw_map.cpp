#include "datapath/raw_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>

namespace fairlead::datapath {

namespace {

// Entries a batch system call; grown where a hash bucket alone is longer.
constexpr std::uint32_t kBatch = 4096;
constexpr std::uint32_t kLargestBatch = 1 << 20;
constexpr int kNotSupported = 524;  // the kernel's ENOTSUPP, which has no name outside it

bool cannot_batch(int sys_errno) {
  return sys_errno == EINVAL || sys_errno == EOPNOTSUPP || sys_errno == kNotSupported;
}

bool per_cpu(std::uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

}  // namespace

int possible_cpus() {
  static const int count = libbpf_num_possible_cpus();
  return count > 0 ? count : 1;
}

Result<RawMap> RawMap::open(int fd, std::string name, std::size_t key_size,
                            std::size_t value_size) {
  bpf_map_info info{};
  std::uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return fail_errno("map " + name);
  if (info.key_size != key_size || info.value_size != value_size)
    return fail(Errc::unsupported,
                "map " + name + ": the kernel has key/value of " + std::to_string(info.key_size) +
                    "/" + std::to_string(info.value_size) + " bytes, the daemon expects " +
                    std::to_string(key_size) + "/" + std::to_string(value_size) +
                    ": it was left by another version; 'fairlead teardown --all' removes it");
  RawMap map;
  map.fd_ = fd;
  map.name_ = std::move(name);
  map.type_ = info.type;
  map.capacity_ = info.max_entries;
  map.key_size_ = key_size;
  map.value_stride_ = per_cpu(info.type)
                          ? (value_size + 7) / 8 * 8 * static_cast<std::size_t>(possible_cpus())
                          : value_size;
  return map;
}

bool RawMap::is_array() const {
  return type_ == BPF_MAP_TYPE_ARRAY || type_ == BPF_MAP_TYPE_PERCPU_ARRAY;
}

Status RawMap::put(const void* key, const void* value, std::uint64_t flags) const {
  if (bpf_map_update_elem(fd_, key, value, flags) == 0) return {};
  if (errno == E2BIG || errno == ENOSPC)
    return fail(Errc::exhausted, "map " + name_ + " is full with " + std::to_string(capacity_) +
                                     " entries: raise its size in the configuration");
  return fail_errno("write to map " + name_);
}

Status RawMap::put_many(const void* keys, const void* values, std::size_t count) const {
  if (count == 0) return {};
  auto done = static_cast<std::uint32_t>(count);
  if (bpf_map_update_batch(fd_, keys, values, &done, nullptr) == 0) return {};
  // Too old, too full or broken: one at a time either works, or says which it is.
  const auto* key = static_cast<const std::byte*>(keys);
  const auto* value = static_cast<const std::byte*>(values);
  for (; count > 0; --count, key += key_size_, value += value_stride_) {
    if (auto put_one = put(key, value, BPF_ANY); !put_one) return put_one;
  }
  return {};
}

Result<bool> RawMap::get(const void* key, void* value) const {
  if (bpf_map_lookup_elem(fd_, key, value) == 0) return true;
  if (errno == ENOENT) return false;
  return fail_errno("read map " + name_);
}

Status RawMap::erase(const void* key) const {
  if (bpf_map_delete_elem(fd_, key) == 0 || errno == ENOENT) return {};
  return fail_errno("delete from map " + name_);
}

Status RawMap::for_each(const Each& each) const {
  bool supported = true;
  auto done = for_each_batch(each, &supported);
  return supported ? done : for_each_key(each);
}

// Batches of hashes go bucket by bucket (kernel/bpf/hashtab.c), so an entry that stays is seen
// exactly once whatever comes and goes. `supported` is false only if nothing was seen yet.
Status RawMap::for_each_batch(const Each& each, bool* supported) const {
  std::uint32_t batch = std::min(kBatch, std::max(capacity_, 1U));
  std::vector<std::byte> keys(batch * key_size_);
  std::vector<std::byte> values(batch * value_stride_);
  // The position: a bucket number, or for some kinds of map the last key.
  std::vector<std::byte> position(std::max(key_size_, sizeof(std::uint64_t)));
  std::vector<std::byte> next(position.size());
  for (bool first = true;;) {
    std::uint32_t count = batch;
    const int result = bpf_map_lookup_batch(fd_, first ? nullptr : position.data(), next.data(),
                                            keys.data(), values.data(), &count, nullptr);
    const int error = result == 0 ? 0 : errno;
    if (error == ENOSPC && batch < kLargestBatch) {  // one bucket is longer than the batch
      batch *= 4;
      keys.resize(batch * key_size_);
      values.resize(batch * value_stride_);
      continue;
    }
    if (first && cannot_batch(error)) {
      *supported = false;
      return {};
    }
    if (error != 0 && error != ENOENT) return fail_errno("read map " + name_, error);
    for (std::size_t i = 0; i < count; ++i)
      each(keys.data() + i * key_size_, values.data() + i * value_stride_);
    if (error == ENOENT) return {};  // the end
    position.swap(next);
    first = false;
  }
}

Status RawMap::for_each_key(const Each& each) const {
  // Keys first, and no more than fit in: a key that vanishes meanwhile makes the kernel begin
  // again.
  std::vector<std::byte> keys;
  std::vector<std::byte> key(key_size_);
  bool more = bpf_map_get_next_key(fd_, nullptr, key.data()) == 0;
  for (std::uint32_t count = 0; more && count < capacity_; ++count) {
    keys.insert(keys.end(), key.begin(), key.end());
    const std::vector<std::byte> last = key;
    more = bpf_map_get_next_key(fd_, last.data(), key.data()) == 0;
  }
  if (!more && errno != ENOENT) return fail_errno("read map " + name_);
  std::vector<std::byte> value(value_stride_);
  for (std::size_t at = 0; at < keys.size(); at += key_size_) {
    auto found = get(keys.data() + at, value.data());
    if (!found) return std::unexpected(std::move(found).error());
    if (*found) each(keys.data() + at, value.data());
  }
  return {};
}

Status RawMap::erase_if(const std::function<bool(const std::byte* key)>& unwanted) const {
  std::vector<std::byte> keys;
  auto read = for_each([&](const std::byte* key, const std::byte*) {
    if (unwanted(key)) keys.insert(keys.end(), key, key + key_size_);
  });
  if (!read) return read;
  for (std::size_t at = 0; at < keys.size(); at += key_size_) {
    if (auto gone = erase(keys.data() + at); !gone) return gone;
  }
  return {};
}

Result<std::uint64_t> RawMap::count() const {
  std::uint64_t count = 0;
  auto done = for_each([&](const std::byte*, const std::byte*) { ++count; });
  if (!done) return std::unexpected(std::move(done).error());
  return count;
}

}  // namespace fairlead::datapath
