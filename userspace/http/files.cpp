#include "http/files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace fairlead::http {

namespace {

struct Ancillary {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostFiles * sizeof(int))> bytes{};
};

}  // namespace

// Not POLLRDHUP: a client may close its half when it has sent all.
bool has_hung_up(const Request& request) {
  if (!request.connection) return false;
  pollfd look{.fd = request.connection->get(), .events = 0, .revents = 0};
  return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

File copy_of(int file) {
  const int copy = ::fcntl(file, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? nullptr : std::make_shared<const UniqueFd>(copy);
}

Status send_with_files(int socket, const std::string& bytes, const std::vector<File>& files) {
  if (files.empty() || files.size() > kMostFiles)
    return fail(Errc::invalid_argument,
                "send files: 1 to " + std::to_string(kMostFiles) + " go with a request");
  Ancillary ancillary;
  iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.bytes.data();
  message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
  for (std::size_t n = 0; n < files.size(); ++n) {
    const int fd = files[n]->get();
    std::memcpy(CMSG_DATA(header) + n * sizeof(int), &fd, sizeof(fd));
  }
  const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(bytes.size())) return {};
  return fail_errno("send files", sent < 0 ? errno : EAGAIN);
}

// The kernel gives a copy to who only looks (net/unix/af_unix.c unix_stream_read_generic), and
// closes its own when the byte is read without a place for files.
std::vector<File> files_at_next_byte(int socket) {
  Ancillary ancillary;
  char byte = 0;
  iovec part{.iov_base = &byte, .iov_len = 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.bytes.data();
  message.msg_controllen = ancillary.bytes.size();
  std::vector<File> files;
  if (::recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return files;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t n = 0; n < count; ++n) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + n * sizeof(int), sizeof(fd));
      files.push_back(std::make_shared<const UniqueFd>(fd));
    }
  }
  return files;
}

}  // namespace fairlead::http
