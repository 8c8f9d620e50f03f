// Keys of what no container engine has named.
#pragma once

#include <string>

namespace fairlead::engine {

// 64 hexadecimal digits, as Docker's own ids: never the same again.
std::string random_key();

}  // namespace fairlead::engine
