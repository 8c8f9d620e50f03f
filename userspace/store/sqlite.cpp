#include "store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/unique_fd.h"

namespace fairlead::store {

namespace {

struct Meaning {
  Errc code;
  const char* advice;
};

// By primary result code: https://sqlite.org/rescode.html
Meaning meaning_of(int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::conflict,
              "; another process has it open: stop the other fairleadd, or give this one a state "
              "folder of its own"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Errc::unavailable,
              "; the file is damaged: put back a copy of it, or move it and its -wal file away to "
              "start with empty state, and make the networks again"};
    case SQLITE_FULL:
      return {Errc::exhausted, "; free some space on its disk"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return {Errc::unavailable, "; fairleadd must be able to write the file and its folder"};
    case SQLITE_IOERR:
      return {Errc::unavailable, "; see the kernel's log for errors of its disk"};
    default:
      return {Errc::internal, ""};
  }
}

// SQLite makes files readable for all. Only ever opens a file that is new: closing a descriptor
// of one that this process has open elsewhere would drop SQLite's locks on it (POSIX).
Status create_private(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd && errno != EEXIST) return fail_errno("make state file " + path.string());
  return {};
}

}  // namespace

Statement& Statement::bind(std::string_view text) {
  // A null pointer would be bound as NULL.
  const char* data = text.data() != nullptr ? text.data() : "";
  const int result = ::sqlite3_bind_text64(statement_.get(), ++bound_, data, text.size(),
                                           SQLITE_TRANSIENT, SQLITE_UTF8);
  if (result != SQLITE_OK) bind_result_ = result;
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  const int result = ::sqlite3_bind_int64(statement_.get(), ++bound_, number);
  if (result != SQLITE_OK) bind_result_ = result;
  return *this;
}

Statement& Statement::bind_or_null(const std::optional<std::string>& text) {
  if (text) return bind(std::string_view(*text));
  const int result = ::sqlite3_bind_null(statement_.get(), ++bound_);
  if (result != SQLITE_OK) bind_result_ = result;
  return *this;
}

Result<bool> Statement::step() {
  const int result = bind_result_ != SQLITE_OK ? bind_result_ : ::sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return std::unexpected(database_->error(::sqlite3_sql(statement_.get()), result));
}

Status Statement::run() {
  for (;;) {
    auto row = step();
    if (row && *row) continue;
    ::sqlite3_reset(statement_.get());
    bound_ = 0;
    bind_result_ = SQLITE_OK;
    if (!row) return std::unexpected(std::move(row).error());
    return {};
  }
}

bool Statement::is_null(int column) const {
  return ::sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string Statement::text(int column) const {
  const auto* bytes = ::sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_.get(), column));
  return {reinterpret_cast<const char*>(bytes), size};
}

std::int64_t Statement::integer(int column) const {
  return ::sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::column_name(int column) const {
  const char* name = ::sqlite3_column_name(statement_.get(), column);
  return name != nullptr ? name : std::to_string(column);
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  ::sqlite3_finalize(statement);
}

void Database::Close::operator()(sqlite3* connection) const { ::sqlite3_close_v2(connection); }

Result<Database> Database::open(const std::filesystem::path& path) {
  if (auto made = create_private(path); !made) return std::unexpected(std::move(made).error());
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE;
  const int result = ::sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  Database database(path, connection);  // also when it failed: it must be closed all the same
  if (result != SQLITE_OK) return std::unexpected(database.error("open", result));
  return database;
}

Status Database::execute(const std::string& sql) {
  const int result = ::sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return std::unexpected(error(sql, result));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int result = ::sqlite3_prepare_v2(connection_.get(), sql.data(),
                                          static_cast<int>(sql.size()), &statement, nullptr);
  if (result != SQLITE_OK) return std::unexpected(error(sql, result));
  return Statement(*this, statement);
}

Result<std::string> Database::query_text(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  auto row = statement->step();
  if (!row) return std::unexpected(std::move(row).error());
  return *row ? statement->text(0) : std::string();
}

Result<Statement*> Statements::get(std::string_view sql) {
  const auto known = prepared_.find(sql);
  if (known != prepared_.end()) return &known->second;
  auto statement = database_.prepare(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  return &prepared_.emplace(sql, std::move(*statement)).first->second;
}

Error Database::error(std::string_view what, int code) const {
  const auto [errc, advice] = meaning_of(code);
  const bool ours = connection_ && ::sqlite3_extended_errcode(connection_.get()) == code;
  const char* text = ours ? ::sqlite3_errmsg(connection_.get()) : ::sqlite3_errstr(code);
  // The statement helps us, not the user, so it is kept for what is our bug.
  const std::string where = errc == Errc::internal ? ": " + std::string(what) : "";
  return {errc, "state file " + path_.string() + where + ": " + text + advice};
}

}  // namespace fairlead::store
