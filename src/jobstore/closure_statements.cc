#include "jobstore/closure_statements.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

constexpr char kBarred[] = "temp.closure_barred";
constexpr char kBlocked[] = "temp.closure_blocked";

std::string QuoteText(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

// "k0, k1"
std::string KeyNames(const ClosureTable& table) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    names.push_back("k" + std::to_string(i));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string Main(const ClosureTable& table) {
  return "main." + QuoteName(table.name);
}

// An expression that names the row `alias` to people.
std::string Shown(const ClosureTable& table, const std::string& alias) {
  std::vector<std::string> parts;
  for (const std::string& column : table.shown) {
    parts.push_back(
        fmt::format("ifnull(CAST({}.{} AS TEXT), 'NULL')", alias, column));
  }
  return fmt::format("{}", fmt::join(parts, " || ', ' || "));
}

// EXISTS over the temporary table `keys` for the row `alias` of `table`.
std::string In(const std::string& keys, const ClosureTable& table,
               const std::string& alias, const std::string& also = "") {
  return fmt::format("EXISTS (SELECT 1 FROM {} AS x WHERE {}{})", keys,
                     KeysMatch("x", alias, table.key), also);
}

absl::StatusOr<ClosureTable> MakeTable(SqliteConnection& connection,
                                       const Catalog& catalog,
                                       const std::string& name,
                                       std::size_t number) {
  const CatalogTable& described = *catalog.Find(name);
  ClosureTable table;
  table.name = name;
  ASSIGN_OR_RETURN(table.key, RowKeyColumns(described));
  ASSIGN_OR_RETURN(table.key_definition, KeyDefinition(connection, described));
  for (const std::string& column : described.primary_key) {
    table.shown.push_back(QuoteName(column));
  }
  if (table.shown.empty()) table.shown = table.key;
  table.going = fmt::format("temp.closure_going_{}", number);
  table.stay = fmt::format("temp.closure_stay_{}", number);
  table.above = fmt::format("temp.closure_above_{}", number);
  return table;
}

// Builds the statements for one plan.
class Builder {
 public:
  Builder(SqliteConnection& connection, const Catalog& catalog,
          const DeletionPlan& plan, const SqliteJobTable& jobs)
      : connection_(connection), catalog_(catalog), plan_(plan), jobs_(jobs) {}

  absl::StatusOr<ClosureStatements> Build() {
    RETURN_IF_ERROR(AddTables());
    for (const ClosureTable& table : made_.tables) AddStorage(table);
    AddJobStatements();
    for (const PlanTable& table : plan_.tables) {
      if (made_.Find(table.name) == nullptr) continue;
      for (const Reference& via : table.via) RETURN_IF_ERROR(AddVia(via));
    }
    for (const Reference& reference : plan_.job_to_job) {
      RETURN_IF_ERROR(AddJobToJob(reference));
    }
    for (const Reference& reference : plan_.holding) {
      RETURN_IF_ERROR(AddHolding(reference));
    }
    return std::move(made_);
  }

 private:
  absl::Status AddTables() {
    std::vector<std::string> names = {plan_.job_table};
    for (const PlanTable& table : plan_.tables) {
      const bool holds = std::any_of(
          plan_.holding.begin(), plan_.holding.end(),
          [&](const Reference& r) { return r.table == table.name; });
      if (!table.leaf || holds) names.push_back(table.name);
    }
    for (const std::string& name : names) {
      ASSIGN_OR_RETURN(
          ClosureTable table,
          MakeTable(connection_, catalog_, name, made_.tables.size()));
      made_.tables.push_back(std::move(table));
    }
    for (const std::string& id : jobs_.layout().id) {
      job_shown_.push_back(QuoteName(id));
    }
    made_.tables[0].shown = job_shown_;
    return absl::OkStatus();
  }

  void AddStorage(const ClosureTable& table) {
    const std::string key = KeyNames(table);
    for (const std::string& name : {table.going, table.stay, table.above}) {
      const bool stays = name == table.stay;
      made_.create.push_back(fmt::format(
          "CREATE TABLE {}({}, round INTEGER{}, PRIMARY KEY({})) WITHOUT ROWID",
          name, table.key_definition, stays ? ", source, reason" : "", key));
      made_.create.push_back(fmt::format("CREATE INDEX {}_round ON {}(round)",
                                         name, name.substr(5)));
      made_.clear.push_back("DELETE FROM " + name);
    }
    made_.clear_above.push_back("DELETE FROM " + table.above);
    made_.abandon.push_back(
        fmt::format("DELETE FROM {} WHERE round >= ?1", table.going));
    made_.withdraw.push_back(
        fmt::format("DELETE FROM {} WHERE round > ?1", table.going));
  }

  void AddJobStatements() {
    const ClosureTable& job = made_.tables[0];
    const std::string key = KeyNames(job);
    for (const char* name : {kBarred, kBlocked}) {
      made_.create.push_back(fmt::format(
          "CREATE TABLE {}({}{}, PRIMARY KEY({})) WITHOUT ROWID", name,
          job.key_definition, name == kBlocked ? ", reason" : "", key));
      made_.clear.push_back(fmt::format("DELETE FROM {}", name));
    }
    made_.forget_barred.push_back(fmt::format("DELETE FROM {}", kBarred));
    std::vector<std::string> parameters;
    for (std::size_t i = 1; i <= job.key.size() + 1; ++i) {
      parameters.push_back("?" + std::to_string(i));
    }
    const std::string values = fmt::format("{}", fmt::join(parameters, ", "));
    made_.insert_job =
        fmt::format("INSERT OR IGNORE INTO {} VALUES({})", job.going, values);
    made_.insert_blocked =
        fmt::format("INSERT OR IGNORE INTO {} VALUES({})", kBlocked, values);
    parameters.pop_back();
    made_.is_going = fmt::format("SELECT 1 FROM {} WHERE ({}) = ({})",
                                 job.going, key, fmt::join(parameters, ", "));
    made_.going_jobs = fmt::format(
        "SELECT {} FROM {} AS d CROSS JOIN {} AS c ON {} WHERE d.round >= ?1",
        jobs_.SelectList("c"), job.going, Main(job),
        KeysMatch("d", "c", job.key));
    made_.owning_jobs = fmt::format(
        "SELECT {}, {} FROM {} AS a CROSS JOIN {} AS c ON {} WHERE NOT {}",
        jobs_.SelectList("c"), In(kBarred, job, "c"), job.above, Main(job),
        KeysMatch("a", "c", job.key), In(job.going, job, "c"));
    made_.held_jobs = fmt::format(
        "SELECT {}, s.source, s.reason FROM {} AS s CROSS JOIN {} AS c ON {} "
        "WHERE {}",
        jobs_.SelectList("c"), job.stay, Main(job),
        KeysMatch("s", "c", job.key),
        In(job.going, job, "c", " AND x.round = ?1"));
    made_.withdraw.push_back(fmt::format(
        "INSERT OR IGNORE INTO {} SELECT {} FROM {}", kBarred, key, job.stay));
    made_.withdraw.push_back(
        fmt::format("DELETE FROM {} WHERE round = ?1 AND ({}) IN (SELECT {} "
                    "FROM {})",
                    job.going, key, key, job.stay));
    for (const ClosureTable& table : made_.tables) {
      made_.withdraw.push_back("DELETE FROM " + table.stay);
    }
    made_.withdraw.push_back(fmt::format("DELETE FROM {}", kBlocked));
  }

  // Rows of `child` that refer to going rows of round ?1 or from there on.
  std::string ReferringToGoing(const SqliteReference& reference,
                               const char* rounds) const {
    return fmt::format("{} IN ({})", reference.ChildTuple("c"),
                       made_.GoingParents(reference, rounds));
  }

  // From a temporary table of child keys to the parents of those rows.
  std::string FromChildToParent(const SqliteReference& reference,
                                const std::string& keys) const {
    const ClosureTable& child = *made_.Find(reference.reference().table);
    const ClosureTable& parent = *made_.Find(reference.reference().parent);
    return fmt::format(
        "FROM {} AS s CROSS JOIN {} AS c ON {} "
        "CROSS JOIN {} AS p ON {} = {}",
        keys, Main(child), KeysMatch("s", "c", child.key), Main(parent),
        reference.ParentTuple("p"), reference.ChildTuple("c"));
  }

  // A reference by which a staying row keeps what it refers to.
  void AddKeep(const SqliteReference& reference) {
    const ClosureTable& child = *made_.Find(reference.reference().table);
    const ClosureTable& parent = *made_.Find(reference.reference().parent);
    const bool is_job = child.name == plan_.job_table;
    made_.keep.push_back(
        fmt::format("INSERT OR IGNORE INTO {} SELECT {}, ?1 + 1, {}, {} {} "
                    "WHERE s.round = ?1 AND {}",
                    parent.stay, ColumnsOf("p", parent.key),
                    is_job ? QuoteText(child.name) : "s.source",
                    is_job ? JobStays() : "s.reason",
                    FromChildToParent(reference, child.stay),
                    In(parent.going, parent, "p", " AND x.round >= ?2")));
  }

  std::string JobStays() const {
    return fmt::format("'job ' || {} || ', which stays, refers to it'",
                       Shown(made_.tables[0], "c"));
  }

  absl::Status AddVia(const Reference& via) {
    ASSIGN_OR_RETURN(const SqliteReference reference,
                     SqliteReference::Make(connection_, via));
    const ClosureTable& child = *made_.Find(via.table);
    const ClosureTable& parent = *made_.Find(via.parent);
    made_.spread.push_back(fmt::format(
        "INSERT OR IGNORE INTO {} SELECT {}, ?1 + 1 FROM {} AS c WHERE {}",
        child.going, ColumnsOf("c", child.key), Main(child),
        ReferringToGoing(reference, "=")));
    made_.climb.push_back(fmt::format(
        "INSERT OR IGNORE INTO {} SELECT {}, ?1 + 1 {} WHERE s.round = ?1",
        parent.above, ColumnsOf("p", parent.key),
        FromChildToParent(reference, child.above)));
    AddKeep(reference);
    return absl::OkStatus();
  }

  absl::Status AddJobToJob(const Reference& described) {
    ASSIGN_OR_RETURN(const SqliteReference reference,
                     SqliteReference::Make(connection_, described));
    const ClosureTable& job = made_.tables[0];
    const ClosureTable& parent = *made_.Find(described.parent);
    made_.reached_jobs.push_back(
        fmt::format("SELECT {}, {} FROM {} AS c WHERE {} AND NOT {}",
                    jobs_.SelectList("c"), In(kBarred, job, "c"), Main(job),
                    ReferringToGoing(reference, "="), In(job.going, job, "c")));
    made_.stay.push_back(fmt::format(
        "INSERT OR IGNORE INTO {} SELECT {}, 0, {}, s.reason {} WHERE {}",
        parent.stay, ColumnsOf("p", parent.key), QuoteText(job.name),
        FromChildToParent(reference, kBlocked),
        In(parent.going, parent, "p", " AND x.round >= ?1")));
    AddKeep(reference);
    return absl::OkStatus();
  }

  absl::Status AddHolding(const Reference& described) {
    ASSIGN_OR_RETURN(const SqliteReference reference,
                     SqliteReference::Make(connection_, described));
    const ClosureTable* collected = made_.Find(described.table);
    ClosureTable child;
    if (collected != nullptr) {
      child = *collected;
    } else {
      ASSIGN_OR_RETURN(child,
                       MakeTable(connection_, catalog_, described.table, 0));
    }
    const ClosureTable& parent = *made_.Find(described.parent);
    std::string condition = ReferringToGoing(reference, ">=");
    if (collected != nullptr) {
      condition += " AND NOT " + In(child.going, child, "c");
      made_.restricting.push_back(fmt::format(
          "INSERT OR IGNORE INTO {} SELECT {}, 0 FROM {} AS c WHERE {}",
          child.above, ColumnsOf("c", child.key), Main(child), condition));
      AddKeep(reference);
    }
    made_.stay.push_back(fmt::format(
        "INSERT OR IGNORE INTO {} SELECT {}, 0, {}, {} "
        "FROM {} AS c CROSS JOIN {} AS p ON {} = {} WHERE {}",
        parent.stay, ColumnsOf("p", parent.key), QuoteText(child.name),
        HoldingReason(child, parent), Main(child), Main(parent),
        reference.ParentTuple("p"), reference.ChildTuple("c"), condition));
    return absl::OkStatus();
  }

  std::string HoldingReason(const ClosureTable& child,
                            const ClosureTable& parent) const {
    if (child.name == plan_.job_table) return JobStays();
    const std::string row =
        fmt::format("'row ' || {} || {}", Shown(child, "c"),
                    QuoteText(" of " + child.name + " refers to "));
    if (parent.name == plan_.job_table) return row + " || 'it'";
    return fmt::format(
        "{} || 'row ' || {} || {}", row, Shown(parent, "p"),
        QuoteText(" of " + parent.name + ", which goes with it"));
  }

  SqliteConnection& connection_;
  const Catalog& catalog_;
  const DeletionPlan& plan_;
  const SqliteJobTable& jobs_;
  std::vector<std::string> job_shown_;
  ClosureStatements made_;
};

}  // namespace

std::string ClosureStatements::GoingParents(const SqliteReference& reference,
                                            const std::string& rounds) const {
  const ClosureTable& parent = *Find(reference.reference().parent);
  return fmt::format(
      "SELECT {} FROM {} AS d CROSS JOIN {} AS p ON {} "
      "WHERE d.round {} ?1",
      reference.ParentColumns("p"), parent.going, Main(parent),
      KeysMatch("d", "p", parent.key), rounds);
}

const ClosureTable* ClosureStatements::Find(const std::string& table) const {
  const auto found = std::find_if(
      tables.begin(), tables.end(),
      [&](const ClosureTable& known) { return known.name == table; });
  return found == tables.end() ? nullptr : &*found;
}

absl::StatusOr<ClosureStatements> MakeClosureStatements(
    SqliteConnection& connection, const Catalog& catalog,
    const DeletionPlan& plan, const SqliteJobTable& jobs) {
  return Builder(connection, catalog, plan, jobs).Build();
}

}  // namespace retentiond
