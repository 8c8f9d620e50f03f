// ICMP echo (RFC 792, RFC 4443) from one address of this host.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/address.h"

namespace fairlead::engine {

struct Echo {
  Address remote;
  std::uint16_t sequence = 0;
  std::uint64_t cookie = 0;  // told apart from others' pings by it

  bool operator==(const Echo&) const = default;
};

// A raw socket, which needs CAP_NET_RAW. Never blocks.
class ProbeSocket {
 public:
  // Errors: invalid_argument (not an address of this host), unavailable.
  static Result<ProbeSocket> open(const Address& local);

  Status send(const Echo& request);
  // The next reply that is waiting, from whomever; nothing: there is none left.
  std::optional<Echo> receive();

  int fd() const { return fd_.get(); }
  const Address& local() const { return local_; }

 private:
  ProbeSocket(UniqueFd fd, const Address& local) : fd_(std::move(fd)), local_(local) {}

  UniqueFd fd_;
  Address local_;
};

}  // namespace fairlead::engine
