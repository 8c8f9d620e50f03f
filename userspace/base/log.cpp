#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace fairlead::log {

namespace {

// syslog(3) priorities, as sd-daemon(3) wants them at the start of a line.
const char* priority(Level level) {
  switch (level) {
    case Level::debug:
      return "<7>";
    case Level::info:
      return "<6>";
    case Level::warning:
      return "<4>";
    case Level::error:
      return "<3>";
  }
  return "<6>";
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

constexpr const char* kWithTime = "%Y-%m-%dT%H:%M:%S.%e %l %v";

struct Output {
  std::shared_ptr<spdlog::logger> logger;
  bool journal = false;
};

Output& output() {
  static Output instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    Output made{std::make_shared<spdlog::logger>("fairlead", std::move(sink)), false};
    made.logger->set_pattern(kWithTime);
    return made;
  }();
  return instance;
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::ranges::any_of(value, [](char c) {
           return c == '"' || c == '=' || c == '\\' || static_cast<unsigned char>(c) <= ' ';
         });
}

// A value never ends its line: what a client sent must not forge an event.
void append_value(std::string& line, std::string_view value) {
  if (!needs_quotes(value)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ') {
      line += '?';
    } else {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
  }
  line += '"';
}

}  // namespace

Status configure(std::string_view level_name, bool journal) {
  static constexpr std::pair<std::string_view, Level> kLevels[] = {{"debug", Level::debug},
                                                                   {"info", Level::info},
                                                                   {"warning", Level::warning},
                                                                   {"error", Level::error}};
  const auto* found =
      std::ranges::find(kLevels, level_name, [](auto& entry) { return entry.first; });
  if (found == std::end(kLevels))
    return fail(Errc::invalid_argument, "log level \"" + std::string(level_name) +
                                            "\" is none of debug, info, warning, error");

  output().journal = journal;
  output().logger->set_level(to_spdlog(found->second));
  output().logger->set_pattern(journal ? "%v" : kWithTime);
  return {};
}

std::string format(std::string_view name, std::initializer_list<Field> fields) {
  std::string line(name);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

void event(Level level, std::string_view name, std::initializer_list<Field> fields) {
  auto& [logger, journal] = output();
  if (!logger->should_log(to_spdlog(level))) return;
  const std::string prefix = journal ? priority(level) : "";
  logger->log(to_spdlog(level), spdlog::string_view_t(prefix + format(name, fields)));
}

}  // namespace fairlead::log
