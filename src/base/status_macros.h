// Early returns for absl::Status and absl::StatusOr, without statement
// expressions, so that a debugger and gcov see plain lines.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define RETENTIOND_CONCAT_INNER_(a, b) a##b
#define RETENTIOND_CONCAT_(a, b) RETENTIOND_CONCAT_INNER_(a, b)

// Returns from the enclosing function when `expr` is not OK.
#define RETURN_IF_ERROR(expr)                                     \
  if (::absl::Status status_macro_ = (expr); !status_macro_.ok()) \
  return status_macro_

// ASSIGN_OR_RETURN(auto x, F()): declares or assigns `lhs` from the value of a
// StatusOr, or returns its status.
#define ASSIGN_OR_RETURN(lhs, expr) \
  ASSIGN_OR_RETURN_IMPL_(RETENTIOND_CONCAT_(statusor_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_IMPL_(var, lhs, expr)   \
  auto var = (expr);                             \
  if (!var.ok()) return std::move(var).status(); \
  lhs = *std::move(var)
