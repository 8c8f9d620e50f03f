#include "bpf_program.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdarg>
#include <cstring>
#include <numeric>
#include <ostream>

#include "reasons_seen.h"

namespace fairlead::test {
namespace {

// BPF_F_TEST_SKB_CHECKSUM_COMPLETE; Debian 12's <linux/bpf.h> is older than the flag.
constexpr std::uint32_t kChecksumComplete = 1U << 2;

thread_local std::string libbpf_log;

int collect_log(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  char line[4096];
  const int length = std::vsnprintf(line, sizeof(line), format, arguments);
  if (libbpf_log.size() < 65536) libbpf_log += line;
  return length;
}

// Where variable `name` lies in the object's .rodata, by its BTF; -1 if it has none.
long rodata_offset(const bpf_object* object, const char* name) {
  const btf* types = bpf_object__btf(object);
  const int section = btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC);
  if (section < 0) return -1;
  const btf_type* type = btf__type_by_id(types, static_cast<std::uint32_t>(section));
  const btf_var_secinfo* variable = btf_var_secinfos(type);
  for (unsigned i = 0; i < btf_vlen(type); ++i, ++variable) {
    const btf_type* var = btf__type_by_id(types, variable->type);
    if (std::strcmp(btf__name_by_offset(types, var->name_off), name) == 0) return variable->offset;
  }
  return -1;
}

bool set_config(bpf_object* object, const fl_config& config) {
  const long offset = rodata_offset(object, "fl_config");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const std::string_view name = bpf_map__name(map);
    if (offset < 0 || !name.ends_with(".rodata")) continue;
    std::size_t size = 0;
    auto* start = static_cast<std::uint8_t*>(
        const_cast<void*>(static_cast<const void*>(bpf_map__initial_value(map, &size))));
    if (start == nullptr || size < static_cast<std::size_t>(offset) + sizeof(config)) return false;
    std::memcpy(start + offset, &config, sizeof(config));
    return true;
  }
  return false;
}

void resize_maps(bpf_object* object, std::uint32_t entries) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const bool array = bpf_map__type(map) == BPF_MAP_TYPE_ARRAY;  // indexed by port: all of it
    if (!array && bpf_map__max_entries(map) > kTestEntries) {
      bpf_map__set_max_entries(map, entries);
    }
  }
}

// False if one of them cannot be used in the other's place.
bool share_maps(bpf_object* object, const bpf_object* with) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const char* name = bpf_map__name(map);
    if (std::strchr(name, '.') != nullptr) continue;  // .rodata
    const bpf_map* other = bpf_object__find_map_by_name(with, name);
    if (other == nullptr || bpf_map__reuse_fd(map, bpf_map__fd(other)) != 0) return false;
  }
  return true;
}

// One run; the kernel's errno, 0 on success. `out` gets the packet after it.
int test_run(int program, const Packet& packet, const RunOptions& options, int* action,
             Packet* out) {
  __sk_buff ctx{};
  ctx.ifindex = options.ifindex;
  ctx.ingress_ifindex = options.ingress_ifindex;
  ctx.gso_size = options.gso_size;
  out->bytes.assign(packet.size() + 4096, 0);
  LIBBPF_OPTS(bpf_test_run_opts, opts);
  opts.data_in = packet.bytes.data();
  opts.data_size_in = static_cast<std::uint32_t>(packet.size());
  opts.data_out = out->bytes.data();
  opts.data_size_out = static_cast<std::uint32_t>(out->bytes.size());
  opts.ctx_in = &ctx;
  opts.ctx_size_in = sizeof(ctx);
  opts.flags = options.checksum_complete ? kChecksumComplete : 0;
  opts.repeat = 1;
  if (bpf_prog_test_run_opts(program, &opts) != 0) return errno;
  out->bytes.resize(opts.data_size_out);
  *action = static_cast<int>(opts.retval);
  return 0;
}

