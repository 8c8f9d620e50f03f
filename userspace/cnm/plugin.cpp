#include "cnm/plugin.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "base/log.h"
#include "base/quote.h"
#include "cnm/codec.h"
#include "cnm/method.h"

namespace fairlead::cnm {

namespace {

// The longest part of a request that goes into the log.
constexpr std::size_t kLoggedBody = 400;

// How long, and how often, a call is repeated that waits for another host's answer.
constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::milliseconds kLongestPause{50};

const Method* find_method(std::string_view name) {
  for (const auto methods : {network_driver_methods(), ipam_driver_methods()}) {
    const auto found = std::ranges::find(methods, name, &Method::name);
    if (found != methods.end()) return &*found;
  }
  return nullptr;
}

bool is_blank(std::string_view body) {
  return body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Result<std::string> run(const Method& method, engine::Engine& engine, const std::string& body) {
  if (method.takes_arguments && is_blank(body))
    return fail(Errc::invalid_argument,
                std::string(method.name) +
                    " came without a body: the connection broke and Docker repeated the call. "
                    "Nothing was done now; try again");
  return method.run(engine, body);
}

void log_call(const Method& method, const std::string& body, const Result<std::string>& reply,
              std::chrono::steady_clock::duration took) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  if (reply) {
    log::event(log::Level::debug, "docker_call",
               {{"method", std::string(method.name)},
                {"micros", std::to_string(micros)},
                {"request", body.substr(0, kLoggedBody)}});
  } else {
    log::event(log::Level::warning, "docker_call_failed",
               {{"method", std::string(method.name)},
                {"error", reply.error().message()},
                {"micros", std::to_string(micros)},
                {"request", body.substr(0, kLoggedBody)}});
  }
}

}  // namespace

Plugin::Plugin(engine::Engine& engine, WorkQueue& queue, std::function<void()> on_activate,
               std::function<void()> on_name)
    : engine_(engine),
      queue_(queue),
      on_activate_(std::move(on_activate)),
      on_name_(std::move(on_name)) {}

Plugin::~Plugin() {
  delays_.close();
  std::promise<void> done;  // the last attempts are queued and use all of this
  queue_.post([&done] { done.set_value(); });
  done.get_future().wait();
}

void Plugin::handle(http::Request request, http::Respond respond) {
  std::string_view name = request.target;
  name = name.substr(0, name.find('?'));
  if (name.starts_with('/')) name.remove_prefix(1);

  if (name == "Plugin.Activate") {
    log::event(log::Level::info, "docker_activated", {{"pid", std::to_string(request.peer.pid)}});
    if (on_activate_) on_activate_();
    return respond({.body = format_activation()});
  }
  const Method* method = find_method(name);
  if (method == nullptr)
    return respond({.status = 404, .body = format_error("no method " + fairlead::quoted(name))});
  if (request.method != "POST")
    return respond({.status = 405, .body = format_error(std::string(name) + " wants POST")});

  attempt({.method = method,
           .body = std::move(request.body),
           .respond = std::move(respond),
           .start = std::chrono::steady_clock::now()});
}

void Plugin::attempt(Call call) {
  queue_.post([this, call = std::move(call)]() mutable {
    auto reply = run(*call.method, engine_, call.body);
    const auto now = std::chrono::steady_clock::now();
    if (!reply && reply.error().code() == Errc::busy && now - call.start < kPatience) {
      const auto pause = call.pause;
      call.pause = std::min(2 * pause, kLongestPause);
      delays_.post(pause, [this, again = std::move(call)]() mutable { attempt(std::move(again)); });
      return;
    }
    if (reply && call.method->brings_name && on_name_) on_name_();
    call.respond({.body = reply ? *reply : format_error(reply.error().message())});
    log_call(*call.method, call.body, reply, now - call.start);
  });
}

}  // namespace fairlead::cnm
