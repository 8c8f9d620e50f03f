#include "etcd/credentials.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/quote.h"
#include "etcd/grpc_client.h"

namespace fairlead::etcd {
namespace {

bool same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_size == other.st_size &&
         one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

}  // namespace

Status Credentials::read_file(File& file) {
  const auto wrong = [&file](const std::string& why) {
    return fail(Errc::invalid_argument,
                "etcd " + file.what + " " + fairlead::quoted(file.path) + ": " + why);
  };
  // The state from before the reading: what is written meanwhile is read the next time.
  if (stat(file.path.c_str(), &file.seen) != 0) return wrong(std::strerror(errno));
  std::ifstream stream(file.path, std::ios::binary);
  if (!stream) return wrong(std::strerror(errno));
  file.text.assign(std::istreambuf_iterator<char>(stream), {});
  if (!file.text.contains("-----BEGIN ")) return wrong("holds nothing in PEM format");
  return {};
}

Result<Credentials> Credentials::read(const Settings& settings, bool tls) {
  Credentials all;
  all.tls_ = tls;
  if (!tls) return all;
  if (settings.cert_file.empty() != settings.key_file.empty()) {
    return fail(Errc::invalid_argument,
                "etcd: cert_file and key_file go together: give both or neither");
  }
  all.files_ = {File{.what = "ca_file", .path = settings.ca_file, .text = {}},
                File{.what = "cert_file", .path = settings.cert_file, .text = {}},
                File{.what = "key_file", .path = settings.key_file, .text = {}}};
  for (auto& file : all.files_) {
    if (file.path.empty()) continue;
    if (auto done = read_file(file); !done) return std::unexpected(std::move(done).error());
  }
  return all;
}

bool Credentials::refresh() {
  if (!tls_) return false;
  const bool changed = std::ranges::any_of(files_, [](const File& file) {
    struct stat now = {};
    return !file.path.empty() && stat(file.path.c_str(), &now) == 0 && !same_file(now, file.seen);
  });
  if (!changed) return false;
  auto fresh = files_;
  for (auto& file : fresh) {
    if (!file.path.empty() && !read_file(file)) return false;
  }
  files_ = std::move(fresh);
  return true;
}

std::shared_ptr<grpc::ChannelCredentials> Credentials::make() const {
  if (!tls_) return grpc::InsecureChannelCredentials();
  // Without ca_file gRPC takes the certificate authorities of the system.
  return grpc::SslCredentials({.pem_root_certs = files_[0].text,
                               .pem_private_key = files_[2].text,
                               .pem_cert_chain = files_[1].text});
}

}  // namespace fairlead::etcd
