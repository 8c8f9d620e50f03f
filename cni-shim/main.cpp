#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include "base/write_all.h"
#include "cni-shim/netavark.h"
#include "cni-shim/result_codec.h"
#include "cni-shim/verbs.h"

namespace {

using fairlead::cni::Call;
using fairlead::cni::Code;
using fairlead::cni::Reply;

constexpr std::size_t kLongestInput = 16 << 20;

// A runtime may have closed them, and no file that is opened later must have their numbers. Output
// that nobody can get is an error, as where nobody reads.
void keep_standard_files() {
  constexpr const char* kInstead[] = {"/dev/null", "/dev/full", "/dev/null"};
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open(kInstead[fd], O_RDWR));
}

// Empty: it has ended, or its program is gone.
std::string name_of_caller() {
  std::error_code failed;
  const std::filesystem::path link = "/proc/" + std::to_string(::getppid()) + "/exe";
  return std::filesystem::read_symlink(link, failed).filename().string();
}

Call read_call(int argc, char** argv) {
  Call out;
  out.caller = name_of_caller();
  if (argc > 0) out.program = argv[0];
  for (int i = 1; i < argc; ++i) out.arguments.emplace_back(argv[i]);
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view pair = *each;
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos)
      out.variables.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

// Whether all of stdin could be read. A person at a terminal sends nothing.
bool read_input(std::string& out) {
  if (::isatty(STDIN_FILENO) == 1) return true;
  char buffer[65536];
  while (out.size() <= kLongestInput) {
    const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    if (size == 0) return true;
    out.append(buffer, static_cast<std::size_t>(size));
  }
  return false;
}

Reply run(Call& call) {
  const bool needs_no_input = !fairlead::cni::is_netavark(call) &&
                              fairlead::cni::value_of(call.variables, "CNI_COMMAND").empty();
  if (!needs_no_input && !read_input(call.input))
    return {.status = 1,
            .output = fairlead::cni::format_error(
                std::string(fairlead::cni::kVersions.back()),
                {Code::io, "stdin cannot be read, or is longer than 16 MiB"})};
  return is_netavark(call) ? run_netavark(call) : run_cni(call);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  keep_standard_files();
  Call call = read_call(argc, argv);
  Reply reply;
  try {
    reply = run(call);
  } catch (
      const std::exception& error) {  // no memory, or our bug: the runtime is told nevertheless
    reply = {.status = 1,
             .output = fairlead::cni::format_error(
                 std::string(fairlead::cni::kVersions.back()),
                 {Code::internal, std::string("fairlead-cni: ") + error.what()})};
  }
  static_cast<void>(fairlead::write_all(STDERR_FILENO, reply.log));
  if (fairlead::write_all(STDOUT_FILENO, reply.output)) return reply.status;
  if (reply.status == 0 && fairlead::cni::value_of(call.variables, "CNI_COMMAND") == "ADD")
    fairlead::cni::take_back(call);
  return 1;
}
