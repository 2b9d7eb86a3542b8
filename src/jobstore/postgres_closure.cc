// How a batch is closed: by the rules at the top of sqlite_closure.cc. The rows
// of a batch are few enough to keep their keys here, so that nothing needs a
// temporary table, which a transaction pooler or a read-only role would refuse;
// each step of a round is one statement over an array of keys.
// Test: postgres_model_test.cc, against the model that SQLite's is tested by.
#include "jobstore/postgres_closure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

constexpr std::int64_t kNoLast = std::numeric_limits<std::int64_t>::max();

std::string Shown(const TextKey& key) {
  return fmt::format("{}", fmt::join(key, ", "));
}

std::string JobStays(const TextKey& key) {
  return fmt::format("job {}, which stays, refers to it", Shown(key));
}

std::string WhyBlocked(const Job& job, bool barred) {
  const std::string reaches = "its deletion would reach job " + job.id.text;
  if (barred) return reaches + ", which is held";
  switch (job.job_class) {
    case JobClass::kInWork:
      return reaches + ", which is in work";
    case JobClass::kRecent:
      return reaches + ", which is younger than the cutoff";
    default:
      return reaches + ", whose creation time cannot be read";
  }
}

}  // namespace

PostgresClosure::PostgresClosure(PostgresConnection& connection,
                                 const PostgresCatalog& catalog,
                                 const DeletionPlan& plan,
                                 const PostgresJobTable& jobs, RowLocks locks)
    : connection_(connection),
      catalog_(catalog),
      plan_(plan),
      jobs_(jobs),
      locks_(locks) {
  const auto add = [&](const std::string& name) {
    Collected table;
    table.name = name;
    table.table = &catalog.Of(name);
    table.address = AddressOf(*table.table);
    tables_.push_back(std::move(table));
  };
  add(plan.job_table);
  for (const PlanTable& table : plan.tables) {
    const bool holds =
        std::any_of(plan.holding.begin(), plan.holding.end(),
                    [&](const Reference& r) { return r.table == table.name; });
    if (!table.leaf || holds) add(table.name);
  }
  linked_ =
      tables_.size() > 1 || !plan.job_to_job.empty() || !plan.holding.empty();
}

const PostgresClosure::Collected* PostgresClosure::Find(
    const std::string& table) const {
  const auto found =
      std::find_if(tables_.begin(), tables_.end(),
                   [&](const Collected& known) { return known.name == table; });
  return found == tables_.end() ? nullptr : &*found;
}

PostgresClosure::Collected* PostgresClosure::Find(const std::string& table) {
  return const_cast<Collected*>(std::as_const(*this).Find(table));
}

std::vector<TextKey> PostgresClosure::KeysOfRound(
    const std::map<TextKey, std::int64_t>& keys, std::int64_t first,
    std::int64_t last) const {
  std::vector<TextKey> found;
  for (const auto& [key, round] : keys) {
    if (round >= first && round <= last) found.push_back(key);
  }
  return found;
}

std::vector<TextKey> PostgresClosure::GoingKeys(const Collected& table) const {
  return KeysOfRound(table.going, first_round_, kNoLast);
}

std::vector<TextKey> PostgresClosure::GoneKeys(const Collected& table) const {
  return KeysOfRound(table.going, 0, first_round_ - 1);
}

std::vector<Reference> PostgresClosure::Vias() const {
  std::vector<Reference> vias;
  for (const PlanTable& table : plan_.tables) {
    if (Find(table.name) == nullptr) continue;
    vias.insert(vias.end(), table.via.begin(), table.via.end());
  }
  return vias;
}

void PostgresClosure::Begin(DryRun dry_run) {
  const bool locking = dry_run == DryRun::kNo && locks_ == RowLocks::kTaken;
  for_update_ = locking ? " FOR UPDATE OF c" : "";
  if (dry_run == DryRun::kNo) Clear();
  barred_.clear();
  blocked_.clear();
  rows_.clear();
  first_round_ = ++last_round_;
}

void PostgresClosure::Abandon() {
  for (Collected& table : tables_) {
    std::erase_if(table.going, [&](const auto& entry) {
      return entry.second >= first_round_;
    });
  }
}

void PostgresClosure::Clear() {
  for (Collected& table : tables_) table.going.clear();
}

bool PostgresClosure::Add(PostgresJobRow row) {
  if (tables_[0].going.contains(row.key)) return false;
  tables_[0].going[row.key] = first_round_;
  const TextKey key = row.key;
  rows_[key] = std::move(row);
  return true;
}

