// Docker's JSON <-> values, for both of a plugin's interfaces.
//
// Field names are Go's; each parser lists what it reads. A parser checks types, not meaning:
// options.h and ports.h do that. Errors: invalid_argument, naming the field.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cnm/ports.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

// --- NetworkDriver --------------------------------------------------------------------

struct EndpointRef {
  std::string network;
  std::string endpoint;
};

// What a network's IPAM driver gave it.
struct PoolData {
  std::string pool;     // "10.1.0.0/24"
  std::string gateway;  // "10.1.0.1/24"; empty: none
};

struct CreateNetwork {
  std::string id;
  std::optional<bool> enable_v4;
  std::optional<bool> enable_v6;
  bool internal = false;
  std::map<std::string, std::string> generic;  // -o
  std::vector<PoolData> v4;
  std::vector<PoolData> v6;
};

struct CreateEndpoint {
  engine::EndpointRequest request;
  bool mac_given = false;                      // then it must not be in the reply
  std::map<std::string, std::string> options;  // our own: --network ...,driver-opt=fairlead...
};

struct Join {
  EndpointRef endpoint;
  std::string sandbox;
};

struct ProgramPorts {
  EndpointRef endpoint;
  std::vector<PortMapping> ports;
  bool ipv6 = true;  // false: another endpoint of the container serves IPv6 clients
};

Result<std::string> parse_network_id(std::string_view body);
Result<EndpointRef> parse_endpoint_ref(std::string_view body);
Result<CreateNetwork> parse_create_network(std::string_view body);
Result<CreateEndpoint> parse_create_endpoint(std::string_view body);
Result<Join> parse_join(std::string_view body);
Result<ProgramPorts> parse_program_ports(std::string_view body);
Status parse_anything(std::string_view body);  // for methods whose arguments do not matter

std::string format_activation();
std::string format_network_capabilities();
std::string format_gateway_check();
std::string format_network_options(const std::map<std::string, std::string>& options);
// `mac` only if none came with the request: Docker refuses a driver that repeats what it was given.
std::string format_endpoint(const std::optional<Mac>& mac);
// Without a gateway and not `internal`, Docker is told not to add one of its own.
std::string format_join(const engine::JoinReply& reply, bool internal);
std::string format_endpoint_info(const Endpoint& endpoint);
std::string format_empty_info();
std::string format_nothing();

// Both spellings: NetworkDriver's callers read Err, IpamDriver's Error.
std::string format_error(std::string_view message);

// --- IpamDriver -----------------------------------------------------------------------

struct RequestAddress {
  std::string pool;
  std::optional<Address> address;
  bool gateway = false;
};

struct ReleaseAddress {
  std::string pool;
  Address address;
};

Result<engine::PoolRequest> parse_request_pool(std::string_view body);
Result<std::string> parse_pool_id(std::string_view body);
Result<RequestAddress> parse_request_address(std::string_view body);
Result<ReleaseAddress> parse_release_address(std::string_view body);

std::string format_ipam_capabilities();
std::string format_address_spaces();
std::string format_pool(const ipam::Pool& pool);
std::string format_address(const Prefix& address);

}  // namespace fairlead::cnm
