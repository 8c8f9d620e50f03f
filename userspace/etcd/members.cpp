#include "etcd/members.h"

#include <utility>

#include "etcd/failure.h"

namespace fairlead::etcd {
namespace {

// Asks for nothing but an answer.
grpc::Status probe(Link& link, Moment until) {
  grpc::ClientContext context;
  context.set_deadline(grpc_time(until));
  etcdserverpb::StatusResponse response;
  const auto status = link.maintenance.Status(&context, {}, &response);
  if (status.ok() && response.leader() == 0) {
    return {grpc::UNAVAILABLE, "etcdserver: no leader"};
  }
  return status;
}

// The connection did, which says nothing of the member.
bool broke(const grpc::Status& status) {
  return status.error_code() == grpc::UNAVAILABLE &&
         !status.error_message().starts_with("etcdserver:");
}

}  // namespace

Members::Members(Settings settings, std::vector<Endpoint> endpoints, Credentials credentials)
    : settings_(std::move(settings)),
      endpoints_(std::move(endpoints)),
      credentials_(std::move(credentials)),
      links_(endpoints_.size()) {}

std::shared_ptr<Link> Members::current() {
  const std::lock_guard lock(mutex_);
  if (credentials_.refresh()) links_.assign(endpoints_.size(), nullptr);
  auto& link = links_[current_];
  if (!link) link = std::make_shared<Link>(endpoints_[current_], credentials_.make());
  return link;
}

void Members::discard(const std::shared_ptr<Link>& link, std::size_t steps) {
  const std::lock_guard lock(mutex_);
  if (links_[current_] != link) return;  // another thread was first
  links_[current_] = nullptr;
  current_ = (current_ + steps) % endpoints_.size();
}

void Members::retire(const std::shared_ptr<Link>& link) { discard(link, 1); }

// So that one knows before a request is sent that it will arrive. The member gave an answer if
// is_answer(status).
std::shared_ptr<Link> Members::reach(Moment until, grpc::Status& status) {
  auto link = current();
  if (link->proven()) return link;
  status = probe(*link, until);
  if (is_answer(status) || !link->used()) return link;
  // The connection broke, which says nothing of the member.
  discard(link, 0);
  link = current();
  status = probe(*link, until);
  return link;
}

void Members::forget_token(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (token_ == token) token_.clear();
}

grpc::Status Members::prepare(Link& link, grpc::ClientContext& context, Moment until,
                              std::string& token) {
  // A member that is cut off from the others then says so, instead of letting us wait.
  context.AddMetadata("hasleader", "true");
  if (settings_.user.empty()) return grpc::Status::OK;
  {
    const std::lock_guard lock(mutex_);
    token = token_;
  }
  if (token.empty()) {
    grpc::ClientContext login;
    login.set_deadline(grpc_time(until));
    etcdserverpb::AuthenticateRequest request;
    request.set_name(settings_.user);
    request.set_password(settings_.password);
    etcdserverpb::AuthenticateResponse response;
    const auto status = link.auth.Authenticate(&login, request, &response);
    // Authentication is not enabled in this etcd: it asks for none.
    if (status.error_code() == grpc::FAILED_PRECONDITION) return grpc::Status::OK;
    if (!status.ok()) return status;
    token = response.token();
    const std::lock_guard lock(mutex_);
    token_ = token;
  }
  context.AddMetadata("token", token);
  return grpc::Status::OK;
}

Members::Called Members::call(Link& link, Moment until, const Rpc& rpc) {
  for (bool again = false;; again = true) {
    grpc::ClientContext context;
    context.set_deadline(grpc_time(until));
    std::string token;
    if (auto ready = prepare(link, context, until, token); !ready.ok()) return {ready, false};
    auto status = rpc(link, context);
    if (again || settings_.user.empty() || !wants_token(status)) return {std::move(status), true};
    forget_token(token);
  }
}

Result<Answer> Members::ask(Repeat repeat, const Rpc& rpc) {
  const auto end = std::chrono::steady_clock::now() + settings_.deadline;
  std::string said;
  for (std::size_t left = count(); left > 0; --left) {
    const auto now = std::chrono::steady_clock::now();
    const auto share = now + (end - now) / static_cast<std::int64_t>(left);
    Called called;
    auto link = reach(share, called.status);
    if (is_answer(called.status)) {
      called = call(*link, repeat == Repeat::never ? end : share, rpc);
      if (repeat == Repeat::safe && broke(called.status)) {
        discard(link, 0);
        link = current();
        called = call(*link, share, rpc);
      }
    }
    if (is_answer(called.status)) {
      link->answered();
      return Answer{std::move(called.status), link->url};
    }
    retire(link);
    said += (said.empty() ? "" : "; ") + words(*link, called.status);
    if (repeat == Repeat::never && called.sent && !not_begun(called.status)) {
      return fail(Errc::unavailable, said + "; whether the change was made is not known");
    }
  }
  return fail(Errc::unavailable, std::move(said));
}

}  // namespace fairlead::etcd
