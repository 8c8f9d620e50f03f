// One question to the daemon.
#pragma once

#include <expected>
#include <iosfwd>
#include <string>

#include "cli/command_line.h"
#include "http/message.h"

namespace fairlead::cli {

// The body of the answer. What went wrong is said on `err`; the error is with what to end: kAway if
// nobody answers on `socket`, kWarning if the daemon refuses.
std::expected<std::string, ExitCode> ask(const std::string& socket, const http::Request& request,
                                         std::ostream& err);

// Asks for /v1/TARGET and prints the answer: as it is, indented, for `output` "json", else as text,
// which is that of `noun` (codec.h). The body is kept for who wants to know more.
std::expected<std::string, ExitCode> show(const std::string& socket, const std::string& target,
                                          const std::string& noun, const std::string& output,
                                          std::ostream& out, std::ostream& err);

}  // namespace fairlead::cli
