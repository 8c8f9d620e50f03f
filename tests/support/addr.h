// Addresses in tests: written as text, held as the maps and the wire hold them.
//
// Not userspace/model: the packet tests must not trust the code that other tests check.
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

#include "bpf/shared/addr.h"

namespace fairlead::test {

enum class Family : std::uint8_t { v4, v6 };

// An address in the 16-byte form of bpf/shared/addr.h. Text that is no address ends the test
// process, with the text in the message.
struct Addr {
  Addr() = default;
  Addr(const char* text);  // implicit, so that tests write .dst = "192.0.2.1"
  Addr(const fl_addr& from);

  bool is_v4() const;
  Family family() const { return is_v4() ? Family::v4 : Family::v6; }
  fl_addr raw() const;
  std::string to_string() const;
  bool operator==(const Addr&) const = default;

  std::array<std::uint8_t, 16> bytes{};
};

struct Mac {
  Mac() = default;
  Mac(const char* text);  // "02:00:00:00:00:0a"; other text ends the test process

  void copy_to(std::uint8_t* to) const;
  Addr link_local() const;  // fe80::/64 with the modified EUI-64 (RFC 4291 appendix A)
  std::string to_string() const;
  bool operator==(const Mac&) const = default;

  std::array<std::uint8_t, 6> bytes{};
};

inline std::ostream& operator<<(std::ostream& out, const Addr& a) { return out << a.to_string(); }
inline std::ostream& operator<<(std::ostream& out, const Mac& m) { return out << m.to_string(); }
inline std::ostream& operator<<(std::ostream& out, Family f) {
  return out << (f == Family::v4 ? "v4" : "v6");
}

}  // namespace fairlead::test
