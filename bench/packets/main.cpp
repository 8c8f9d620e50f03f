// fl_packets: what a packet costs in the kernel, for every fast path of every program.
//
//   fl_packets [--json]           times and instructions, as a table or as JSON
//   fl_packets --check FOLDER     instructions only, compared with FOLDER/record-KIND.json
//   fl_packets --record FOLDER    times and instructions, and writes that file
//   fl_packets --repeat PATH      one path for ten seconds, for `perf record`; prints its time
//
// Exit code 1: a path became dearer, or something failed; 77: this machine cannot tell.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "repeater.h"
#include "report.h"
#include "retired.h"

namespace fairlead::bench {
namespace {

constexpr int kRounds = 7;
constexpr int kCannot = 77;
constexpr std::chrono::seconds kProfile{10};

// False and a message in `why` if anything fails.
bool count(Report* report, std::string* why) {
  Host host(Build::counted, test::kTestEntries);
  if (!host.set_up(why)) return false;
  for (const FastPath& path : fast_paths(host)) {
    const auto instructions = retired_instructions(path, why);
    if (!instructions) return false;
    report->paths.push_back(
        {.id = path.id, .what = path.what, .row = path.row, .instructions = *instructions});
  }
  return true;
}

// In rounds over all paths, so that a busy moment of the machine meets all of them.
bool time(Report* report, std::string* why) {
  Host host(Build::plain, test::kTestEntries);
  if (!host.set_up(why)) return false;
  const std::vector<FastPath> paths = fast_paths(host);
  std::vector<std::unique_ptr<Repeater>> repeaters;
  for (const FastPath& path : paths) {
    repeaters.push_back(Repeater::make(path, {}, why));
    if (repeaters.back() == nullptr) return false;
  }
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (!open_flow(paths[i], why) || !repeaters[i]->measure(why)) return false;
    }
  }
  for (std::size_t i = 0; i < paths.size(); ++i) report->paths[i].ns = repeaters[i]->result();
  return true;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "fl_packets: %s\n", why.c_str());
  return 1;
}

int check(const Report& report, const std::string& folder) {
  const std::string file = record_file(folder);
  if (!std::ifstream(file)) {
    std::printf("no record for this kind of machine (%s): make one with --record\n", file.c_str());
    return kCannot;
  }
  std::string why;
  const auto record = read_record(file, &why);
  if (!record) return fail(why);
  if (!(record->features == report.features)) {
    std::printf("the record is of a kernel with other features: %s\n", file.c_str());
    return kCannot;
  }
  const Differences found = compare(report, *record);
  for (const std::string& line : found.better) std::printf("cheaper: %s\n", line.c_str());
  for (const std::string& line : found.worse) std::printf("dearer: %s\n", line.c_str());
  if (!found.better.empty() || !found.worse.empty())
    std::printf("if that is meant, commit a new record with it: scripts/bench packets --record\n");
  return found.worse.empty() ? 0 : 1;
}

int record(const Report& report, const std::string& folder) {
  const std::string file = record_file(folder);
  std::ofstream out(file);
  if (!(out << to_record(report)).flush()) return fail("cannot write " + file);
  std::printf("%s%s written\n", to_table(report).c_str(), file.c_str());
  return 0;
}

int repeat(const std::string& id) {
  Host host(Build::plain, test::kTestEntries);
  std::string why;
  if (!host.set_up(&why)) return fail(why);
  const std::vector<FastPath> paths = fast_paths(host);
  const auto path =
      std::find_if(paths.begin(), paths.end(), [&](const FastPath& each) { return each.id == id; });
  if (path == paths.end()) return fail("no path is called " + id);
  const auto repeater = Repeater::make(*path, {}, &why);
  if (repeater == nullptr || !open_flow(*path, &why)) return fail(why);
  const auto end = std::chrono::steady_clock::now() + kProfile;
  while (std::chrono::steady_clock::now() < end) {
    if (!repeater->measure(&why)) return fail(why);
  }
  std::printf("%s %.0f ns\n", id.c_str(), repeater->result().alone);
  return 0;
}

int run(std::string_view verb, const std::string& argument) {
  if (verb == "--repeat") return repeat(argument);
  const std::string& folder = argument;
  Report report{.features = features()};
  std::string why;
  if (!count(&report, &why)) return fail(why);
  if (verb == "--check") return check(report, folder);
  if (!time(&report, &why)) return fail(why);
  if (verb == "--record") return record(report, folder);
  std::printf("%s", verb == "--json" ? to_json(report).c_str() : to_table(report).c_str());
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const std::string verb = argc > 1 ? argv[1] : "";
  const bool with_argument = verb == "--check" || verb == "--record" || verb == "--repeat";
  if ((!verb.empty() && verb != "--json" && !with_argument) ||
      argc != (with_argument ? 3 : 1 + (argc > 1))) {
    std::fprintf(stderr,
                 "usage: fl_packets [--json | --check FOLDER | --record FOLDER | --repeat PATH]\n");
    return 2;
  }
  if (geteuid() != 0) {
    std::printf("loading BPF programs needs root\n");
    return 77;
  }
  return fairlead::bench::run(verb, with_argument ? argv[2] : "");
}
