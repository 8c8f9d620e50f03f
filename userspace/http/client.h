// One HTTP request over a unix socket, with a deadline.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "http/message.h"

namespace fairlead::http {

// Blocks the calling thread, for `deadline` at most: connect, send, read the whole answer (up to 64
// MiB). Any status is a success here. Errors: unavailable (nobody listens, no answer in time,
// broken off), all naming the socket.
Result<Response> call(const std::string& socket_path, const Request& request,
                      std::chrono::milliseconds deadline);

}  // namespace fairlead::http
