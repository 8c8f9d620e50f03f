#include "datapath/libbpf_log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <utility>

namespace fairlead::datapath {

namespace {

std::function<void(std::string_view)> current_sink;
std::string captured;
bool capturing = false;

constexpr std::string_view kLogBegins = "-- BEGIN PROG LOAD LOG --";
constexpr std::string_view kLogEnds = "-- END PROG LOAD LOG --";

int print(libbpf_print_level, const char* format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const int size = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (size <= 0) return size;
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::vsnprintf(text.data(), text.size(), format, arguments);
  text.pop_back();
  if (capturing) captured += text;
  if (!current_sink) return size;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (end > 0) current_sink(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return size;
}

}  // namespace

void set_libbpf_sink(std::function<void(std::string_view)> sink) {
  current_sink = std::move(sink);
  libbpf_set_print(print);
}

LibbpfCapture::LibbpfCapture() {
  captured.clear();
  capturing = true;
  libbpf_set_print(print);
}

LibbpfCapture::~LibbpfCapture() {
  capturing = false;
  captured.clear();
}

std::string LibbpfCapture::last_words(int lines) const {
  std::string_view text = captured;
  if (const auto begin = text.find(kLogBegins); begin != std::string_view::npos) {
    text.remove_prefix(begin + kLogBegins.size());
    text = text.substr(0, text.find(kLogEnds));
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t from = text.size();
  for (; lines > 0 && from > 0 && from != std::string_view::npos; --lines)
    from = from == 0 ? 0 : text.rfind('\n', from - 1);
  return std::string(from == std::string_view::npos ? text : text.substr(from));
}

}  // namespace fairlead::datapath
