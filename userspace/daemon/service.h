// The parts of the daemon, put together.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "daemon/config.h"
#include "daemon/supervisor.h"
#include "netlink/events.h"

namespace fairlead::daemon {

// Whoever makes one owns the process's main thread; the engine and HTTP have threads of their own.
class Service {
 public:
  // Opens the state, the kernel and the data path, and brings back what was there. Nobody is
  // answered yet: Docker asks once, and remembers a failure until it is restarted. May take
  // seconds.
  static Result<std::unique_ptr<Service>> create(const Config& config);
  ~Service();

  // From here on Docker and the command line are answered.
  Status listen(std::vector<Inherited> sockets);

  // Any of these returns at once; the work is the engine thread's.
  void tick();
  void sync_host();
  void sync_underlay();

  int host_fd() const;  // readable: links, addresses, routes or neighbours may have changed
  netlink::News drain_host();

  // Answers what was asked, then nothing more. Packets go on flowing. Packet programs, maps and
  // devices stay for the next daemon.
  void stop();

  std::string summary();  // "3 networks, 12 endpoints"

 private:
  struct Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fairlead::daemon
