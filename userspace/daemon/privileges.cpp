#include "daemon/privileges.h"

#include <cap-ng.h>

namespace fairlead::daemon {

namespace {

// NET_ADMIN: links, TC programs, sysctls of devices. BPF, PERFMON: maps and programs. SYS_ADMIN:
// cgroup hooks, program types that a 6.1 kernel does not give to BPF alone, reading foreign map
// ids, and entering containers' network namespaces. NET_BIND_SERVICE: holding host ports below
// 1024. SYS_RESOURCE: map memory over the limit. DAC_OVERRIDE: folders of others, as Docker's
// plugin folder can be. SYS_PTRACE is not kept: namespaces come as open files.
constexpr unsigned kKept[] = {CAP_NET_ADMIN,        CAP_BPF,          CAP_PERFMON,
                              CAP_SYS_ADMIN,        CAP_SYS_RESOURCE, CAP_DAC_OVERRIDE,
                              CAP_NET_BIND_SERVICE, CAP_NET_RAW};

}  // namespace

Status drop_privileges() {
  if (capng_get_caps_process() != 0) return fail(Errc::internal, "read the process's capabilities");
  bool had[std::size(kKept)] = {};
  for (std::size_t i = 0; i < std::size(kKept); ++i)
    had[i] = capng_have_capability(CAPNG_PERMITTED, kKept[i]) != 0;

  capng_clear(CAPNG_SELECT_CAPS);
  const auto which = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
  for (std::size_t i = 0; i < std::size(kKept); ++i)
    if (had[i] && capng_update(CAPNG_ADD, which, kKept[i]) != 0)
      return fail(Errc::internal, "choose capabilities");
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return fail_errno("drop capabilities");
  return {};
}

}  // namespace fairlead::daemon
