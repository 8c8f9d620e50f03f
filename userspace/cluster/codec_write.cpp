// Records as JSON.
#include <nlohmann/json.hpp>

#include "cluster/records.h"

namespace fairlead::cluster {

namespace {

using nlohmann::json;

json text_or_null(const auto& value) { return value ? json(value->to_string()) : json(nullptr); }

json subnet(const std::optional<Subnet>& subnet) {
  if (!subnet) return nullptr;
  return {{"pool", subnet->pool.to_string()}, {"gateway", text_or_null(subnet->gateway)}};
}

struct Write {
  json operator()(const Meta& of) const {
    return {{"uuid", of.uuid}, {"schema", of.schema}, {"created", of.created}};
  }
  json operator()(const Alive& of) const {
    return {{"boot_id", of.boot_id}, {"version", of.version}, {"since", of.since}};
  }
  json operator()(const Node& of) const {
    json vteps = json::array();
    for (const auto& vtep : of.vteps) vteps.push_back(vtep.to_string());
    return {{"vteps", vteps}, {"port", of.port}, {"mtu", of.mtu}, {"instance", of.instance}};
  }
  json operator()(const SharedNetwork& of) const {
    return {{"name", of.name},
            {"vni", of.vni},
            {"v4", subnet(of.v4)},
            {"v6", subnet(of.v6)},
            {"pool_v4", of.pool_v4},
            {"pool_v6", of.pool_v6},
            {"mtu", of.mtu ? json(*of.mtu) : json(nullptr)},
            {"options", json(of.options)},
            {"internal", of.internal},
            {"created_by", of.created_by},
            {"removing", of.removing}};
  }
  json operator()(const Member&) const { return json::object(); }
  json operator()(const SharedPool& of) const {
    return {{"range", text_or_null(of.range)},
            {"block", of.block},
            {"gateway", text_or_null(of.gateway)}};
  }
  json operator()(const PoolUser&) const { return json::object(); }
  json operator()(const Block& of) const {
    json lent = json::object();
    for (const auto& [address, node] : of.lent) lent[address.to_string()] = node;
    return {{"owner", of.owner}, {"lent", lent}};
  }
  json operator()(const Static& of) const { return {{"owner", of.owner}}; }
  json operator()(const Ask& of) const { return {{"refusal", of.refusal}}; }
  json operator()(const SharedEndpoint& of) const {
    return {{"v4", text_or_null(of.v4)},
            {"v6", text_or_null(of.v6)},
            {"mac", of.mac.to_string()},
            {"name", of.name}};
  }
  json operator()(const Index& of) const { return {{"network", of.network}}; }
};

}  // namespace

std::string format(const Record& record) {
  return std::visit(Write{}, record).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace fairlead::cluster
