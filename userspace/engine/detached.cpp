#include "engine/detached.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.h"
#include "engine/attachments.h"
#include "engine/lookup.h"

namespace fairlead::engine {

namespace {

namespace fs = std::filesystem;

// While it is being written, a note has another ending.
constexpr const char* kEnding = ".json";

std::vector<fs::path> notes_in(const std::string& folder) {
  std::vector<fs::path> out;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (entry->path().extension() == kEnding) out.push_back(entry->path());
  return out;
}

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Status replay(Engine& engine, const fs::path& path) {
  std::error_code failed;
  const auto which = engine.settings.detached.parse(read(path));
  if (!which) {
    log::event(log::Level::warning, "detached_note_unreadable",
               {{"file", path.string()}, {"error", which.error().message()}});
    fs::rename(path, path.string() + ".bad", failed);
    return {};
  }
  if (auto done = detach(engine, *which); !done) return done;
  fs::remove(path, failed);
  if (failed) return fail_errno("remove " + path.string(), failed.value());
  log::event(log::Level::info, "detached_later",
             {{"container", which->container}, {"network", which->config}});
  return {};
}

}  // namespace

Status replay_detached(Engine& engine) {
  Problems problems("detach what was to be while the daemon was away");
  for (const fs::path& path : notes_in(engine.settings.detached.folder))
    problems.add(replay(engine, path));
  return problems.status();
}

}  // namespace fairlead::engine
