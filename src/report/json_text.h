// The JSON of the commands.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "audit/record.h"
#include "audit/verify.h"
#include "base/finding.h"
#include "jobstore/state_store.h"
#include "policy/slot.h"
#include "report/status_report.h"
#include "run/preview.h"

namespace retentiond {

std::string JsonOf(const Preview& preview, const std::string& timezone);
std::string JsonOf(const std::vector<Slot>& slots);
std::string JsonOf(const std::vector<RunRecord>& runs);
std::string JsonOf(const StatusReport& status);
std::string JsonOf(const AuditRecord& record);  // one line
std::string JsonOf(const ChainVerdict& verdict);
// `done`: what --fix has done, one statement each. `ok`: the command's answer.
std::string JsonOf(const std::vector<Finding>& findings,
                   const std::vector<std::string>& done, bool ok);
// An object of strings, in this order.
std::string JsonOfPairs(
    const std::vector<std::pair<std::string, std::string>>& pairs);

// Whether nothing stands in the way: no finding of level error.
bool IsOk(const std::vector<Finding>& findings);
}  // namespace retentiond
