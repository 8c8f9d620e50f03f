// What was measured, as a table, as JSON for scripts/bench, and as the committed record.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host.h"
#include "repeater.h"

namespace fairlead::bench {

struct Measured {
  std::string id;
  std::string what;
  std::string row;
  std::uint64_t instructions = 0;
  Nanoseconds ns = {};  // zero if not measured
};

// Cost of the same path on a small and on a large host.
struct Scaled {
  std::string id;
  std::string what;
  double few_ns = 0;
  double many_ns = 0;
};

struct Report {
  Features features;
  std::vector<Measured> paths = {};
  std::vector<Scaled> scale = {};
};

// Compiler and architecture: programs of another one have other instructions.
std::string machine_kind();
// FOLDER/record-KIND.json
std::string record_file(const std::string& folder);

std::string to_table(const Report& report);
std::string to_json(const Report& report);
std::string to_record(const Report& report);

// A committed record: instructions by path, and the features they were counted with.
struct Record {
  Features features;
  std::map<std::string, std::uint64_t> instructions;
};
std::optional<Record> read_record(const std::string& file, std::string* why);

// Paths that cost over 10 % more instructions than the record says, or that it lacks: `worse`, with
// what to do. Over 10 % less, or gone: `better`.
struct Differences {
  std::vector<std::string> worse = {};
  std::vector<std::string> better = {};
};
Differences compare(const Report& report, const Record& record);

}  // namespace fairlead::bench
