// The bodies that Docker sends, through every parser and what stands right behind it.
#include <set>
#include <string>

#include "cnm/codec.h"
#include "cnm/options.h"
#include "cnm/ports.h"
#include "fuzz.h"
#include "ipam/ipam.h"

namespace fairlead::fuzz {
namespace {

// Every parser's contract: a value, or invalid_argument with words for people.
template <typename Value>
bool sound(const Result<Value>& result) {
  if (result) return true;
  require(result.error().code() == Errc::invalid_argument, "a bad body is invalid_argument");
  require(!result.error().message().empty(), "a refusal says why");
  require(!cnm::format_error(result.error().message()).empty(), "and can be sent");
  return false;
}

void try_networks(std::string_view body) {
  if (const auto id = cnm::parse_network_id(body); sound(id)) {
    require(!id->empty(), "an id is not empty");
  }
  const auto want = cnm::parse_create_network(body);
  if (!sound(want)) return;
  const auto request = cnm::network_request(*want);
  if (!sound(request)) return;
  require(request->key == want->id, "the network keeps its id");
  require(!request->v4 || request->v4->pool.family() == Family::v4, "IPv4 data is IPv4");
  require(!request->v6 || request->v6->pool.family() == Family::v6, "IPv6 data is IPv6");
}

void try_endpoints(std::string_view body) {
  sound(cnm::parse_endpoint_ref(body));
  sound(cnm::parse_join(body));
  if (const auto want = cnm::parse_create_endpoint(body); sound(want)) {
    require(want->mac_given == want->request.mac.has_value(), "a given MAC is kept");
    engine::EndpointRequest request = want->request;
    if (const auto done = cnm::apply_endpoint_options(request, want->options); !done)
      require(done.error().code() == Errc::invalid_argument, "a bad option is invalid_argument");
  }
  if (const auto done = cnm::parse_anything(body); !done) {
    require(done.error().code() == Errc::invalid_argument, "a bad body is invalid_argument");
  }
}

void try_ports(std::string_view body) {
  const auto want = cnm::parse_program_ports(body);
  if (!sound(want)) return;
  const auto requests = cnm::port_requests(want->ports);
  if (!sound(requests)) return;
  for (const auto& port : *requests) {
    require(port.container_port != 0, "a container port is not 0");
    require(port.host_port_first <= port.host_port_last, "a range of host ports is not empty");
  }
}

// Whatever pool is granted must hand out addresses that lie in it and are all different.
void try_pools(std::string_view body) {
  const auto want = cnm::parse_request_pool(body);
  if (!sound(want)) return;
  ipam::Ipam ipam({.ranges_v4 = {{Prefix::parse("100.64.0.0/16").value(), 24}},
                   .ranges_v6 = {{Prefix::parse("fd00::/48").value(), 64}}});
  const auto pool = ipam.request_pool(want->pool, {}, TimePoint{});
  if (!pool) {
    require(!pool.error().message().empty(), "a refusal says why");
    return;
  }
  std::set<Address> given;
  for (int i = 0; i < 8; ++i) {
    const auto lease = ipam.request_address(pool->id, {}, ipam::Use::endpoint, TimePoint{});
    if (!lease) break;
    require(pool->prefix.contains(lease->address), "an address lies in its pool");
    require(!pool->range || pool->range->contains(lease->address), "and in its range");
    require(given.insert(lease->address).second, "no address is given twice");
  }
  require(!ipam.request_pool(want->pool, {}, TimePoint{}) || !want->pool.prefix,
          "no pool is given twice");
}

void try_addresses(std::string_view body) {
  sound(cnm::parse_pool_id(body));
  sound(cnm::parse_request_address(body));
  sound(cnm::parse_release_address(body));
}

}  // namespace
}  // namespace fairlead::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = fairlead::fuzz::as_text(data, size);
  fairlead::fuzz::try_networks(body);
  fairlead::fuzz::try_endpoints(body);
  fairlead::fuzz::try_ports(body);
  fairlead::fuzz::try_pools(body);
  fairlead::fuzz::try_addresses(body);
  return 0;
}
