#include "cli/ask.h"

#include <ostream>

#include "cli/codec.h"
#include "http/client.h"

namespace fairlead::cli {

namespace {

constexpr std::chrono::seconds kPatience{12};  // a little more than the daemon's own limit

}  // namespace

std::expected<std::string, ExitCode> ask(const std::string& socket, const http::Request& request,
                                         std::ostream& err) {
  auto answer = http::call(socket, request, kPatience);
  if (!answer) {
    err << "fairleadd does not answer on " << socket << ": start it with systemctl start fairlead ("
        << answer.error().message() << ")\n";
    return std::unexpected(kAway);
  }
  if (answer->status != 200) {
    const std::string text = error_text(answer->body);
    err << "fairleadd: " << (text.empty() ? "status " + std::to_string(answer->status) : text)
        << "\n";
    return std::unexpected(kWarning);
  }
  return std::move(answer->body);
}

std::expected<std::string, ExitCode> show(const std::string& socket, const std::string& target,
                                          const std::string& noun, const std::string& output,
                                          std::ostream& out, std::ostream& err) {
  auto body = ask(socket, {.method = "GET", .target = "/v1/" + target}, err);
  if (!body) return body;
  const auto shown = output == "json" ? indent(*body) : format_document(noun, *body);
  if (!shown) {
    err << socket << ": " << shown.error().message() << "\n";
    return std::unexpected(kWarning);
  }
  out << *shown;
  return body;
}

}  // namespace fairlead::cli
