// The stores that the suite of client_test.cpp runs against.
#pragma once

#include <memory>
#include <string>

#include "etcd_support.h"
#include "tests/support/memory_etcd.h"
#include "tests/support/real_etcd.h"

namespace fairlead::etcd {

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::unique_ptr<Client> connect() = 0;
  virtual void compact() = 0;
  virtual void await_end(LeaseId lease) = 0;  // of a lease that nobody keeps
  virtual void replace() = 0;                 // by an empty store
  virtual void use_up_quota() = 0;
  virtual void down(Client& client) = 0;
};

class MemoryBackend final : public Backend {
 public:
  std::unique_ptr<Client> connect() override { return store_.other_host(); }
  void compact() override { store_.compact(); }
  void await_end(LeaseId lease) override { store_.expire(lease); }
  void replace() override { store_.wipe(0x2002); }
  void use_up_quota() override { store_.full(true); }
  void down(Client& client) override { dynamic_cast<test::MemoryEtcd&>(client).down(true); }

 private:
  test::MemoryEtcd store_;
};

class RealBackend final : public Backend {
 public:
  // Enough for the suite, and soon used up.
  RealBackend() : etcd_({"--quota-backend-bytes=16777216"}) { etcd_.start(); }

  std::unique_ptr<Client> connect() override {
    return client_of({.endpoints = {etcd_.url()}, .deadline = 10s});
  }
  void compact() override {
    const auto now = must(connect()->identity()).revision;
    etcd_.ctl("compaction " + std::to_string(now));
  }
  void await_end(LeaseId lease) override {
    const auto client = connect();
    const auto end = std::chrono::steady_clock::now() + 20s;
    // Asking keep_alive() would keep it.
    while (etcd_.ctl("lease list").contains(hex(lease))) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "the lease does not run out";
      std::this_thread::sleep_for(100ms);
    }
  }
  void replace() override {
    etcd_.wipe();
    etcd_.start();
  }
  void use_up_quota() override {
    const auto client = connect();
    const std::string value(1'000'000, 'x');
    for (int each = 0; each < 40; ++each) {
      const auto done = client->commit({.when = {}, .then = {Put{"filler", value, 0}}, .read = {}});
      if (!done) return;
    }
    ADD_FAILURE() << "etcd takes ever more";
  }
  void down(Client&) override { etcd_.kill(); }

 private:
  static std::string hex(LeaseId lease) {
    char text[17] = {};
    std::snprintf(text, sizeof text, "%lx", static_cast<unsigned long>(lease));
    return text;
  }

  test::RealEtcd etcd_;
};

}  // namespace fairlead::etcd
