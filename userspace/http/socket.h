// Listening unix sockets: our own, or what systemd opened for us.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace fairlead::http {

// Mode 0600, close-on-exec, non-blocking. Makes the folder (0755) if it is missing. A socket file
// that nobody listens on is replaced. Errors: conflict (another process listens there),
// invalid_argument (too long for sun_path, or the file is no socket), and those of the kernel.
Result<UniqueFd> listen_unix(const std::string& path);

// An inherited fd (sd_listen_fds(3)): checked to be a listening unix stream socket, made
// non-blocking and close-on-exec.
Result<UniqueFd> adopt_listener(int fd);

// The path an unix socket is bound to; empty if none.
std::string bound_path(int fd);

}  // namespace fairlead::http
