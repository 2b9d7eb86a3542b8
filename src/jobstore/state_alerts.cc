#include "jobstore/state_alerts.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/status_macros.h"
#include "jobstore/state_audit.h"
#include "jobstore/state_meta.h"
#include "policy/alert_book.h"

namespace retentiond {
namespace {

constexpr char kMetaDropped[] = "outbox_dropped";

// Weights are stored so that the light ones sort first. What is not known was
// written by a later program.
AlertWeight StoredWeight(std::int64_t weight) {
  switch (weight) {
    case 0:
      return AlertWeight::kInfo;
    case 1:
      return AlertWeight::kWarning;
    default:
      return AlertWeight::kCritical;
  }
}

std::int64_t NumberOf(AlertWeight weight) {
  return static_cast<std::int64_t>(weight);
}

absl::Status WriteStanding(StateSql& connection,
                           const std::vector<StandingAlert>& standing) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> clear,
                   connection.Prepare("DELETE FROM retentiond_alert"));
  RETURN_IF_ERROR(clear->Run());
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> insert,
      connection.Prepare(
          "INSERT INTO retentiond_alert(key, weight, text, since_us, told_us) "
          "VALUES (?1, ?2, ?3, ?4, ?5)"));
  for (const StandingAlert& alert : standing) {
    insert->BindText(1, alert.key).BindInt(2, NumberOf(alert.weight));
    insert->BindBlob(3, alert.text).BindInt(4, MicrosOf(alert.since));
    RETURN_IF_ERROR(insert->BindInt(5, MicrosOf(alert.told)).Run());
    insert->Reset();
  }
  return absl::OkStatus();
}

absl::Status InsertEntry(StateSql& connection, const std::string& channel,
                         const AlertMessage& message) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> insert,
      connection.Prepare(
          "INSERT INTO retentiond_outbox(channel, key, event, weight, text, "
          "since_us, at_us, audit_head, next_try_us) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7)"));
  insert->BindText(1, channel).BindText(2, message.key);
  insert->BindText(3, NameOf(message.event));
  insert->BindInt(4, NumberOf(message.weight)).BindBlob(5, message.text);
  insert->BindInt(6, MicrosOf(message.since));
  insert->BindInt(7, MicrosOf(message.at));
  return insert->BindText(8, message.audit_head).Run();
}

absl::Status CountDropped(StateSql& connection, std::int64_t dropped) {
  if (dropped == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> before,
                   ReadMetaInt(connection, kMetaDropped));
  return WriteMeta(connection, kMetaDropped,
                   std::to_string(before.value_or(0) + dropped));
}

absl::Status DropOld(StateSql& connection, Instant now) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> drop,
      connection.Prepare("DELETE FROM retentiond_outbox WHERE at_us < ?1"));
  RETURN_IF_ERROR(drop->BindInt(1, MicrosOf(now - kOutboxKept)).Run());
  return CountDropped(connection, connection.changes());
}

absl::Status DropSurplus(StateSql& connection) {
  ASSIGN_OR_RETURN(const OutboxView view, ReadOutboxView(connection));
  if (view.pending <= kMostOutboxEntries) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> drop,
      connection.Prepare("DELETE FROM retentiond_outbox WHERE id IN (SELECT id "
                         "FROM retentiond_outbox ORDER BY weight, id LIMIT "
                         "?1)"));
  RETURN_IF_ERROR(drop->BindInt(1, view.pending - kMostOutboxEntries).Run());
  return CountDropped(connection, connection.changes());
}

OutboxEntry EntryOf(const StateStatement& row) {
  OutboxEntry entry;
  entry.id = OutboxId{row.Int(0)};
  entry.channel = row.Text(1);
  entry.message.key = row.Text(2);
  entry.message.event = AlertEventOf(row.Text(3)).value_or(AlertEvent::kNotice);
  entry.message.weight = StoredWeight(row.Int(4));
  entry.message.text = row.Text(5);
  entry.message.since = InstantFromMicros(row.Int(6));
  entry.message.at = InstantFromMicros(row.Int(7));
  entry.message.audit_head = row.Text(8);
  entry.attempts = row.Int(9);
  return entry;
}

}  // namespace

