#include "cni-shim/delegate.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/quote.h"
#include "base/unique_fd.h"
#include "base/write_all.h"
#include "cni-shim/result_codec.h"

namespace fairlead::cni {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLongestAnswer = 1 << 20;
constexpr milliseconds kShortest{200};

std::unexpected<Failure> broken(const std::string& what, int sys_errno) {
  return refuse(Code::io, what + ": " + std::system_category().message(sys_errno));
}

// A file in memory: a plugin that reads slowly or writes much blocks neither side.
Outcome<UniqueFd> memory_file(const std::string& content) {
  const int raw = ::memfd_create("fairlead-cni", MFD_CLOEXEC);
  if (raw < 0) return broken("memfd_create", errno);
  UniqueFd fd(raw);
  if (!write_all(raw, content)) return broken("write the plugin's input", errno);
  if (::lseek(raw, 0, SEEK_SET) != 0) return broken("rewind the plugin's input", errno);
  return fd;
}

Outcome<std::string> read_back(int fd) {
  std::string out;
  char buffer[4096];
  while (out.size() <= kLongestAnswer) {
    const ssize_t size = ::pread(fd, buffer, sizeof(buffer), static_cast<off_t>(out.size()));
    if (size < 0) return broken("read the plugin's output", errno);
    if (size == 0) return out;
    out.append(buffer, static_cast<std::size_t>(size));
  }
  return refuse(Code::io, "the plugin's output is longer than 1 MiB");
}

std::vector<std::string> environment_of(const Call& call, const std::string& verb) {
  std::vector<std::string> out;
  for (const auto& [name, value] : call.variables)
    if (name != "CNI_COMMAND") out.push_back(name + "=" + value);
  out.push_back("CNI_COMMAND=" + verb);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& each : strings) out.push_back(each.data());
  out.push_back(nullptr);
  return out;
}

Outcome<pid_t> spawn(const std::string& path, int input, int output, const Call& call,
                     const std::string& verb) {
  std::vector<std::string> environment = environment_of(call, verb);
  std::vector<std::string> arguments{path};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, path.c_str(), &actions, nullptr,
                                   pointers(arguments).data(), pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return broken("run " + path, failed);
  return pid;
}

// Whether it ended by itself before the deadline; it has ended in any case. `status` as of
// waitpid().
bool wait_for(pid_t pid, Deadline deadline, int& status) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto left =
      std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd wanted{.fd = process.get(), .events = POLLIN, .revents = 0};
  const bool in_time = ::poll(&wanted, 1, static_cast<int>(std::max(left, kShortest).count())) > 0;
  if (!in_time) ::kill(pid, SIGKILL);
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return in_time;
}

}  // namespace

Outcome<std::string> find_plugin(const std::string& name, const std::string& path) {
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string file = path.substr(begin, end - begin) + "/" + name;
    struct stat found {};
    if (end > begin && ::stat(file.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
        ::access(file.c_str(), X_OK) == 0)
      return file;
    begin = end + 1;
  }
  return refuse(Code::environment, "ipam.type is " + fairlead::quoted(name) +
                                       ", and no folder of CNI_PATH has a plugin of that name: "
                                       "CNI_PATH is " +
                                       fairlead::quoted(path));
}

Outcome<std::string> run_plugin(const std::string& name, const std::string& verb,
                                const Call& call) {
  const auto path = find_plugin(name, value_of(call.variables, "CNI_PATH"));
  if (!path) return std::unexpected(path.error());
  const auto input = memory_file(call.input);
  if (!input) return std::unexpected(input.error());
  const auto output = memory_file("");
  if (!output) return std::unexpected(output.error());
  const auto pid = spawn(*path, input->get(), output->get(), call, verb);
  if (!pid) return std::unexpected(pid.error());

  int status = 0;
  if (!wait_for(*pid, call.deadline, status))
    return refuse(Code::again, "IPAM plugin " + name + " did not end in time");
  auto answer = read_back(output->get());
  if (!answer || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) return answer;
  Failure failure = parse_error(*answer);
  failure.message.insert(0, "IPAM plugin " + name + ": ");
  return std::unexpected(std::move(failure));
}

}  // namespace fairlead::cni
