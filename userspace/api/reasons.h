// Why packets went where they did, in words: bpf/shared/reason.h as a table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fairlead::api {

struct Reason {
  std::uint32_t number = 0;
  std::string_view name;    // "DROP_ICC"
  std::string_view text;    // "network has enable_icc=false"
  std::string_view advice;  // what to do about it; may be empty
};

std::span<const Reason> reasons();

// A number that this build does not know keeps its number: the programs may be newer.
Reason find_reason(std::uint32_t number);

}  // namespace fairlead::api
