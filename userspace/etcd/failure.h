// What gRPC and etcd say, in our words.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "base/error.h"

namespace fairlead::etcd {

struct Answer;
struct Link;

// The store itself decided; another member would say the same.
bool is_answer(const grpc::Status& status);
// The member says that it did not begin with the request.
bool not_begun(const grpc::Status& status);
// The token is not valid, or is missing: log in again.
bool wants_token(const grpc::Status& status);
// The answer was longer than gRPC takes; ask for less.
bool answer_too_long(const grpc::Status& status);

// "https://10.0.0.1:2379: connection refused"
std::string words(const std::string& url, const grpc::Status& status);
// Of a member that gave no answer.
std::string words(const Link& link, const grpc::Status& status);
// An answer that is a refusal. Errors: invalid_argument, not_found, exhausted, already_exists.
Error refusal(const Answer& answer);

}  // namespace fairlead::etcd
