// One netlink request under construction.
#pragma once

#include <netlink/msg.h>

#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::netlink {

// Attributes go in with nla_put(3) of libnl; what does not fit makes the message bad, and
// Connection refuses to send a bad one. The kernel's default of one page is far above what we ask
// for.
class Message {
 public:
  // `type`: RTM_...; `flags`: NLM_F_... besides NLM_F_REQUEST. `header`: the fixed struct that
  // follows the netlink header (ifinfomsg, ifaddrmsg, rtmsg).
  template <typename Header>
  Message(int type, int flags, const Header& header)
      : message_(nlmsg_alloc_simple(type, flags | NLM_F_REQUEST)) {
    append(header);
  }

  template <typename T>
  void append(const T& value) {
    good_ = good_ && nlmsg_append(get(), const_cast<T*>(&value), sizeof(value), NLMSG_ALIGNTO) == 0;
  }
  void put(int attribute, const void* data, std::size_t size) {
    good_ = good_ && nla_put(get(), attribute, static_cast<int>(size), data) == 0;
  }
  void put_u8(int attribute, std::uint8_t value) { put(attribute, &value, sizeof(value)); }
  void put_u32(int attribute, std::uint32_t value) { put(attribute, &value, sizeof(value)); }
  void put_string(int attribute, const std::string& value) {
    put(attribute, value.c_str(), value.size() + 1);  // the kernel wants the final NUL
  }

  // Calls `fill` between the start and the end of a nested attribute.
  template <typename Fill>
  void nest(int attribute, Fill fill) {
    nlattr* start = good_ ? nla_nest_start(get(), attribute) : nullptr;
    good_ = start != nullptr;
    if (!good_) return;
    fill();
    nla_nest_end(get(), start);
  }

  nl_msg* get() const { return message_.get(); }
  bool good() const { return good_; }

 private:
  struct Free {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  std::unique_ptr<nl_msg, Free> message_;
  bool good_ = true;
};

}  // namespace fairlead::netlink
