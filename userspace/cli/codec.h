// The daemon's JSON -> what the command line prints.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::cli {

// Text for people, ending in a newline, of the document that /v1/NOUN answered. Errors:
// invalid_argument (not what a daemon of this version says).
// `no_ports` is said instead of an empty table of ports.
Result<std::string> format_document(std::string_view noun, std::string_view body,
                                    std::string_view no_ports = "no published ports");

// The same document, indented, for -o json.
Result<std::string> indent(std::string_view body);

// Whether a status document says that all is well.
bool is_well(std::string_view body);

// What the daemon said went wrong; empty if `body` is no error document.
std::string error_text(std::string_view body);

}  // namespace fairlead::cli
