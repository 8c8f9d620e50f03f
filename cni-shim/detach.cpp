#include "cni-shim/detach.h"

#include "cni-shim/attach_codec.h"
#include "cni-shim/daemon.h"
#include "cni-shim/tombstone.h"

namespace fairlead::cni {

namespace {

// Whether asking later may help, nothing being wrong with the question.
bool is_passing(Code code) {
  return code == Code::daemon_away || code == Code::cluster_away || code == Code::again;
}

}  // namespace

Outcome<void> detach(const AttachmentKey& key, const std::string& socket,
                     const std::string& state_dir, Deadline deadline, std::string& log) {
  const std::string body = format_key(key);
  auto answer =
      ask(socket, {.method = "POST", .target = "/v1/attachments/detach", .body = body}, deadline);
  if (answer) return {};
  if (!is_passing(answer.error().code)) return pass(std::move(answer));
  if (auto done = leave_tombstone(state_dir, key, body); !done) return done;
  log += "fairlead-cni: " + answer.error().message + "; " + key.container + " " + key.interface +
         " will be detached when it does\n";
  return {};
}

}  // namespace fairlead::cni
