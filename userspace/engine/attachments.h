// Containers of runtimes that are not Docker: one call makes all of an endpoint, inside the
// container's network namespace too, and one removes it.
//
// Idempotent, persistent and all or nothing as verbs.h says. Engine thread only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/attachment_key.h"
#include "engine/verbs.h"

namespace fairlead::engine {

// The network that a container is to be on: one of that name or id on this host, whoever made it;
// else the cluster's; else it is made. What is said of one that is there must be so.
struct NetworkWish {
  struct Family {
    std::optional<Prefix> subnet;  // absent: chosen
    std::optional<Address> gateway;
    std::optional<Prefix> range;
  };
  std::string name;
  bool no_v4 = false;
  Family v4;
  std::optional<Family> v6;  // absent: none
  NetworkRequest options;    // but for key and subnets; of a network that is made
};

// An address that another IPAM has chosen.
struct GivenAddress {
  Prefix address;
  std::optional<Address> gateway;
};

struct AttachRequest {
  NetworkWish network;
  Attachment attachment;           // without routes
  std::string sandbox;             // how the runtime calls the namespace, for people
  int sandbox_file = -1;           // the namespace, open
  std::vector<Address> addresses;  // one a family at most; none of a family: chosen
  std::vector<GivenAddress> given;
  std::optional<Mac> mac;
  // Absent: everything by the gateways. One that says no gateway goes by the network's.
  std::optional<std::vector<ContainerRoute>> routes;
  std::vector<PortRequest> ports;
  Rate rate;
};

// What was made, for its runtime.
struct Attached {
  Endpoint endpoint;
  std::string network;  // for people
  std::string network_key;
  Mac device_mac;  // of the host's end
  std::uint32_t mtu = 0;
  std::optional<Address> gateway_v4;
  std::optional<Address> gateway_v6;
};

// Errors: already_exists (it is attached), conflict (network, address, MAC or port is another's),
// invalid_argument, exhausted, busy (as request_address()).
Result<Attached> attach(Engine& engine, const AttachRequest& want);

// Unknown: success.
Status detach(Engine& engine, const AttachmentKey& which);

// Is everything as attach() made it? Errors: not_found (not attached), conflict (what is not).
Result<Attached> check_attachment(Engine& engine, const AttachmentKey& which, int sandbox_file);

// Detaches whatever of `config` is not among `valid`. Returns how many; goes on past what fails,
// and reports that in `problems`.
struct Collected {
  std::size_t removed = 0;
  std::vector<std::string> problems;
};
Collected collect_attachments(Engine& engine, const std::string& config,
                              const std::vector<AttachmentKey>& valid);

// Now and then: networks that were made for attachments, and have had none for the grace period,
// go; and addresses that nobody has.
Status tidy_attachments(Engine& engine);

}  // namespace fairlead::engine
