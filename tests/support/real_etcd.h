// A real etcd of the test's own, on loopback, in a network namespace of the test process's own
// where it may make one. Its data live in a folder that goes with it, and it dies with the test,
// also when that crashes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::test {

class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A port of 127.0.0.1 that nobody listens on.
std::uint16_t free_port();

class RealEtcd {
 public:
  static bool installed();

  // `arguments` are added to etcd's own. With `certificates` (cacert.pem, server.pem, server.key in
  // that folder) it speaks TLS and asks its clients for a certificate.
  explicit RealEtcd(std::vector<std::string> arguments = {}, std::string certificates = {});
  RealEtcd(const RealEtcd&) = delete;
  RealEtcd& operator=(const RealEtcd&) = delete;
  ~RealEtcd();

  // Members of one cluster; all are started.
  static std::vector<std::unique_ptr<RealEtcd>> cluster(int count);

  void start();  // waits until it serves; ADD_FAILURE() with its log if it does not
  void kill();   // SIGKILL, and waits
  void pause();  // SIGSTOP: it is there, but says nothing
  void go_on();  // SIGCONT
  void wipe();   // killed; its data are removed: the next start() makes a new store
  const std::string& url() const { return url_; }

  // etcdctl with these arguments, in the shell's words. Returns its output; ADD_FAILURE() if it
  // fails.
  std::string ctl(const std::string& arguments) const;

 private:
  void spawn();
  void await_serving();
  std::string log() const;

  TempFolder folder_;
  std::string certificates_;
  std::string url_;
  std::string peer_url_;
  std::string name_ = "default";
  std::string initial_cluster_;
  std::string token_;  // of which, and of the members' addresses, etcd makes the cluster's id
  std::vector<std::string> arguments_;
  pid_t pid_ = -1;
};

}  // namespace fairlead::test
