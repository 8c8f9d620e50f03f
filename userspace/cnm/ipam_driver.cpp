// IpamDriver: parse, ask the engine, format.
#include "cnm/codec.h"
#include "cnm/method.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

namespace {

using engine::Engine;
using Reply = Result<std::string>;

Reply nothing_or(Status done) {
  if (!done) return std::unexpected(std::move(done).error());
  return format_nothing();
}

Reply capabilities(Engine&, std::string_view) { return format_ipam_capabilities(); }

Reply address_spaces(Engine&, std::string_view) { return format_address_spaces(); }

Reply request_pool(Engine& engine, std::string_view body) {
  auto want = parse_request_pool(body);
  if (!want) return std::unexpected(std::move(want).error());
  auto pool = engine::request_pool(engine, *want);
  if (!pool) return std::unexpected(std::move(pool).error());
  return format_pool(*pool);
}

Reply release_pool(Engine& engine, std::string_view body) {
  auto id = parse_pool_id(body);
  if (!id) return std::unexpected(std::move(id).error());
  return nothing_or(engine::release_pool(engine, *id));
}

Reply request_address(Engine& engine, std::string_view body) {
  auto want = parse_request_address(body);
  if (!want) return std::unexpected(std::move(want).error());
  const auto use = want->gateway ? ipam::Use::gateway : ipam::Use::endpoint;
  auto address = engine::request_address(engine, want->pool, want->address, use);
  if (!address) return std::unexpected(std::move(address).error());
  return format_address(*address);
}

Reply release_address(Engine& engine, std::string_view body) {
  auto want = parse_release_address(body);
  if (!want) return std::unexpected(std::move(want).error());
  return nothing_or(engine::release_address(engine, want->pool, want->address));
}

constexpr Method kMethods[] = {
    {"IpamDriver.GetCapabilities", false, capabilities},
    {"IpamDriver.GetDefaultAddressSpaces", false, address_spaces},
    {"IpamDriver.RequestPool", true, request_pool},
    {"IpamDriver.ReleasePool", true, release_pool},
    {"IpamDriver.RequestAddress", true, request_address},
    {"IpamDriver.ReleaseAddress", true, release_address},
};

}  // namespace

std::span<const Method> ipam_driver_methods() { return kMethods; }

}  // namespace fairlead::cnm