absl::StatusOr<std::vector<HeldJob>> PostgresClosure::Close(
    const JobAges& ages) {
  std::vector<HeldJob> held;
  bool any = linked_;
  while (any) {
    RETURN_IF_ERROR(Grow(ages));
    RETURN_IF_ERROR(FindStaying());
    any = !tables_[0].stay.empty();
    if (!any) break;
    std::vector<HeldJob> found = WithdrawHeld();
    std::move(found.begin(), found.end(), std::back_inserter(held));
  }
  return held;
}

std::vector<PostgresJobRow> PostgresClosure::GoingJobs() const {
  std::vector<PostgresJobRow> jobs;
  for (const TextKey& key : GoingKeys(tables_[0])) {
    jobs.push_back(rows_.at(key));
  }
  std::sort(jobs.begin(), jobs.end(),
            [](const PostgresJobRow& a, const PostgresJobRow& b) {
              return std::tie(a.job.created, a.job.id) <
                     std::tie(b.job.created, b.job.id);
            });
  return jobs;
}

// The rows of the referring table that refer to rows with these keys.
absl::StatusOr<std::vector<TextKey>> PostgresClosure::ReadChildren(
    const Reference& reference, const std::vector<TextKey>& parents) {
  std::vector<TextKey> keys;
  if (parents.empty()) return keys;
  const PostgresTable& child = catalog_.Of(reference.table);
  const RowAddress address = AddressOf(child);
  const RowAddress parent = AddressOf(catalog_.Of(reference.parent));
  const ReferenceJoin join =
      JoinWithParents(catalog_, reference, KeyRows(parent, 1, "d"), "d");
  PostgresValues values;
  AddKeys(values, parent, parents);
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_.Query(fmt::format("SELECT {} FROM {} AS c, {} WHERE {}{}",
                                    KeyColumns(address, "c"), child.only,
                                    join.tables, join.condition, for_update_),
                        values));
  for (int i = 0; i < rows.size(); ++i) {
    keys.push_back(KeyAt(rows, i, 0, address));
  }
  return keys;
}

// The rows to which rows with these keys refer; two keys a row: the child's,
// then the parent's.
absl::StatusOr<std::vector<TextKey>> PostgresClosure::ReadParents(
    const Reference& reference, const std::vector<TextKey>& children) {
  std::vector<TextKey> keys;
  if (children.empty()) return keys;
  const PostgresTable& child = catalog_.Of(reference.table);
  const PostgresTable& parent = catalog_.Of(reference.parent);
  const RowAddress from = AddressOf(child);
  const RowAddress to = AddressOf(parent);
  PostgresValues values;
  AddKeys(values, from, children);
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_.Query(fmt::format("SELECT {}, {} FROM {}, {} AS c, {} AS p "
                                    "WHERE {} AND {}",
                                    KeyColumns(from, "c"), KeyColumns(to, "p"),
                                    KeyRows(from, 1, "d"), child.only,
                                    parent.only, KeysEqual(from, "c", "d"),
                                    ReferenceEqual(reference, "c", "p")),
                        values));
  for (int i = 0; i < rows.size(); ++i) {
    keys.push_back(KeyAt(rows, i, 0, from));
    keys.push_back(KeyAt(rows, i, static_cast<int>(from.size()), to));
  }
  return keys;
}

absl::StatusOr<std::vector<PostgresJobRow>> PostgresClosure::ReadJobsReferring(
    const Reference& reference, const std::vector<TextKey>& parents,
    const JobAges& ages) {
  std::vector<PostgresJobRow> jobs;
  if (parents.empty()) return jobs;
  const RowAddress parent = AddressOf(catalog_.Of(reference.parent));
  const ReferenceJoin join =
      JoinWithParents(catalog_, reference, KeyRows(parent, 1, "d"), "d");
  PostgresValues values;
  AddKeys(values, parent, parents);
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_.Query(fmt::format("SELECT {} FROM {} AS c, {} WHERE {}{}",
                                    jobs_.SelectList("c"), jobs_.table().only,
                                    join.tables, join.condition, for_update_),
                        values));
  for (int i = 0; i < rows.size(); ++i) {
    jobs.push_back(jobs_.Read(rows, i, 0, ages));
  }
  return jobs;
}

// Forward, to a fixpoint.
absl::Status PostgresClosure::Grow(const JobAges& ages) {
  const std::vector<Reference> vias = Vias();
  std::int64_t round = first_round_;
  while (true) {
    bool grown = false;
    for (const Reference& via : vias) {
      ASSIGN_OR_RETURN(const bool spread, Spread(via, round));
      grown |= spread;
    }
    for (const Reference& reference : plan_.job_to_job) {
      ASSIGN_OR_RETURN(const bool reached,
                       TakeReachedJobs(reference, round, ages));
      grown |= reached;
    }
    if (!grown) {
      ASSIGN_OR_RETURN(grown, TakeOwnersOfRestricting(round, ages));
    }
    if (!grown) break;
    ++round;
  }
  last_round_ = std::max(last_round_, round);
  return absl::OkStatus();
}

