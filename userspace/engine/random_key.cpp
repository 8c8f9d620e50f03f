#include "engine/random_key.h"

#include <random>

namespace fairlead::engine {

std::string random_key() {
  constexpr std::size_t kDigits = 64;
  constexpr char kDigit[] = "0123456789abcdef";
  std::random_device source;
  std::string out;
  while (out.size() < kDigits)
    for (auto [word, n] = std::pair{source(), 0}; n < 8; ++n, word >>= 4) out += kDigit[word & 0xf];
  return out;
}

}  // namespace fairlead::engine