// A program of two instructions: r0 = 0; exit.
bool trivial_program_runs(const RunOptions& options) {
  const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                           {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const int fd =
      bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fl_probe", "GPL", code, std::size(code), nullptr);
  if (fd < 0) return false;
  int action = 0;
  Packet out;
  const int error = test_run(fd, packet(Eth{}, Ipv4{}, Udp{}, payload(64)), options, &action, &out);
  ::close(fd);
  return error == 0;
}

}  // namespace

bool can_check_checksum_complete() {
  static const bool can = trivial_program_runs({.checksum_complete = true});
  return can;
}

bool can_read_skb() {
  static const bool can = [] {
    btf* types = btf__load_vmlinux_btf();
    const int cast = btf__find_by_name_kind(types, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC);
    btf__free(types);
    return cast > 0;
  }();
  return can;
}

std::unique_ptr<BpfProgram> BpfProgram::load(const std::string& name, const fl_config& config,
                                             std::string* why, const std::string& function,
                                             const BpfProgram* share, std::uint32_t entries) {
  libbpf_log.clear();
  libbpf_set_print(collect_log);
  const std::string path = std::string(FAIRLEAD_BPF_OBJECTS) + "/" + name + ".bpf.o";
  bpf_object* object = bpf_object__open_file(path.c_str(), nullptr);
  if (object == nullptr) {
    *why = "cannot open " + path + ": " + std::strerror(errno);
    return nullptr;
  }
  resize_maps(object, entries);
  const bool configured =
      set_config(object, config) && (share == nullptr || share_maps(object, share->object_));
  const int error = configured ? bpf_object__load(object) : 0;
  const std::string& wanted = function.empty() ? name.substr(name.rfind('/') + 1) : function;
  const bpf_program* program = bpf_object__find_program_by_name(object, wanted.c_str());
  if (!configured || error != 0 || program == nullptr) {
    *why = path + (!configured          ? ": has no fl_config in .rodata, or cannot share maps"
                   : program == nullptr ? ": has no program " + wanted
                                        : ": " + std::string(std::strerror(-error)));
    *why += "\n" + libbpf_log;
    bpf_object__close(object);
    return nullptr;
  }
  return std::unique_ptr<BpfProgram>(new BpfProgram(object, bpf_program__fd(program)));
}

BpfProgram::~BpfProgram() { bpf_object__close(object_); }

Ran BpfProgram::run(const Packet& packet, const RunOptions& options) {
  clear_counters();
  Ran ran;
  const int error = test_run(program_, packet, options, &ran.action, &ran.packet);
  EXPECT_EQ(error, 0) << "the kernel refused or failed the run: " << std::strerror(error)
                      << (error == EBADMSG ? " (skb->csum went stale)" : "") << "\n"
                      << describe(packet);
  if (error != 0) return {};
  ran.reasons = read_counters(&packet, &ran.packet);
  for (const fl_reason reason : ran.reasons) reason_seen(reason);
  return ran;
}

XdpRan BpfProgram::run_xdp(const Packet& packet) {
  clear_counters();
  XdpRan ran;
  Packet out{Buffer(packet.size() + 4096)};
  xdp_md ctx{};
  ctx.data_end = static_cast<std::uint32_t>(packet.size());
  LIBBPF_OPTS(bpf_test_run_opts, opts);
  opts.data_in = packet.bytes.data();
  opts.data_size_in = static_cast<std::uint32_t>(packet.size());
  opts.data_out = out.bytes.data();
  opts.data_size_out = static_cast<std::uint32_t>(out.bytes.size());
  opts.ctx_in = opts.ctx_out = &ctx;
  opts.ctx_size_in = opts.ctx_size_out = sizeof(ctx);
  opts.repeat = 1;
  const int error = bpf_prog_test_run_opts(program_, &opts) != 0 ? errno : 0;
  EXPECT_EQ(error, 0) << "the kernel refused the run: " << std::strerror(error) << "\n"
                      << describe(packet);
  if (error != 0) return {};
  ran.action = static_cast<int>(opts.retval);
  // What comes out begins with the metadata.
  const auto begin = out.bytes.begin() + ctx.data;
  ran.packet.bytes.assign(begin, out.bytes.begin() + opts.data_size_out);
  if (ctx.data >= sizeof(fl_decapped)) {
    std::memcpy(&ran.done.emplace(), &*begin - sizeof(fl_decapped), sizeof(fl_decapped));
  }
  ran.reasons = read_counters(&packet, nullptr);
  for (const fl_reason reason : ran.reasons) reason_seen(reason);
  return ran;
}

