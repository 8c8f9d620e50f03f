// SQLite with our errors: one connection, its statements.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fairlead::store {

class Database;

// One prepared statement. Parameters are bound in order; a bind that fails is reported by the
// next step().
class Statement {
 public:
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind_or_null(const std::optional<std::string>& text);

  Result<bool> step();  // true: a row can be read
  Status run();         // to the end, for statements without rows; ready to be bound again

  // Columns count from 0. What has another type is converted as SQLite does.
  bool is_null(int column) const;
  std::string text(int column) const;  // NULL: ""
  std::int64_t integer(int column) const;
  std::string column_name(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  Statement(const Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  int bind_result_ = 0;
};

// One connection. Every message names the file and, where the user can do something, what.
// Errors: conflict (another process has the file), exhausted (disk full), unavailable (damaged,
// unreadable, I/O error), internal (a constraint, wrong SQL).
class Database {
 public:
  // Makes the file if there is none, readable by its owner only.
  static Result<Database> open(const std::filesystem::path& path);

  Status execute(const std::string& sql);  // one or more statements, rows ignored
  Result<Statement> prepare(std::string_view sql) const;
  Result<std::string> query_text(std::string_view sql) const;  // first column of the first row

  const std::filesystem::path& path() const { return path_; }
  Error error(std::string_view what, int code) const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };

  Database(std::filesystem::path path, sqlite3* connection)
      : path_(std::move(path)), connection_(connection) {}

  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> connection_;
};

// The statements of one transaction, each prepared once however many rows it writes.
class Statements {
 public:
  explicit Statements(const Database& database) : database_(database) {}

  // `sql`: a literal, or text that stays where it is. The statement is ready to be bound; the
  // pointer holds until the destructor.
  Result<Statement*> get(std::string_view sql);

 private:
  const Database& database_;
  std::map<std::string_view, Statement> prepared_;
};

}  // namespace fairlead::store
