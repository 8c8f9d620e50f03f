#include "relay/relay.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <exception>
#include <future>
#include <thread>
#include <utility>
#include <variant>

#include "base/log.h"
#include "relay/tcp_door.h"
#include "relay/udp_door.h"

namespace fairlead::relay {

namespace {

namespace asio = boost::asio;
using AnyDoor = std::variant<std::shared_ptr<TcpDoor>, std::shared_ptr<UdpDoor>>;

Status make_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return fail_errno("make the socket of a host port non-blocking");
  return {};
}

// Connections inherit SO_REUSEADDR, so that those in TIME_WAIT do not keep the port from whoever
// has it next. While it listens nobody shares it.
Status start_listening(int fd) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::listen(fd, SOMAXCONN) == 0)
    return {};
  if (errno == EADDRINUSE)
    return fail(Errc::conflict, "another process listens on the host port (see 'ss -lnp')");
  return fail_errno("listen on the host port");
}

}  // namespace

class Relay::Impl {
 public:
  explicit Impl(const Limits& limits)
      : work_(io_.get_executor()),
        load_(std::make_shared<TcpLoad>(TcpLoad{.connections = 0, .most = limits.connections})),
        clients_(std::make_shared<UdpClients>(io_, limits.udp_clients, limits.udp_idle)),
        buffer_(std::make_shared<std::vector<char>>(kLargestDatagram)),
        thread_([this] { run(); }) {}

  ~Impl() {
    io_.stop();
    thread_.join();
  }

  Result<DoorNumber> open(Door door);
  void close(DoorNumber number);

 private:
  void run() {
    try {
      io_.run();
    } catch (const std::exception& error) {
      // Only memory can run out here, and what is half done cannot be taken back.
      log::event(log::Level::error, "relay_failed", {{"error", error.what()}});
      std::terminate();
    }
  }
  void add(DoorNumber number, Door door);

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::shared_ptr<TcpLoad> load_;
  std::shared_ptr<UdpClients> clients_;
  std::shared_ptr<std::vector<char>> buffer_;
  std::map<DoorNumber, AnyDoor> doors_;  // the thread's
  std::atomic<DoorNumber> last_ = 0;
  std::thread thread_;  // last: starts when everything above exists
};

Result<DoorNumber> Relay::Impl::open(Door door) {
  if (door.protocol != Protocol::tcp && door.protocol != Protocol::udp)
    return fail(Errc::invalid_argument, to_string(door.protocol) + " cannot be relayed");
  const int fd = door.socket.get();
  if (auto done = make_nonblocking(fd); !done) return std::unexpected(std::move(done).error());
  if (auto done = door.protocol == Protocol::tcp ? start_listening(fd) : ask_for_destinations(fd);
      !done)
    return std::unexpected(std::move(done).error());

  const DoorNumber number = ++last_;
  // Asio copies what is posted.
  auto shared = std::make_shared<Door>(std::move(door));
  asio::post(io_, [this, number, shared] { add(number, std::move(*shared)); });
  return number;
}

void Relay::Impl::add(DoorNumber number, Door door) {
  const auto start = [&](auto made) {
    made->start();
    doors_.emplace(number, std::move(made));
  };
  if (door.protocol == Protocol::tcp)
    start(std::make_shared<TcpDoor>(io_, std::move(door), load_));
  else
    start(std::make_shared<UdpDoor>(io_, number, std::move(door), clients_, buffer_));
}

void Relay::Impl::close(DoorNumber number) {
  std::promise<void> done;
  asio::post(io_, [&] {
    if (const auto found = doors_.find(number); found != doors_.end()) {
      std::visit([](const auto& door) { door->close(); }, found->second);
      doors_.erase(found);
    }
    done.set_value();
  });
  done.get_future().wait();
}

Relay::Relay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Relay::~Relay() = default;

Result<std::unique_ptr<Relay>> Relay::create(const Limits& limits) {
  try {
    return std::unique_ptr<Relay>(new Relay(std::make_unique<Impl>(limits)));
  } catch (const std::exception& error) {
    return fail(Errc::exhausted, std::string("start the relay for local clients: ") + error.what());
  }
}

Result<DoorNumber> Relay::open(Door door) { return impl_->open(std::move(door)); }
void Relay::close(DoorNumber number) { impl_->close(number); }

}  // namespace fairlead::relay
