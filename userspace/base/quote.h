// Text from outside, made fit for a message.
#pragma once

#include <string>
#include <string_view>

namespace fairlead {

// In double quotes; control and non-ASCII bytes, quotes and backslashes as \xNN; cut after 64
// bytes, so that hostile input can neither forge log lines nor fill a reply. On a std::string, say
// fairlead::quoted: the compiler finds std::quoted as well.
std::string quoted(std::string_view text);

}  // namespace fairlead
