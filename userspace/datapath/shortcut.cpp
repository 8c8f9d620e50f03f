#include "datapath/shortcut.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath/queue_probe.h"
#include "datapath/socket_hooks.h"

namespace fairlead::datapath {

Status attach_shortcut(bpf_object* object, const std::string& cgroup, const Pins& pins) {
  if (auto bounded = queue_is_bounded(); !bounded) return bounded;
  const bpf_program* send = bpf_object__find_program_by_name(object, "shortcut_send");
  const int sockets = bpf_object__find_map_fd_by_name(object, "fl_shortcuts");
  // Before a socket is put there: each takes over the program that is attached at that moment.
  if (bpf_prog_attach(bpf_program__fd(send), sockets, BPF_SK_MSG_VERDICT, 0) != 0)
    return fail_errno("attach shortcut_send to map fl_shortcuts");
  return attach_socket_hooks(object, cgroup, pins, kShortcutPin);
}

Status detach_shortcut(const Pins& pins) { return detach_socket_hooks(pins, kShortcutPin); }

}  // namespace fairlead::datapath
