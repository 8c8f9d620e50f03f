// How many BPF instructions a packet costs. Exact: see count_blocks.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fast_paths.h"

namespace fairlead::bench {

// Of the path's packet, once its flow is open; the instructions inside of helpers are the kernel's
// and not counted. Empty and a message in `why` if the packet goes another way. The path must be of
// a host with counted programs.
std::optional<std::uint64_t> retired_instructions(const FastPath& path, std::string* why);

}  // namespace fairlead::bench
