#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "report.h"

namespace fairlead::bench {
namespace {

using Json = nlohmann::ordered_json;

double tenths(double value) { return std::round(value * 10) / 10; }

Json features_json(const Features& f) {
  return {{"csum_ipv6", f.csum_ipv6},
          {"decap_l3", f.decap_l3},
          {"decap_l4_udp", f.decap_l4_udp},
          {"reads_skb", f.reads_skb}};
}

Json path_json(const Measured& path) {
  Json out{{"id", path.id}, {"what", path.what}, {"row", path.row}};
  out["instructions"] = path.instructions;
  out["ns"] = tenths(path.ns.alone);
  out["ns_spread"] = tenths(path.ns.alone_spread);
  if (path.ns.in_a_row) out["ns_in_a_row"] = tenths(*path.ns.in_a_row);
  return out;
}

// Of several paths of a row, the slowest is the row's.
Json rows_json(const Report& report) {
  Json rows = Json::object();
  for (const Measured& path : report.paths) {
    if (path.row.empty() || path.ns.alone == 0) continue;
    const double before = rows.value(path.row, 0.0);
    rows[path.row] = std::max(before, tenths(path.ns.alone));
  }
  return rows;
}

}  // namespace

std::string to_json(const Report& report) {
  Json out{{"kind", machine_kind()}, {"features", features_json(report.features)}};
  out["paths"] = Json::array();
  for (const Measured& path : report.paths) out["paths"].push_back(path_json(path));
  out["rows"] = rows_json(report);
  out["scale"] = Json::array();
  for (const Scaled& s : report.scale) {
    out["scale"].push_back({{"id", s.id},
                            {"what", s.what},
                            {"few_ns", tenths(s.few_ns)},
                            {"many_ns", tenths(s.many_ns)},
                            {"ratio", std::round(1000 * s.many_ns / s.few_ns) / 1000}});
  }
  return out.dump(2) + "\n";
}

std::string to_record(const Report& report) {
  Json out{{"kind", machine_kind()}, {"features", features_json(report.features)}};
  out["paths"] = Json::object();
  for (const Measured& path : report.paths) {
    out["paths"][path.id] = {{"instructions", path.instructions}};
    if (path.ns.alone > 0) out["paths"][path.id]["ns"] = std::round(path.ns.alone);
  }
  return out.dump(1) + "\n";
}

std::optional<Record> read_record(const std::string& file, std::string* why) {
  std::ifstream in(file);
  const Json json = Json::parse(in, nullptr, false);
  Record record;
  try {
    const Json& features = json.at("features");
    record.features = {.csum_ipv6 = features.at("csum_ipv6"),
                       .decap_l3 = features.at("decap_l3"),
                       .decap_l4_udp = features.at("decap_l4_udp"),
                       .reads_skb = features.at("reads_skb")};
    for (const auto& [id, path] : json.at("paths").items()) {
      record.instructions[id] = path.at("instructions");
    }
  } catch (const Json::exception& e) {
    *why = file + ": no record: " + e.what();
    return std::nullopt;
  }
  return record;
}

}  // namespace fairlead::bench
