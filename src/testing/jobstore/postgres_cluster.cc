#include "testing/jobstore/postgres_cluster.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>

#include "base/status.h"

namespace retentiond {
namespace {

using std::chrono::steady_clock;

// A machine that builds at the same time may need this long for a server.
constexpr std::chrono::seconds kLongestStart{120};

[[noreturn]] void Fail(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::abort();
}

template <typename T>
T Checked(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  Fail(MessageOf(value.status()));
}

// One server for each tree of sources; as keeper_name in tests/postgres.py.
std::string KeeperName() {
  constexpr std::size_t kMost = 60;
  std::string tree = RETENTIOND_SOURCE_DIR;
  if (tree.size() > kMost) tree.erase(0, tree.size() - kMost);
  return fmt::format("retentiond-pg-{}-{}", getuid(), tree);
}

// A connection to the keeper, -1 when there is none.
int ConnectToKeeper() {
  const std::string name = KeeperName();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

void StartKeeper() {
  const std::string command = fmt::format(
      "python3 '{}/tests/postgres.py' keep '{}' </dev/null "
      ">/dev/null 2>&1 &",
      RETENTIOND_SOURCE_DIR, KeeperName());
  if (std::system(command.c_str()) != 0) Fail("no keeper for PostgreSQL");
}

PostgresCluster FindCluster() {
  const auto end = steady_clock::now() + kLongestStart;
  while (steady_clock::now() < end) {
    const int fd = ConnectToKeeper();
    if (fd < 0) {
      StartKeeper();
      // Polled: the keeper's socket does not exist yet.
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    // Answered when the server is ready; the connection stays open, which makes
    // us a user of it. None comes from a keeper that is about to end.
    std::array<char, 512> answer{};
    const ssize_t size = read(fd, answer.data(), answer.size());
    if (size <= 0) {
      close(fd);
      continue;
    }
    std::istringstream words(
        std::string(answer.data(), static_cast<std::size_t>(size)));
    PostgresCluster cluster;
    words >> cluster.host >> cluster.port >> cluster.pooler_port;
    return cluster;
  }
  Fail("no PostgreSQL server for the tests: try tests/postgres.py keep x");
}

std::shared_ptr<PostgresConnection> Connect(const std::string& database) {
  const PostgresCluster& cluster = SharedPostgres();
  return Checked(PostgresConnection::Open({{"host", cluster.host},
                                           {"port", cluster.port},
                                           {"user", "postgres"},
                                           {"dbname", database}}));
}

void Run(PostgresConnection& connection, const std::string& sql) {
  const absl::Status status = connection.Execute(sql);
  if (!status.ok()) Fail(sql + ": " + MessageOf(status));
}

// Empties a database, which is much quicker than making one.
constexpr char kEmpty[] = R"sql(
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT nspname FROM pg_namespace
      WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
  LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
  EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());
END $$;
CREATE SCHEMA public;
)sql";

}  // namespace

const PostgresCluster& SharedPostgres() {
  static const PostgresCluster cluster = FindCluster();
  return cluster;
}

ScratchPostgres::ScratchPostgres() : guard_(Connect("postgres")) {
  int number = 1;
  const auto taken = [&] {
    return Checked(guard_->QueryText(
               fmt::format("SELECT pg_try_advisory_lock({})", number))) == "t";
  };
  while (!taken()) ++number;
  name_ = fmt::format("farm_{}", number);
  if (!Checked(guard_->QueryInt("SELECT 1 FROM pg_database WHERE datname = '" +
                                name_ + "'"))
           .has_value()) {
    Run(*guard_, "CREATE DATABASE " + name_ + " TEMPLATE template0");
  }
  farm_ = Connect(name_);
  Run(*farm_, kEmpty);
}

ScratchPostgres::~ScratchPostgres() = default;

PostgresParameters ScratchPostgres::parameters() const {
  return {{"host", SharedPostgres().host},
          {"port", SharedPostgres().port},
          {"user", "postgres"},
          {"dbname", name_}};
}

PostgresParameters ScratchPostgres::pooler_parameters() const {
  PostgresParameters parameters = this->parameters();
  parameters["port"] = SharedPostgres().pooler_port;
  return parameters;
}

void ScratchPostgres::Execute(const std::string& sql) {
  const absl::Status status = farm_->Execute(sql);
  if (!status.ok()) Fail(sql + ": " + MessageOf(status));
}

std::int64_t ScratchPostgres::Int(const std::string& sql) {
  return Checked(farm_->QueryInt(sql)).value_or(0);
}

std::string ScratchPostgres::Text(const std::string& sql) {
  const PostgresRows rows = Checked(farm_->Query(sql));
  std::string text;
  for (int i = 0; i < rows.size(); ++i) {
    if (i > 0) text += ',';
    text += rows.Value(i, 0).value_or("NULL");
  }
  return text;
}

}  // namespace retentiond
