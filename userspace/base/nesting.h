// How deep a JSON text nests: counted before it is parsed, because the parser itself knows no
// limit.
#pragma once

#include <string_view>

namespace fairlead {

inline bool nests_deeper(std::string_view json, unsigned most) {
  unsigned depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > most) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace fairlead
