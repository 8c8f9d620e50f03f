#include "datapath/socket_hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/undo.h"
#include "base/unique_fd.h"

namespace fairlead::datapath {

namespace {

struct Cgroup {
  int fd;
  std::string path;
  std::uint64_t id;  // the inode number (kernel/cgroup/cgroup.c: cgroup_id() since 5.5)
};

Status attach_one(const bpf_program* program, const Cgroup& cgroup, const std::string& pin) {
  const int fd = bpf_program__fd(program);
  if (const UniqueFd pinned(bpf_obj_get(pin.c_str())); pinned) {
    bpf_link_info info{};
    std::uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(pinned.get(), &info, &size) == 0 &&
        info.cgroup.cgroup_id == cgroup.id && bpf_link_update(pinned.get(), fd, nullptr) == 0)
      return {};
    if (auto gone = remove_pin(pin); !gone)
      return gone;  // of another cgroup, or of one that is gone
  }
  const int link =
      bpf_link_create(fd, cgroup.fd, bpf_program__expected_attach_type(program), nullptr);
  const std::string what =
      std::string("attach ") + bpf_program__name(program) + " to cgroup " + cgroup.path;
  if (link < 0) return fail_errno(what);
  const UniqueFd owned(link);
  if (bpf_obj_pin(link, pin.c_str()) != 0) return fail_errno(what + ": pin " + pin);
  return {};
}

}  // namespace

Status attach_socket_hooks(bpf_object* object, const std::string& path, const Pins& pins,
                           const char* kind) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("cgroup " + path);
  struct statfs file_system {};
  struct stat status {};
  if (::fstatfs(fd.get(), &file_system) != 0 || ::fstat(fd.get(), &status) != 0)
    return fail_errno("cgroup " + path);
  if (static_cast<unsigned long>(file_system.f_type) != CGROUP2_SUPER_MAGIC)
    return fail(Errc::unsupported, "cgroup " + path + " is no folder of a cgroup v2 file system");

  const Cgroup cgroup{.fd = fd.get(), .path = path, .id = status.st_ino};
  Undo undo;
  undo.add([pins, kind] { static_cast<void>(detach_socket_hooks(pins, kind)); });
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    if (bpf_program__type(program) == BPF_PROG_TYPE_SK_MSG) continue;  // a sockhash has those
    const std::string pin = pins.link(kind, bpf_program__name(program));
    if (auto done = attach_one(program, cgroup, pin); !done) return done;
  }
  undo.commit();
  return {};
}

Status detach_socket_hooks(const Pins& pins, const char* kind) {
  Status result;
  for (const auto& hook : pins.linked(kind)) {
    if (auto gone = remove_pin(pins.link(kind, hook)); !gone) result = std::move(gone);
  }
  return result;
}

}  // namespace fairlead::datapath
