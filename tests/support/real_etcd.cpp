#include "real_etcd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "own_netns.h"

namespace fairlead::test {
namespace {

constexpr std::string_view kFolder = "fairlead-etcd-";
constexpr const char* kProgram = "/usr/bin/etcd";
constexpr auto kPatience = std::chrono::seconds(30);

std::string loopback(const char* scheme) {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(free_port());
}

// Removes the folders of test processes that were killed.
void sweep() {
  std::error_code ignored;
  const auto all = std::filesystem::temp_directory_path();
  for (const auto& each : std::filesystem::directory_iterator(all, ignored)) {
    const std::string name = each.path().filename().string();
    if (!name.starts_with(kFolder)) continue;
    const pid_t owner = std::atoi(name.c_str() + kFolder.size());
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) {
      std::filesystem::remove_all(each.path(), ignored);
    }
  }
}

}  // namespace

TempFolder::TempFolder() {
  sweep();
  std::string name = (std::filesystem::temp_directory_path() /
                      (std::string(kFolder) + std::to_string(getpid()) + "-XXXXXX"))
                         .string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint16_t free_port() {
  // Without the privilege: loopback of the machine, where the ports are free as well.
  std::string ignored;
  enter_own_netns(&ignored);
  const UniqueFd any(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(any.get(), plain, length), 0);
  EXPECT_EQ(getsockname(any.get(), plain, &length), 0);
  return ntohs(address.sin_port);
}

bool RealEtcd::installed() { return ::access(kProgram, X_OK) == 0; }

RealEtcd::RealEtcd(std::vector<std::string> arguments, std::string certificates)
    : certificates_(std::move(certificates)),
      url_(loopback(certificates_.empty() ? "http" : "https")),
      peer_url_(loopback("http")),
      initial_cluster_(name_ + "=" + peer_url_),
      token_(folder_.path().filename().string()),
      arguments_(std::move(arguments)) {}

RealEtcd::~RealEtcd() { kill(); }

std::vector<std::unique_ptr<RealEtcd>> RealEtcd::cluster(int count) {
  std::vector<std::unique_ptr<RealEtcd>> members;
  std::string all;
  for (int each = 0; each < count; ++each) {
    members.push_back(std::make_unique<RealEtcd>());
    members.back()->name_ = "m" + std::to_string(each);
    all += (all.empty() ? "" : ",") + members.back()->name_ + "=" + members.back()->peer_url_;
  }
  for (auto& member : members) {
    member->initial_cluster_ = all;
    member->token_ = all;
    member->spawn();
  }
  for (auto& member : members) member->await_serving();
  return members;
}

void RealEtcd::spawn() {
  std::vector<std::string> words{kProgram,
                                 "--name=" + name_,
                                 "--data-dir=" + (folder_.path() / "data").string(),
                                 "--listen-client-urls=" + url_,
                                 "--advertise-client-urls=" + url_,
                                 "--listen-peer-urls=" + peer_url_,
                                 "--initial-advertise-peer-urls=" + peer_url_,
                                 "--initial-cluster=" + initial_cluster_,
                                 "--initial-cluster-token=" + token_,
                                 "--heartbeat-interval=50",
                                 "--election-timeout=500"};
  if (!certificates_.empty()) {
    words.insert(words.end(),
                 {"--client-cert-auth", "--trusted-ca-file=" + certificates_ + "/cacert.pem",
                  "--cert-file=" + certificates_ + "/server.pem",
                  "--key-file=" + certificates_ + "/server.key"});
  }
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> raw;
  for (auto& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  const std::string log = (folder_.path() / "log").string();

  std::filesystem::remove(log);  // await_serving() must not read that of the one before
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (getppid() == parent) execv(kProgram, raw.data());
  _exit(127);
}

std::string RealEtcd::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_.path() / "log").rdbuf();
  return text.str();
}

void RealEtcd::await_serving() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (log().contains("ready to serve client requests")) return;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "etcd does not serve:\n" << log();
}

void RealEtcd::start() {
  spawn();
  await_serving();
}

void RealEtcd::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RealEtcd::pause() {
  ::kill(pid_, SIGSTOP);
  waitpid(pid_, nullptr, WUNTRACED);
}

void RealEtcd::go_on() { ::kill(pid_, SIGCONT); }

void RealEtcd::wipe() {
  kill();
  std::filesystem::remove_all(folder_.path() / "data");
  token_ += "+";
}

std::string RealEtcd::ctl(const std::string& arguments) const {
  std::string command = "ETCDCTL_API=3 etcdctl --endpoints=" + url_ + " ";
  if (!certificates_.empty()) {
    command += "--cacert=" + certificates_ + "/cacert.pem --cert=" + certificates_ +
               "/client.pem --key=" + certificates_ + "/client.key ";
  }
  FILE* pipe = popen((command + arguments + " 2>&1").c_str(), "re");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run etcdctl";
    return {};
  }
  std::string output;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) {
    output.append(buffer, count);
  }
  EXPECT_EQ(pclose(pipe), 0) << "etcdctl " << arguments << ": " << output;
  return output;
}

}  // namespace fairlead::test
