// How a registry function becomes a transaction.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/view.h"

namespace fairlead::cluster {

// What to do, as decided by the View, and what must still hold when it is done.
class Decision {
 public:
  explicit Decision(const View& view) : view_(&view) {}

  // The key is as the View knows it: of that revision, or not there.
  void unchanged(const std::string& key);
  void absent(const std::string& key);
  void present(const std::string& key);
  void none_under(const std::string& prefix);

  void put(const std::string& key, std::string value);
  void put(const Record& record);
  void erase(const std::string& key);
  void erase_under(const std::string& prefix);
  // Every transaction that read the guard's folder and must not miss this one fails.
  void touch(const std::string& guard, const std::string& node);

  // Prefixes to list again when another host was first, besides the keys of the conditions.
  void concerns(const std::string& prefix) { concerned_.push_back(prefix); }

  bool nothing() const { return transaction_.then.empty(); }
  // Operations as etcd counts them.
  std::size_t size() const;
  // Whether the other one can be part of the same transaction: a key is written once.
  bool fits(const Decision& other) const;
  void merge(const Decision& other);

  const etcd::Transaction& transaction() const { return transaction_; }
  const std::vector<std::string>& concerned() const { return concerned_; }

 private:
  void require(etcd::Compare::What what, const std::string& key, etcd::Revision revision = 0);

  const View* view_;
  etcd::Transaction transaction_;
  std::vector<std::string> concerned_;
};

// Decides, commits, and notes in the View what was written. If another host was first: reads the
// keys and prefixes concerned and decides again, with short, jittered pauses. Errors: those of
// `decide`; unavailable (the store does not answer, is not the one that the View is of, or others
// were first every time). Nothing is refused by old news: when `decide` fails, what is below the
// prefixes `ahead_of_refusal` is read and it decides again.
using Decide = std::function<Result<Decision>(unsigned attempt)>;
Status transact(etcd::Client& client, View& view, const Decide& decide,
                const std::vector<std::string>& ahead_of_refusal = {});

// Reads everything below a prefix again.
Status refresh(etcd::Client& client, View& view, const std::string& prefix);

// The keys of the View below a prefix, without it.
std::vector<std::string> keys_under(const View& view, const std::string& prefix);

}  // namespace fairlead::cluster
