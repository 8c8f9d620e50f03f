#include "netlink/connection.h"

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <system_error>

#include "netlink/message.h"

namespace fairlead::netlink {

namespace {

// Tables that change while they are read come back marked; a busy host settles within a few tries.
constexpr int kDumpAttempts = 10;

// The kernel's own words for a refusal ("MTU less than device minimum"), in the attributes behind
// the error (NETLINK_EXT_ACK, Linux 4.12); "" if it gave none.
std::string explanation(const nlmsgerr* error) {
  auto* header = reinterpret_cast<nlmsghdr*>(reinterpret_cast<char*>(const_cast<nlmsgerr*>(error)) -
                                             NLMSG_HDRLEN);
  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return "";
  int skip = static_cast<int>(sizeof(nlmsgerr));
  if (!(header->nlmsg_flags & NLM_F_CAPPED))
    skip += static_cast<int>(error->msg.nlmsg_len - sizeof(nlmsghdr));
  const nlattr* text = nlmsg_find_attr(header, skip, NLMSGERR_ATTR_MSG);
  return text ? std::string(static_cast<const char*>(nla_data(text)),
                            strnlen(static_cast<const char*>(nla_data(text)),
                                    static_cast<std::size_t>(nla_len(text))))
              : "";
}

}  // namespace

// What came back for one request.
struct Connection::Answer {
  const std::function<void(nlmsghdr*)>* each = nullptr;
  int sys_errno = 0;  // the kernel's refusal
  std::string text;
  bool done = false;
  bool interrupted = false;
};

void Connection::Free::operator()(nl_sock* sock) const { nl_socket_free(sock); }

Result<Connection> Connection::open() {
  Connection connection;
  if (auto done = connection.connect(); !done) return std::unexpected(std::move(done).error());
  return connection;
}

Status Connection::connect() {
  sock_.reset(nl_socket_alloc());
  if (!sock_) return fail(Errc::unavailable, "open netlink socket: out of memory");
  if (const int error = nl_connect(sock_.get(), NETLINK_ROUTE); error < 0) {
    sock_.reset();
    return fail(Errc::unavailable, std::string("open netlink socket: ") + nl_geterror(error));
  }
  const int fd = nl_socket_get_fd(sock_.get());
  const int on = 1;
  const timeval deadline{.tv_sec = kDeadlineSeconds, .tv_usec = 0};
  // Better error texts and shorter error messages are not worth failing for.
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) != 0)
    return fail_errno("open netlink socket: set its deadline");
  nl_socket_set_msg_buf_size(sock_.get(), 64 * 1024);
  return {};
}

Status Connection::exchange(const Message& message, std::string_view what, Answer& answer) {
  if (!message.good()) return fail(Errc::internal, std::string(what) + ": message too large");
  if (!sock_) {
    if (auto done = connect(); !done) return fail(std::move(done).error(), what);
  }

  using Callback = std::unique_ptr<nl_cb, decltype(&nl_cb_put)>;
  const Callback callback(nl_cb_alloc(NL_CB_DEFAULT), nl_cb_put);
  nl_cb_err(
      callback.get(), NL_CB_CUSTOM,
      [](sockaddr_nl*, nlmsgerr* error, void* arg) -> int {
        auto* got = static_cast<Answer*>(arg);
        got->sys_errno = -error->error;
        got->text = explanation(error);
        got->done = true;
        return NL_STOP;
      },
      &answer);
  const auto finish = [](nl_msg*, void* arg) -> int {
    static_cast<Answer*>(arg)->done = true;
    return NL_STOP;
  };
  nl_cb_set(callback.get(), NL_CB_ACK, NL_CB_CUSTOM, finish, &answer);
  nl_cb_set(callback.get(), NL_CB_FINISH, NL_CB_CUSTOM, finish, &answer);
  nl_cb_set(
      callback.get(), NL_CB_DUMP_INTR, NL_CB_CUSTOM,
      [](nl_msg*, void* arg) -> int {
        static_cast<Answer*>(arg)->interrupted = true;
        return NL_OK;
      },
      &answer);
  nl_cb_set(
      callback.get(), NL_CB_VALID, NL_CB_CUSTOM,
      [](nl_msg* part, void* arg) -> int {
        const auto* each = static_cast<Answer*>(arg)->each;
        if (each) (*each)(nlmsg_hdr(part));
        return NL_OK;
      },
      &answer);

  int error = nl_send_auto(sock_.get(), message.get());
  while (error >= 0 && !answer.done) error = nl_recvmsgs(sock_.get(), callback.get());
  if (answer.done) return {};
  sock_.reset();  // whatever still arrives on it belongs to nobody
  return fail(Errc::unavailable, std::string(what) + ": no answer from the kernel within " +
                                     std::to_string(kDeadlineSeconds) +
                                     " s: " + nl_geterror(error));
}

Result<int> Connection::ask(const Message& message, std::string_view what, std::string* text,
                            const std::function<void(nlmsghdr*)>& each) {
  nlmsg_hdr(message.get())->nlmsg_flags |= NLM_F_ACK;
  nlmsg_hdr(message.get())->nlmsg_seq = NL_AUTO_SEQ;
  Answer answer;
  if (each) answer.each = &each;
  if (auto done = exchange(message, what, answer); !done)
    return std::unexpected(std::move(done).error());
  if (answer.sys_errno != 0) {
    *text = std::string(what) + ": " + std::system_category().message(answer.sys_errno);
    if (!answer.text.empty()) *text += " (" + answer.text + ")";
  }
  return answer.sys_errno;
}

Status Connection::request(const Message& message, std::string_view what) {
  std::string text;
  auto sys_errno = ask(message, what, &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0) return {};
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

Status Connection::dump(const Message& message, std::string_view what,
                        const std::function<void(nlmsghdr*)>& each,
                        const std::function<void()>& restart) {
  nlmsg_hdr(message.get())->nlmsg_flags |= NLM_F_DUMP;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    restart();
    nlmsg_hdr(message.get())->nlmsg_seq = NL_AUTO_SEQ;
    Answer answer;
    answer.each = &each;
    if (auto done = exchange(message, what, answer); !done) return done;
    if (answer.sys_errno != 0) return fail_errno(what, answer.sys_errno);
    if (!answer.interrupted) return {};
  }
  return fail(Errc::unavailable, std::string(what) + ": the table kept changing while it was read");
}

}  // namespace fairlead::netlink
