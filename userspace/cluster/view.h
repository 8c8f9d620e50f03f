// What this host has heard of the cluster. Engine thread only.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/records.h"
#include "etcd/client.h"

namespace fairlead::cluster {

// Keys and values as they are in the store, and what they mean. A value that cannot be read leaves
// the old record standing and makes a problem: a newer version of fairlead may have written it.
class View {
 public:
  explicit View(Layout layout) : layout_(std::move(layout)) {}

  // One key has a value, or (erased) none. Older news than what is known are ignored. Returns
  // whether it changed anything, also if note() was first.
  bool apply(const etcd::Event& event);
  // The whole store: what is not in it is gone, except what note() heard later. Returns the keys
  // that changed, those that note() changed among them. A listing that is older than the news
  // before it is of a store that was put back: it is believed.
  std::vector<std::string> replace(const etcd::Listing& listing);
  // What a transaction wrote or read, ahead of the news. Older than what is known: ignored.
  bool note(const etcd::Event& event);

  const Layout& layout() const { return layout_; }
  etcd::Revision revision() const { return revision_; }  // of the newest news
  // Of one key, for a transaction's condition; 0: there is none.
  etcd::Revision modified(const std::string& key) const;

  std::optional<Meta> meta;
  std::map<std::string, Node> nodes;                             // by name
  std::map<std::string, Alive> alive;                            // by node
  std::map<std::string, SharedNetwork> networks;                 // by id
  std::map<std::string, std::map<std::string, Member>> members;  // network -> node
  std::map<std::string, SharedPool> pools;                       // by id
  std::map<std::string, std::map<std::string, PoolUser>> users;  // pool -> node
  std::map<std::string, std::map<Prefix, Block>> blocks;         // pool -> prefix
  std::map<std::string, std::map<Address, Static>> statics;      // pool -> address
  std::map<std::string, Ask> asks;                               // by key
  std::map<std::string, SharedEndpoint> endpoints;               // by key
  std::map<std::string, std::string> problems;  // by key: value that cannot be read

  // Every entry as it is in the store, for the host's own memory and for export.
  const std::map<std::string, etcd::KeyValue>& entries() const { return entries_; }

 private:
  bool take(const etcd::Event& event);
  bool is_news(const std::string& key, etcd::Revision revision) const;
  void remember_erased(const std::string& key, etcd::Revision revision);
  void set(const etcd::KeyValue& entry);
  void unset(const std::string& key);
  void erase_record(const std::string& key);

  Layout layout_;
  etcd::Revision revision_ = 0;
  std::map<std::string, etcd::KeyValue> entries_;
  std::map<std::string, etcd::Revision>
      ahead_;  // changed by note(), at which revision; not news yet
  std::map<std::string, etcd::Revision> erased_;  // at which revision, until the next replace()
};

}  // namespace fairlead::cluster
