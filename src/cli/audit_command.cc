#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "audit/verify.h"
#include "base/status_macros.h"
#include "cli/commands.h"
#include "report/json_text.h"
#include "report/units.h"

namespace retentiond {
namespace {

constexpr std::int64_t kLastSeq = std::numeric_limits<std::int64_t>::max();

absl::StatusOr<AuditHead> HeadOption(const std::string& text) {
  const std::size_t colon = text.find(':');
  std::int64_t seq = 0;
  const char* end = text.data() + std::min(colon, text.size());
  if (colon == std::string::npos ||
      std::from_chars(text.data(), end, seq).ptr != end || seq < 1 ||
      text.size() != colon + 1 + 64) {
    return absl::OutOfRangeError(
        "--head: \"" + text +
        "\" is not a head; expected SEQ:HASH as `audit verify` and the "
        "daemon's log print it");
  }
  return AuditHead{AuditSeq(seq), text.substr(colon + 1)};
}

absl::StatusOr<ExitCode> List(const CommandContext& context,
                              std::int64_t from) {
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  RETURN_IF_ERROR(session.database.state->VisitAudit(
      AuditSeq(from), [&](const AuditRecord& record) {
        context.terminal.Out(JsonOf(record));
        return absl::OkStatus();
      }));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Verify(const CommandContext& context,
                                const std::optional<std::string>& head) {
  std::optional<AuditHead> expected;
  if (head.has_value()) {
    ASSIGN_OR_RETURN(expected, HeadOption(*head));
  }
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  ChainVerifier verifier(expected);
  RETURN_IF_ERROR(session.database.state->VisitAudit(
      AuditSeq(1), [&](const AuditRecord& record) {
        verifier.Add(record);
        return absl::OkStatus();
      }));
  const ChainVerdict verdict = verifier.Finish();
  Terminal& out = context.terminal;
  if (context.json) {
    out.Out(JsonOf(verdict));
  } else if (verdict.ok) {
    out.Out(fmt::format("{}: {}, {}", out.In(Colour::kGreen, "ok"),
                        Counted(verdict.records, "record"),
                        verdict.head_checked
                            ? "checked against the given head"
                            : "unbroken; give --head to find a cut tail"));
    if (verdict.head.has_value()) {
      out.Out(fmt::format("head {}:{}",
                          static_cast<std::int64_t>(verdict.head->seq),
                          verdict.head->hash));
    }
  } else {
    out.Out(out.In(Colour::kRed, "not ok: ") + verdict.problem);
  }
  return verdict.ok ? ExitCode::kOk : ExitCode::kNotOk;
}

}  // namespace

void AddAudit(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("audit", "Reads the record of every deletion");
  command->require_subcommand(1);
  command->footer("Example: retentiond audit verify");

  CLI::App* list =
      command->add_subcommand("list", "Prints the records as JSON lines");
  const auto from = std::make_shared<std::int64_t>(1);
  list->add_option("--from", *from, "The first sequence number")
      ->check(CLI::Range(std::int64_t{1}, kLastSeq).description(""))
      ->type_name("SEQ")
      ->capture_default_str();
  list->footer("Example: retentiond audit list --from 120");
  list->callback([&context, from] {
    context.action = [&context, from] { return List(context, *from); };
  });

  CLI::App* verify = command->add_subcommand(
      "verify", "Looks for edits, gaps and forks; exit code 1 when there are");
  const auto head = std::make_shared<std::optional<std::string>>();
  verify
      ->add_option("--head", *head,
                   "A head noted earlier, outside: finds a cut tail too")
      ->type_name("SEQ:HASH");
  verify->footer("Example: retentiond audit verify --json");
  verify->callback([&context, head] {
    context.action = [&context, head] { return Verify(context, *head); };
  });
}

}  // namespace retentiond
