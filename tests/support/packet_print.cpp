// Bytes back to words: one line a header, so that a failed comparison shows which one differs.
#include <cstdio>
#include <ostream>

#include "packet.h"

namespace fairlead::test {
namespace {

constexpr std::size_t kMostBytes = 256;  // printed of one header or payload

// Walks one frame; at_ is where the next header starts.
class Printer {
 public:
  explicit Printer(const Buffer& bytes) : b_(bytes) {}

  std::string print() {
    out_ = std::to_string(b_.size()) + " bytes";
    if (has(14)) ethernet();
    if (at_ < b_.size()) line("data", b_.size() - at_, "");
    return out_;
  }

 private:
  bool has(std::size_t length) const { return at_ + length <= b_.size(); }
  unsigned u8(std::size_t i) const { return b_[at_ + i]; }
  unsigned u16(std::size_t i) const { return u8(i) << 8 | u8(i + 1); }
  unsigned u32(std::size_t i) const { return u16(i) << 16 | u16(i + 2); }

  std::string v4(std::size_t i) const {
    Addr a = "0.0.0.0";
    for (std::size_t n = 0; n < 4; ++n) a.bytes[12 + n] = b_[at_ + i + n];
    return a.to_string();
  }
  std::string v6(std::size_t i) const {
    Addr a;
    for (std::size_t n = 0; n < 16; ++n) a.bytes[n] = b_[at_ + i + n];
    return a.to_string();
  }
  std::string mac(std::size_t i) const {
    Mac m;
    for (std::size_t n = 0; n < 6; ++n) m.bytes[n] = b_[at_ + i + n];
    return m.to_string();
  }

  // Prints the next `length` bytes as one header and steps over them.
  void line(const char* name, std::size_t length, const std::string& fields) {
    out_ += "\n  ";
    out_ += name;
    if (!fields.empty()) out_ += " " + fields;
    out_ += "\n    ";
    for (std::size_t i = 0; i < length; ++i) {
      if (i == kMostBytes) {
        out_ += " ...";
        break;
      }
      char hex[4];
      std::snprintf(hex, sizeof(hex), i && i % 4 == 0 ? " %02x" : "%02x", u8(i));
      out_ += hex;
    }
    at_ += length;
  }
  static std::string number(const char* name, unsigned value) {
    return std::string(" ") + name + " " + std::to_string(value);
  }

  void ethernet() {
    const unsigned type = u16(12);
    char hex[8];
    std::snprintf(hex, sizeof(hex), "0x%04x", type);
    line("eth", 14, mac(6) + " > " + mac(0) + " type " + hex);
    if (type == 0x0806 && has(28)) arp();
    if (type == 0x0800 && has(20)) ipv4();
    if (type == 0x86dd && has(40)) ipv6();
  }
  void arp() {
    line("arp", 28,
         "op " + std::to_string(u16(6)) + " " + mac(8) + " " + v4(14) + " asks " + mac(18) + " " +
             v4(24));
  }
  void ipv4() {
    const std::size_t length = (u8(0) & 15) * 4;
    if (length < 20 || !has(length)) return;
    const unsigned fragment = u16(6);
    const unsigned proto = u8(9);
    line("ipv4", length,
         v4(12) + " > " + v4(16) + number("ttl", u8(8)) + number("proto", proto) +
             number("len", u16(2)) + number("id", u16(4)) + (fragment & 0x4000 ? " DF" : "") +
             (fragment & 0x2000 ? " MF" : "") + number("offset", (fragment & 0x1fff) * 8) +
             number("csum", u16(10)));
    if ((fragment & 0x1fff) == 0) transport(proto);
  }
  void ipv6() {
    unsigned next = u8(6);
    line("ipv6", 40,
         v6(8) + " > " + v6(24) + number("hops", u8(7)) + number("next", next) +
             number("len", u16(4)));
    while (next == 0 || next == 43 || next == 44 || next == 60 || next == 135) {
      const bool fragment = next == 44;
      if (!has(8)) return;
      const std::size_t length = fragment ? 8 : (u8(1) + 1) * 8;
      if (!has(length)) return;
      const bool later = fragment && (u16(2) & 0xfff8) != 0;
      next = u8(0);
      line(fragment ? "fragment" : "extension", length, number("next", next).substr(1));
      if (later) return;
    }
    transport(next);
  }
  void tunnel() {
    line("vxlan", 8, "flags " + std::to_string(u8(0)) + number("vni", u32(4) >> 8));
    if (has(14)) ethernet();
  }
  void transport(unsigned proto) {
    if (proto == 17 && has(8)) {
      const bool vxlan = u16(2) == 4789 || u16(2) == 4795;
      line("udp", 8,
           std::to_string(u16(0)) + " > " + std::to_string(u16(2)) + number("len", u16(4)) +
               number("csum", u16(6)));
      if (vxlan && has(8)) tunnel();
    } else if (proto == 6 && has(20)) {
      const std::size_t length = (u8(12) >> 4) * 4;
      if (length < 20 || !has(length)) return;
      line("tcp", length,
           std::to_string(u16(0)) + " > " + std::to_string(u16(2)) + number("flags", u8(13)) +
               number("seq", u32(4)) + number("ack", u32(8)) + number("csum", u16(16)));
    } else if ((proto == 1 || proto == 58) && has(8)) {
      line(proto == 1 ? "icmp" : "icmpv6", 8,
           "type " + std::to_string(u8(0)) + number("code", u8(1)) + number("csum", u16(2)) +
               number("rest", u32(4)));
    }
  }

  const Buffer& b_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string describe(const Packet& packet) { return Printer(packet.bytes).print(); }
void PrintTo(const Packet& packet, std::ostream* out) { *out << describe(packet); }

}  // namespace fairlead::test