int BpfProgram::map_fd(const char* name, std::size_t key_size, std::size_t value_size) const {
  const bpf_map* map = bpf_object__find_map_by_name(object_, name);
  EXPECT_NE(map, nullptr) << "no map " << name;
  if (map == nullptr) return -1;
  EXPECT_EQ(bpf_map__key_size(map), key_size) << name;
  if (value_size != 0) {
    EXPECT_EQ(bpf_map__value_size(map), value_size) << name;
  }
  return bpf_map__fd(map);
}

void BpfProgram::put_bytes(const char* map, const void* key, std::size_t key_size,
                           const void* value, std::size_t value_size) {
  const int fd = map_fd(map, key_size, value_size);
  EXPECT_EQ(bpf_map_update_elem(fd, key, value, BPF_ANY), 0) << map << ": " << std::strerror(errno);
}

void BpfProgram::put_everywhere(const char* map, std::uint32_t key, std::uint64_t value) {
  const std::vector<std::uint64_t> values(static_cast<std::size_t>(libbpf_num_possible_cpus()),
                                          value);
  const int fd = map_fd(map, sizeof(key), sizeof(value));
  EXPECT_EQ(bpf_map_update_elem(fd, &key, values.data(), BPF_ANY), 0) << map;
}

bool BpfProgram::get_bytes(const char* map, const void* key, std::size_t key_size, void* value,
                           std::size_t value_size) const {
  return bpf_map_lookup_elem(map_fd(map, key_size, value_size), key, value) == 0;
}

void BpfProgram::erase_bytes(const char* map, const void* key, std::size_t key_size) {
  bpf_map_delete_elem(map_fd(map, key_size, 0), key);
}

bool BpfProgram::next_key(const char* map, const void* key, void* next,
                          std::size_t key_size) const {
  return bpf_map_get_next_key(map_fd(map, key_size, 0), key, next) == 0;
}

namespace {

fl_counter sum(const std::vector<fl_counter>& per_cpu) {
  fl_counter total{};
  for (const fl_counter& c : per_cpu) {
    total.packets += c.packets;
    total.bytes += c.bytes;
  }
  return total;
}

}  // namespace

int BpfProgram::run_only(const Packet& packet, const RunOptions& options, int* action,
                         Packet* out) const {
  return test_run(program_, packet, options, action, out);
}

fl_counter BpfProgram::forwarded(fl_reason reason) const {
  const auto index = static_cast<std::uint32_t>(reason);
  std::vector<fl_counter> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const int fd = map_fd("fl_forwarded", sizeof(index), 0);
  return bpf_map_lookup_elem(fd, &index, per_cpu.data()) == 0 ? sum(per_cpu) : fl_counter{};
}

fl_counter BpfProgram::drops(std::uint32_t network, fl_reason reason) const {
  const fl_drop_key key{.network = network, .reason = static_cast<std::uint32_t>(reason)};
  std::vector<fl_counter> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const int fd = map_fd("fl_drops", sizeof(key), 0);
  return bpf_map_lookup_elem(fd, &key, per_cpu.data()) == 0 ? sum(per_cpu) : fl_counter{};
}

