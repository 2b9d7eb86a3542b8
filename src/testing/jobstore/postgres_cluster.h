// The scratch PostgreSQL server of the tests, shared by the test programs that
// run at one time; tests/postgres.py makes it and clears it away.
#pragma once

#include <memory>
#include <string>

#include "jobstore/postgres_connection.h"

namespace retentiond {

struct PostgresCluster {
  std::string host;  // the directory of its sockets
  std::string port;
  std::string pooler_port;  // PgBouncer, pooling transactions
};

// Starts it where it is not there yet; it stays for as long as this process
// lives. Aborts the test program when there is none to be had.
const PostgresCluster& SharedPostgres();

// An empty database that no other test uses meanwhile.
class ScratchPostgres {
 public:
  ScratchPostgres();
  ~ScratchPostgres();
  ScratchPostgres(const ScratchPostgres&) = delete;
  ScratchPostgres& operator=(const ScratchPostgres&) = delete;

  const std::string& name() const { return name_; }
  PostgresParameters parameters() const;
  PostgresParameters pooler_parameters() const;

  // By the farm's own connection; aborts the test program on an error.
  void Execute(const std::string& sql);
  std::int64_t Int(const std::string& sql);
  std::string Text(const std::string& sql);  // rows joined by ','

 private:
  // Holds an advisory lock on the database's number.
  std::shared_ptr<PostgresConnection> guard_;
  std::string name_;
  std::shared_ptr<PostgresConnection> farm_;
};

}  // namespace retentiond