absl::Status TellAlertRows(StateSql& connection, const AlertReport& report,
                           Instant now) {
  if (report.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<StandingAlert> standing,
                   ReadStandingAlerts(connection));
  const AlertDecision decision = Decide(standing, report, now);
  if (decision.standing != standing) {
    RETURN_IF_ERROR(WriteStanding(connection, decision.standing));
  }
  if (decision.messages.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<AuditHead> head,
                   ReadAuditHead(connection));
  for (AlertMessage message : decision.messages) {
    if (head.has_value()) {
      message.audit_head = fmt::format(
          "{}:{}", static_cast<std::int64_t>(head->seq), head->hash);
    }
    for (const AlertChannel& channel : report.channels) {
      if (!TakesMessage(channel, message)) continue;
      RETURN_IF_ERROR(InsertEntry(connection, channel.name, message));
    }
  }
  return DropSurplus(connection);
}

absl::StatusOr<std::vector<StandingAlert>> ReadStandingAlerts(
    StateSql& connection) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare("SELECT key, weight, text, since_us, "
                                      "told_us FROM retentiond_alert"));
  std::vector<StandingAlert> standing;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement->Step());
    if (!row) break;
    StandingAlert alert;
    alert.key = statement->Text(0);
    alert.weight = StoredWeight(statement->Int(1));
    alert.text = statement->Text(2);
    alert.since = InstantFromMicros(statement->Int(3));
    alert.told = InstantFromMicros(statement->Int(4));
    standing.push_back(std::move(alert));
  }
  // Each database would sort them in an order of its own.
  std::sort(standing.begin(), standing.end(),
            [](const StandingAlert& a, const StandingAlert& b) {
              return a.key < b.key;
            });
  return standing;
}

absl::StatusOr<OutboxView> ReadOutboxView(StateSql& connection) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(
          "SELECT count(*), min(CASE WHEN NOT EXISTS (SELECT 1 FROM "
          "retentiond_outbox e WHERE e.channel = o.channel AND e.key = o.key "
          "AND e.id < o.id) THEN next_try_us END) FROM retentiond_outbox o"));
  OutboxView view;
  ASSIGN_OR_RETURN(const bool row, statement->Step());
  if (!row) return view;  // no tables
  view.pending = statement->Int(0);
  if (!statement->IsNull(1)) {
    view.next_try = InstantFromMicros(statement->Int(1));
  }
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> dropped,
                   ReadMetaInt(connection, kMetaDropped));
  view.dropped = dropped.value_or(0);
  return view;
}

absl::StatusOr<std::vector<OutboxEntry>> ClaimOutboxRows(StateSql& connection,
                                                         Instant now,
                                                         Instant until,
                                                         int limit) {
  RETURN_IF_ERROR(DropOld(connection, now));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> due,
      connection.Prepare(
          "SELECT id, channel, key, event, weight, text, since_us, at_us, "
          "audit_head, attempts FROM retentiond_outbox o "
          "WHERE (next_try_us <= ?1 OR next_try_us > ?2) AND NOT EXISTS ("
          "SELECT 1 FROM retentiond_outbox e WHERE e.channel = o.channel "
          "AND e.key = o.key AND e.id < o.id "
          "AND e.next_try_us > ?1 AND e.next_try_us <= ?2) "
          "ORDER BY id LIMIT ?3"));
  due->BindInt(1, MicrosOf(now));
  due->BindInt(2, MicrosOf(now + kLongestOutboxPause)).BindInt(3, limit);
  std::vector<OutboxEntry> entries;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, due->Step());
    if (!row) break;
    entries.push_back(EntryOf(*due));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> claim,
                   connection.Prepare("UPDATE retentiond_outbox SET "
                                      "next_try_us = ?2 WHERE id = ?1"));
  for (const OutboxEntry& entry : entries) {
    claim->BindInt(1, static_cast<std::int64_t>(entry.id));
    RETURN_IF_ERROR(claim->BindInt(2, MicrosOf(until)).Run());
    claim->Reset();
  }
  return entries;
}

absl::Status SettleOutboxRows(StateSql& connection,
                              const std::vector<OutboxResult>& results) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> done,
      connection.Prepare("DELETE FROM retentiond_outbox WHERE id = ?1"));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> again,
      connection.Prepare("UPDATE retentiond_outbox SET next_try_us = ?2, "
                         "attempts = attempts + ?3 WHERE id = ?1"));
  for (const OutboxResult& result : results) {
    StateStatement& statement = result.try_again.has_value() ? *again : *done;
    statement.BindInt(1, static_cast<std::int64_t>(result.id));
    if (result.try_again.has_value()) {
      statement.BindInt(2, MicrosOf(*result.try_again));
      statement.BindInt(3, result.tried ? 1 : 0);
    }
    RETURN_IF_ERROR(statement.Run());
    statement.Reset();
  }
  return absl::OkStatus();
}

}  // namespace retentiond