absl::StatusOr<bool> PostgresClosure::Spread(const Reference& via,
                                             std::int64_t round) {
  const Collected& parent = *Find(via.parent);
  Collected& child = *Find(via.table);
  ASSIGN_OR_RETURN(const std::vector<TextKey> keys,
                   ReadChildren(via, KeysOfRound(parent.going, round, round)));
  bool grown = false;
  for (const TextKey& key : keys) {
    grown |= child.going.emplace(key, round + 1).second;
  }
  return grown;
}

absl::StatusOr<bool> PostgresClosure::TakeReachedJobs(
    const Reference& reference, std::int64_t round, const JobAges& ages) {
  const Collected& parent = *Find(reference.parent);
  ASSIGN_OR_RETURN(
      const std::vector<PostgresJobRow> reached,
      ReadJobsReferring(reference, KeysOfRound(parent.going, round, round),
                        ages));
  bool taken = false;
  for (const PostgresJobRow& row : reached) {
    if (tables_[0].going.contains(row.key)) continue;
    const bool barred = barred_.contains(row.key);
    if (row.job.job_class == JobClass::kExpired && !barred) {
      rows_[row.key] = row;
      tables_[0].going[row.key] = round + 1;
      taken = true;
    } else {
      blocked_.emplace(row.key, WhyBlocked(row.job, barred));
    }
  }
  return taken;
}

absl::StatusOr<bool> PostgresClosure::TakeOwnersOfRestricting(
    std::int64_t round, const JobAges& ages) {
  for (const Reference& reference : plan_.holding) {
    Collected* child = Find(reference.table);
    if (child == nullptr) continue;
    ASSIGN_OR_RETURN(
        const std::vector<TextKey> keys,
        ReadChildren(reference, GoingKeys(*Find(reference.parent))));
    for (const TextKey& key : keys) {
      if (!child->going.contains(key)) child->above.emplace(key, 0);
    }
  }
  const std::vector<Reference> vias = Vias();
  bool climbing = true;
  for (std::int64_t step = 0; climbing; ++step) {
    climbing = false;
    for (const Reference& via : vias) {
      ASSIGN_OR_RETURN(
          const std::vector<TextKey> pairs,
          ReadParents(via, KeysOfRound(Find(via.table)->above, step, step)));
      for (std::size_t i = 1; i < pairs.size(); i += 2) {
        climbing |= Find(via.parent)->above.emplace(pairs[i], step + 1).second;
      }
    }
  }
  std::vector<TextKey> owners;
  for (const auto& [key, step] : tables_[0].above) {
    if (!tables_[0].going.contains(key)) owners.push_back(key);
  }
  for (Collected& table : tables_) table.above.clear();
  if (owners.empty()) return false;
  const RowAddress& address = tables_[0].address;
  PostgresValues values;
  AddKeys(values, address, owners);
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_.Query(fmt::format("SELECT {} FROM {} AS c, {} WHERE {}{}",
                                    jobs_.SelectList("c"), jobs_.table().only,
                                    KeyRows(address, 1, "d"),
                                    KeysEqual(address, "c", "d"), for_update_),
                        values));
  bool taken = false;
  for (int i = 0; i < rows.size(); ++i) {
    PostgresJobRow row = jobs_.Read(rows, i, 0, ages);
    if (row.job.job_class != JobClass::kExpired || barred_.contains(row.key)) {
      continue;
    }
    const TextKey key = row.key;
    rows_[key] = std::move(row);
    tables_[0].going[key] = round + 1;
    taken = true;
  }
  return taken;
}

// Backward, to a fixpoint.
absl::Status PostgresClosure::FindStaying() {
  for (const Reference& reference : plan_.job_to_job) {
    RETURN_IF_ERROR(StayOfBlocked(reference));
  }
  for (const Reference& reference : plan_.holding) {
    RETURN_IF_ERROR(StayOfHolding(reference));
  }
  std::vector<Reference> keeping = Vias();
  keeping.insert(keeping.end(), plan_.job_to_job.begin(),
                 plan_.job_to_job.end());
  for (const Reference& reference : plan_.holding) {
    if (Find(reference.table) != nullptr) keeping.push_back(reference);
  }
  bool more = true;
  for (std::int64_t round = 0; more; ++round) {
    more = false;
    for (const Reference& reference : keeping) {
      ASSIGN_OR_RETURN(const bool kept, Keep(reference, round));
      more |= kept;
    }
  }
  return absl::OkStatus();
}

