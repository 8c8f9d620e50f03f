#include "etcd/failure.h"

#include <array>
#include <string_view>
#include <utility>

#include "etcd/members.h"

namespace fairlead::etcd {
namespace {

// Parts of etcd's messages (etcd: api/v3rpc/rpctypes/error.go), and what to do about them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kHints{{
    {"database space exceeded",
     "raise --quota-backend-bytes, or compact and defragment etcd, then run `etcdctl alarm "
     "disarm`"},
    {"authentication failed", "check the user and the password"},
    {"user name is empty", "etcd asks for a user and a password, and none is configured"},
    {"permission denied", "give the user a role that may read and write fairlead's keys"},
    {"certificate verify failed", "ca_file is not of the authority that signed etcd's certificate"},
    {"CERTIFICATE_VERIFY_FAILED", "ca_file is not of the authority that signed etcd's certificate"},
    {"is not in peer certificate",
     "etcd's certificate is for other names and addresses than that of the endpoint"},
}};

// What stands before the words that matter.
constexpr std::array<std::string_view, 5> kPreambles{
    "etcdserver: ", "failed to connect to all addresses; ",
    "last error: ", "UNKNOWN: ", "UNAVAILABLE: "};

Errc code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::NOT_FOUND:
      return Errc::not_found;
    case grpc::ALREADY_EXISTS:
      return Errc::already_exists;
    case grpc::RESOURCE_EXHAUSTED:
      return Errc::exhausted;
    default:
      return Errc::invalid_argument;
  }
}

bool says(const grpc::Status& status, std::string_view part) {
  return status.error_message().find(part) != std::string::npos;
}

}  // namespace

bool is_answer(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::OK:
    case grpc::INVALID_ARGUMENT:
    case grpc::NOT_FOUND:
    case grpc::ALREADY_EXISTS:
    case grpc::PERMISSION_DENIED:
    case grpc::UNAUTHENTICATED:
    case grpc::FAILED_PRECONDITION:
    case grpc::OUT_OF_RANGE:
      return true;
    case grpc::RESOURCE_EXHAUSTED:
      return !says(status, "too many requests");
    default:
      return false;
  }
}

bool not_begun(const grpc::Status& status) {
  return says(status, "etcdserver: no leader") || says(status, "too many requests");
}

bool wants_token(const grpc::Status& status) {
  return says(status, "invalid auth token") || says(status, "user name is empty") ||
         says(status, "revision of auth store is old");
}

bool answer_too_long(const grpc::Status& status) {
  return status.error_code() == grpc::RESOURCE_EXHAUSTED &&
         !status.error_message().starts_with("etcdserver:");
}

std::string words(const Link& link, const grpc::Status& status) {
  std::string text = words(link.url, status);
  // All that is seen of a TLS client at a port without it, and the other way round; which of the
  // two depends on who was faster.
  if (!link.used() && (text.ends_with("Socket closed") || text.ends_with("reset by peer"))) {
    text += link.url.starts_with("https") ? ": does it speak TLS, and accept our certificate?"
                                          : ": does it want https:// ?";
  }
  return text;
}

std::string words(const std::string& url, const grpc::Status& status) {
  std::string text = "etcd at " + url + ": ";
  const std::string message = status.error_message();
  std::string_view said = message;
  if (status.error_code() == grpc::DEADLINE_EXCEEDED) said = "no answer in time";
  for (const auto prefix : kPreambles) {
    if (said.starts_with(prefix)) said.remove_prefix(prefix.size());
  }
  text += said.empty() ? "no reason given" : said;
  for (const auto& [part, hint] : kHints) {
    if (said.find(part) == std::string_view::npos) continue;
    text += ": ";
    text += hint;
    break;
  }
  return text;
}

Error refusal(const Answer& answer) {
  return {code_of(answer.status.error_code()), words(answer.url, answer.status)};
}

}  // namespace fairlead::etcd
