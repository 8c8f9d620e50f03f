// A kernel map as bytes: what Map<Key, Value> and the counters stand on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::datapath {

// Does not own the fd; the Programs object that opened the map outlives every view of it.
// All errors name the map.
class RawMap {
 public:
  RawMap() = default;

  // unsupported, naming both sizes, if the kernel's map holds other keys or values than these.
  static Result<RawMap> open(int fd, std::string name, std::size_t key_size,
                             std::size_t value_size);

  // `flags`: BPF_ANY or BPF_NOEXIST. exhausted if the map is full: says how large it is.
  Status put(const void* key, const void* value, std::uint64_t flags) const;
  // `count` keys and values, each packed one after the other; in one system call where the kernel
  // can (5.6). What was written before a failure stays.
  Status put_many(const void* keys, const void* values, std::size_t count) const;
  // false: no such key. Per-CPU maps: `value` takes value_stride() bytes.
  Result<bool> get(const void* key, void* value) const;
  Status erase(const void* key) const;  // what is gone already is success

  // Every entry, some thousands a system call where the kernel can. What is written meanwhile may
  // be seen or not. `each` must not change this map.
  using Each = std::function<void(const std::byte* key, const std::byte* value)>;
  Status for_each(const Each& each) const;
  Result<std::uint64_t> count() const;
  Status erase_if(const std::function<bool(const std::byte* key)>& unwanted) const;

  const std::string& name() const { return name_; }
  std::uint32_t capacity() const { return capacity_; }
  bool is_array() const;
  // Bytes of one value as a lookup returns it: of per-CPU maps one 8-byte aligned value for
  // each possible CPU.
  std::size_t value_stride() const { return value_stride_; }

 private:
  Status for_each_batch(const Each& each, bool* supported) const;
  Status for_each_key(const Each& each) const;

  int fd_ = -1;
  std::string name_;
  std::uint32_t type_ = 0;
  std::uint32_t capacity_ = 0;
  std::size_t key_size_ = 0;
  std::size_t value_stride_ = 0;
};

// How many CPUs a per-CPU value has parts for.
int possible_cpus();

}  // namespace fairlead::datapath
