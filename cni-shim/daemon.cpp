#include "cni-shim/daemon.h"

#include <algorithm>
#include <string_view>
#include <thread>

#include "cni-shim/attach_codec.h"
#include "http/client.h"

namespace fairlead::cni {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{500};
constexpr milliseconds kReserve{1500};  // of the deadline, for what is done after a refusal
constexpr milliseconds kShortest{200};  // even with no time left, a daemon that is there may answer
constexpr unsigned kOk = 200;

milliseconds left_until(Deadline deadline) {
  return std::max(kShortest, std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

Code code_of(std::string_view refusal) {
  static constexpr std::pair<std::string_view, Code> kCodes[] = {
      {"invalid_argument", Code::config},  {"not_found", Code::config},
      {"conflict", Code::conflict},        {"already_exists", Code::conflict},
      {"exhausted", Code::exhausted},      {"unsupported", Code::kernel},
      {"unavailable", Code::cluster_away}, {"busy", Code::again}};
  const auto* found =
      std::ranges::find(kCodes, refusal, [](const auto& entry) { return entry.first; });
  return found == std::end(kCodes) ? Code::internal : found->second;
}

Failure failure_of(const http::Response& answer) {
  const Refusal refusal = parse_refusal(answer.body);
  if (refusal.text.empty())
    return {Code::internal, "fairleadd answered with status " + std::to_string(answer.status)};
  return {code_of(refusal.code), refusal.text};
}

}  // namespace

Outcome<std::string> ask(const std::string& socket, const http::Request& request,
                         Deadline deadline) {
  for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    auto answer = http::call(socket, request, left_until(deadline));
    if (!answer)
      return refuse(Code::daemon_away, "fairleadd does not answer: is it running?",
                    answer.error().message());
    if (answer->status == kOk) return std::move(answer->body);
    Failure failure = failure_of(*answer);
    if (failure.code != Code::again || Clock::now() + pause + kReserve > deadline)
      return std::unexpected(std::move(failure));
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace fairlead::cni