absl::Status PostgresClosure::StayOfBlocked(const Reference& reference) {
  std::vector<TextKey> blocked;
  for (const auto& [key, reason] : blocked_) blocked.push_back(key);
  Collected& parent = *Find(reference.parent);
  ASSIGN_OR_RETURN(const std::vector<TextKey> pairs,
                   ReadParents(reference, blocked));
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const auto going = parent.going.find(pairs[i + 1]);
    if (going == parent.going.end() || going->second < first_round_) continue;
    parent.stay.emplace(pairs[i + 1], Collected::Stay{0, plan_.job_table,
                                                      blocked_.at(pairs[i])});
  }
  return absl::OkStatus();
}

absl::Status PostgresClosure::StayOfHolding(const Reference& reference) {
  Collected& parent = *Find(reference.parent);
  const std::vector<TextKey> going = GoingKeys(parent);
  if (going.empty()) return absl::OkStatus();
  const Collected* collected = Find(reference.table);
  const PostgresTable& child = catalog_.Of(reference.table);
  const RowAddress from = AddressOf(child);
  PostgresValues values;
  AddKeys(values, parent.address, going);
  // Of rows that are not collected, one for each parent tells enough.
  const std::string parent_key = KeyColumns(parent.address, "p");
  const std::string sql = fmt::format(
      "SELECT {} {}, {} FROM {}, {} AS p, {} AS c WHERE {} AND {}",
      collected == nullptr ? "DISTINCT ON (" + parent_key + ")" : "",
      KeyColumns(from, "c"), parent_key, KeyRows(parent.address, 1, "d"),
      parent.table->only, child.only, KeysEqual(parent.address, "p", "d"),
      ReferenceEqual(reference, "c", "p"));
  ASSIGN_OR_RETURN(const PostgresRows rows, connection_.Query(sql, values));
  for (int i = 0; i < rows.size(); ++i) {
    const TextKey key = KeyAt(rows, i, 0, from);
    if (collected != nullptr && collected->going.contains(key)) continue;
    const TextKey to =
        KeyAt(rows, i, static_cast<int>(from.size()), parent.address);
    std::string reason;
    if (reference.table == plan_.job_table) {
      reason = JobStays(key);
    } else {
      reason =
          fmt::format("row {} of {} refers to ", Shown(key), reference.table);
      reason += reference.parent == plan_.job_table
                    ? std::string("it")
                    : fmt::format("row {} of {}, which goes with it", Shown(to),
                                  reference.parent);
    }
    parent.stay.emplace(to, Collected::Stay{0, reference.table, reason});
  }
  return absl::OkStatus();
}

// A row stays where a row of round `round` refers to it that stays.
absl::StatusOr<bool> PostgresClosure::Keep(const Reference& reference,
                                           std::int64_t round) {
  const Collected& child = *Find(reference.table);
  Collected& parent = *Find(reference.parent);
  std::vector<TextKey> staying;
  for (const auto& [key, stay] : child.stay) {
    if (stay.round == round) staying.push_back(key);
  }
  ASSIGN_OR_RETURN(const std::vector<TextKey> pairs,
                   ReadParents(reference, staying));
  const bool is_job = child.name == plan_.job_table;
  bool more = false;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const auto going = parent.going.find(pairs[i + 1]);
    if (going == parent.going.end() || going->second < first_round_) continue;
    const Collected::Stay source = child.stay.at(pairs[i]);
    more |= parent.stay
                .emplace(pairs[i + 1],
                         Collected::Stay{
                             round + 1, is_job ? child.name : source.source,
                             is_job ? JobStays(pairs[i]) : source.reason})
                .second;
  }
  return more;
}

// Takes the staying jobs out of the batch, which is then to be closed anew.
std::vector<HeldJob> PostgresClosure::WithdrawHeld() {
  std::vector<HeldJob> held;
  Collected& jobs = tables_[0];
  for (const auto& [key, stay] : jobs.stay) {
    barred_.insert(key);
    const auto going = jobs.going.find(key);
    if (going == jobs.going.end() || going->second != first_round_) continue;
    held.push_back({rows_.at(key).job.id, stay.source, stay.reason});
    jobs.going.erase(going);
  }
  for (Collected& table : tables_) {
    std::erase_if(table.going, [&](const auto& entry) {
      return entry.second > first_round_;
    });
    table.stay.clear();
  }
  blocked_.clear();
  return held;
}

}  // namespace retentiond
