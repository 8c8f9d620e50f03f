#include "report.h"

#include <sys/utsname.h>

#include <cstdarg>
#include <cstdio>
#include <set>

namespace fairlead::bench {
namespace {

__attribute__((format(printf, 1, 2))) std::string text(const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  return line;
}

std::string times(const std::string& id, std::uint64_t now, std::uint64_t then) {
  return text("%s: %llu BPF instructions, the record says %llu (%+.1f %%)", id.c_str(),
              static_cast<unsigned long long>(now), static_cast<unsigned long long>(then),
              100.0 * static_cast<double>(now) / static_cast<double>(then) - 100.0);
}

}  // namespace

std::string machine_kind() {
  utsname machine{};
  ::uname(&machine);
  return std::string(machine.machine) + "-clang" FAIRLEAD_CLANG;
}

std::string record_file(const std::string& folder) {
  return folder + "/record-" + machine_kind() + ".json";
}

std::string to_table(const Report& report) {
  std::string out =
      text("%-18s %12s %8s %10s   %s\n", "path", "instructions", "ns", "in a row", "");
  for (const Measured& path : report.paths) {
    const std::string row = path.ns.in_a_row ? text("%.0f", *path.ns.in_a_row) : "";
    out += text("%-18s %12llu %8.0f %10s   %s\n", path.id.c_str(),
                static_cast<unsigned long long>(path.instructions), path.ns.alone, row.c_str(),
                path.what.c_str());
  }
  for (const Scaled& s : report.scale) {
    out += text("%-26s %7.0f ns %7.0f ns  %5.2f times   %s\n", s.id.c_str(), s.few_ns, s.many_ns,
                s.many_ns / s.few_ns, s.what.c_str());
  }
  return out;
}

Differences compare(const Report& report, const Record& record) {
  Differences found;
  std::set<std::string> seen;
  for (const Measured& path : report.paths) {
    seen.insert(path.id);
    const auto then = record.instructions.find(path.id);
    if (then == record.instructions.end()) {
      found.worse.push_back(path.id + ": not in the record");
    } else if (path.instructions * 10 > then->second * 11) {
      found.worse.push_back(times(path.id, path.instructions, then->second));
    } else if (path.instructions * 10 < then->second * 9) {
      found.better.push_back(times(path.id, path.instructions, then->second));
    }
  }
  for (const auto& [id, instructions] : record.instructions) {
    if (!seen.contains(id)) found.better.push_back(id + ": in the record, but no path any more");
  }
  return found;
}

}  // namespace fairlead::bench