void BpfProgram::clear_counters() {
  const std::vector<fl_counter> zero(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const int forwarded = map_fd("fl_forwarded", sizeof(std::uint32_t), 0);
  for (std::uint32_t i = 0; i < FL_REASON_MAX; ++i) {
    bpf_map_update_elem(forwarded, &i, zero.data(), BPF_ANY);
  }
  clear<fl_drop_key>("fl_drops");
}

void BpfProgram::clear_maps() {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_) {
    if (std::strchr(bpf_map__name(map), '.') != nullptr) continue;  // .rodata
    const int fd = bpf_map__fd(map);
    std::vector<std::uint8_t> key(bpf_map__key_size(map));
    if (bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY) continue;  // cleared before each run
    if (bpf_map__type(map) == BPF_MAP_TYPE_ARRAY) {
      std::uint32_t count = bpf_map__max_entries(map);
      std::vector<std::uint32_t> indexes(count);
      std::iota(indexes.begin(), indexes.end(), 0U);
      const std::vector<std::uint8_t> zeros(std::size_t{count} * bpf_map__value_size(map));
      EXPECT_EQ(bpf_map_update_batch(fd, indexes.data(), zeros.data(), &count, nullptr), 0)
          << bpf_map__name(map) << ": " << std::strerror(errno);
      continue;
    }
    while (bpf_map_get_next_key(fd, nullptr, key.data()) == 0) {
      ASSERT_EQ(bpf_map_delete_elem(fd, key.data()), 0) << bpf_map__name(map);
    }
  }
}

Reasons BpfProgram::read_counters(const Packet* in, const Packet* out) const {
  Reasons seen;
  const auto add = [&](std::uint32_t reason, const fl_counter& counter) {
    if (counter.packets == 0) return;
    seen.insert(static_cast<fl_reason>(reason));
    if (in != nullptr || out != nullptr) {
      EXPECT_EQ(counter.packets, 1U) << static_cast<fl_reason>(reason);
    }
    const bool drop = reason >= FL_DROP_TRUNCATED;
    const Packet* frame = drop ? in : out;
    if (frame != nullptr) {
      EXPECT_EQ(counter.bytes, frame->size()) << static_cast<fl_reason>(reason);
    }
  };
  std::vector<fl_counter> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const int forwarded = map_fd("fl_forwarded", sizeof(std::uint32_t), 0);
  for (std::uint32_t i = 0; i < FL_REASON_MAX; ++i) {
    if (bpf_map_lookup_elem(forwarded, &i, per_cpu.data()) == 0) add(i, sum(per_cpu));
  }
  for (const auto& key : keys<fl_drop_key>("fl_drops")) {
    add(key.reason, drops(key.network, static_cast<fl_reason>(key.reason)));
  }
  return seen;
}

std::vector<std::uint32_t> BpfProgram::section(const char* name) const {
  const bpf_map* map = bpf_object__find_map_by_name(object_, name);
  EXPECT_NE(map, nullptr) << "no section " << name;
  if (map == nullptr) return {};
  const std::uint32_t zero = 0;
  std::vector<std::uint32_t> numbers(bpf_map__value_size(map) / sizeof(std::uint32_t));
  EXPECT_EQ(bpf_map_lookup_elem(bpf_map__fd(map), &zero, numbers.data()), 0) << name;
  return numbers;
}

void BpfProgram::clear_section(const char* name) {
  const std::vector<std::uint32_t> zeros(section(name).size());
  const std::uint32_t zero = 0;
  put_bytes(name, &zero, sizeof(zero), zeros.data(), zeros.size() * sizeof(std::uint32_t));
}

std::map<std::string, std::uint32_t> BpfProgram::verified_instructions() const {
  std::map<std::string, std::uint32_t> out;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof(info);
    EXPECT_EQ(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
    out[bpf_program__name(program)] = info.verified_insns;
  }
  return out;
}

}  // namespace fairlead::test
