// The JSON of IpamDriver.
#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "cnm/codec.h"
#include "cnm/option_names.h"
#include "cnm/reader.h"
#include "engine/network_options.h"

namespace fairlead::cnm {

namespace {

using nlohmann::json;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::unexpected<Error> bad(const Reader& reader) {
  return fail(Errc::invalid_argument, *reader.problem());
}

// libnetwork sends bare addresses here; a prefix length does no harm.
Result<Address> read_address(std::string_view text) {
  auto address = Address::parse(text.substr(0, text.find('/')));
  if (!address) return fail(std::move(address).error(), "Address");
  return address;
}

Result<std::optional<Prefix>> read_prefix(std::string_view field, const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto prefix = Prefix::parse(text);
  if (!prefix) return fail(std::move(prefix).error(), field);
  return *prefix;
}

Status apply_options(engine::PoolRequest& request,
                     const std::map<std::string, std::string>& options) {
  for (const auto& [name, value] : options) {
    if (name == option::kNetwork) {
      request.shared_name = value;
    } else if (name == option::kScope) {
      auto scope = engine::parse_scope(value);
      if (!scope) return fail(std::move(scope).error(), "IPAM option " + name);
      request.scope = *scope;
    } else if (name.starts_with(option::kOwnPrefix)) {
      return fail(Errc::invalid_argument, "unknown IPAM option " + fairlead::quoted(name) +
                                              ": fairlead's IPAM takes " + option::kScope +
                                              " and " + option::kNetwork);
    }
  }
  return engine::check_together(request.scope, request.shared_name);
}

}  // namespace

Result<engine::PoolRequest> parse_request_pool(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  engine::PoolRequest out;
  ipam::PoolRequest& want = out.pool;
  want.space = reader->required_string("AddressSpace");
  const std::string pool = reader->string("Pool");
  const std::string range = reader->string("SubPool");
  const bool v6 = reader->boolean("V6").value_or(false);
  const auto options = reader->strings("Options");
  if (reader->problem()) return bad(*reader);
  if (auto done = apply_options(out, options); !done)
    return std::unexpected(std::move(done).error());

  auto prefix = read_prefix("Pool", pool);
  if (!prefix) return std::unexpected(std::move(prefix).error());
  auto sub = read_prefix("SubPool", range);
  if (!sub) return std::unexpected(std::move(sub).error());
  want.prefix = *prefix;
  want.range = *sub;
  want.family = v6 ? Family::v6 : Family::v4;
  if (want.prefix && want.prefix->family() != want.family)
    return fail(Errc::invalid_argument, "Pool " + want.prefix->to_string() + " is not IPv" +
                                            (v6 ? "6" : "4") + " as V6 says");
  return out;
}

Result<std::string> parse_pool_id(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  std::string id = reader->required_string("PoolID");
  if (reader->problem()) return bad(*reader);
  return id;
}

Result<RequestAddress> parse_request_address(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  RequestAddress out{.pool = reader->required_string("PoolID"), .address = {}};
  const std::string text = reader->string("Address");
  const auto options = reader->strings("Options");
  if (reader->problem()) return bad(*reader);

  const auto type = options.find(std::string(option::kAddressType));
  out.gateway = type != options.end() && type->second == option::kGateway;
  if (!text.empty()) {
    auto address = read_address(text);
    if (!address) return std::unexpected(std::move(address).error());
    out.address = *address;
  }
  return out;
}

Result<ReleaseAddress> parse_release_address(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  const std::string pool = reader->required_string("PoolID");
  const std::string text = reader->required_string("Address");
  if (reader->problem()) return bad(*reader);
  auto address = read_address(text);
  if (!address) return std::unexpected(std::move(address).error());
  return ReleaseAddress{.pool = pool, .address = *address};
}

std::string format_ipam_capabilities() {
  return dump({{"RequiresMACAddress", false}, {"RequiresRequestReplay", false}});
}

std::string format_address_spaces() {
  return dump({{"LocalDefaultAddressSpace", "local"}, {"GlobalDefaultAddressSpace", "global"}});
}

std::string format_pool(const ipam::Pool& pool) {
  return dump({{"PoolID", pool.id}, {"Pool", pool.prefix.to_string()}, {"Data", json::object()}});
}

std::string format_address(const Prefix& address) {
  return dump({{"Address", address.to_string()}, {"Data", json::object()}});
}

}  // namespace fairlead::cnm
