#include "daemon/host_name.h"

#include <limits.h>
#include <unistd.h>

namespace fairlead::daemon {

std::string host_name() {
  char text[HOST_NAME_MAX + 1] = {};
  return ::gethostname(text, sizeof(text) - 1) == 0 ? text : "";
}

}  // namespace fairlead::daemon
