#include "addr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fairlead::test {
namespace {

[[noreturn]] void bad_text(const char* what, const char* text) {
  std::fprintf(stderr, "tests/support: \"%s\" is no %s: correct the test\n", text, what);
  std::abort();
}

}  // namespace

Addr::Addr(const char* text) {
  if (inet_pton(AF_INET, text, bytes.data() + 12) == 1) {
    bytes[10] = bytes[11] = 0xff;
  } else if (inet_pton(AF_INET6, text, bytes.data()) != 1) {
    bad_text("address", text);
  }
}

Addr::Addr(const fl_addr& from) { std::copy_n(from.b, bytes.size(), bytes.begin()); }

bool Addr::is_v4() const {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

fl_addr Addr::raw() const {
  fl_addr out;
  std::copy(bytes.begin(), bytes.end(), out.b);
  return out;
}

std::string Addr::to_string() const {
  char text[INET6_ADDRSTRLEN];
  if (is_v4()) return inet_ntop(AF_INET, bytes.data() + 12, text, sizeof(text));
  return inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
}

Mac::Mac(const char* text) {
  unsigned part[6];
  if (std::sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &part[0], &part[1], &part[2], &part[3], &part[4],
                  &part[5]) != 6) {
    bad_text("MAC", text);
  }
  std::transform(std::begin(part), std::end(part), bytes.begin(),
                 [](unsigned p) { return static_cast<std::uint8_t>(p); });
}

void Mac::copy_to(std::uint8_t* to) const { std::memcpy(to, bytes.data(), bytes.size()); }

Addr Mac::link_local() const {
  Addr out;
  out.bytes = {0xfe,     0x80,     0,
               0,        0,        0,
               0,        0,        static_cast<std::uint8_t>(bytes[0] ^ 2),
               bytes[1], bytes[2], 0xff,
               0xfe,     bytes[3], bytes[4],
               bytes[5]};
  return out;
}

std::string Mac::to_string() const {
  char text[18];
  std::snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
                bytes[3], bytes[4], bytes[5]);
  return text;
}

}  // namespace fairlead::test
