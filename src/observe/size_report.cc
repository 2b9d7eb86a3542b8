#include "observe/size_report.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "run/size_facts.h"

namespace retentiond {
namespace {

using nlohmann::json;

// Facts that a run adds are texts.
std::optional<std::int64_t> NumberOf(const json& facts, const char* name) {
  const auto found = facts.find(name);
  if (found == facts.end() || !found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::optional<SizeAtNight> SizeOf(const AuditRecord& record) {
  const json facts = json::parse(record.facts, nullptr, false);
  if (!facts.is_object()) return std::nullopt;
  const auto size = NumberOf(facts, kFactSize);
  const auto reclaimable = NumberOf(facts, kFactReclaimable);
  const auto slot = facts.find("slot");
  if (!size.has_value() || !reclaimable.has_value() || slot == facts.end() ||
      !slot->is_string()) {
    return std::nullopt;
  }
  return SizeAtNight{.slot = slot->get<std::string>(),
                     .time = record.time,
                     .size_bytes = *size,
                     .reclaimable_bytes = *reclaimable};
}

}  // namespace

absl::StatusOr<std::vector<SizeAtNight>> ListSizes(
    StateStore& state, std::size_t most,
    const std::function<bool()>& may_go_on) {
  std::vector<SizeAtNight> sizes;
  RETURN_IF_ERROR(state.VisitAudit(AuditSeq(1), [&](const AuditRecord& record) {
    if (!may_go_on()) return absl::CancelledError("asked to stop");
    if (record.event != "run-end") return absl::OkStatus();
    std::optional<SizeAtNight> size = SizeOf(record);
    if (size.has_value()) sizes.push_back(*std::move(size));
    return absl::OkStatus();
  }));
  if (sizes.size() > most) {
    sizes.erase(sizes.begin(), sizes.end() - static_cast<std::ptrdiff_t>(most));
  }
  return sizes;
}

std::string JsonOf(const std::vector<SizeAtNight>& sizes) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const SizeAtNight& size : sizes) {
    list.push_back({{"slot", size.slot},
                    {"time", FormatInstant(size.time)},
                    {"size_bytes", size.size_bytes},
                    {"reclaimable_bytes", size.reclaimable_bytes}});
  }
  return list.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace retentiond
