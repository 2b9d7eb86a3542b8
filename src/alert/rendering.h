// Messages as text and as JSON. docs/alerts.md describes the shapes.
#pragma once

#include <string>

#include "alert/channel.h"
#include "policy/alert.h"

namespace retentiond {

// One line: "The cleanup failed (farm, /srv/farm/dev.db)", with "Still: " or
// "Resolved: " before it.
std::string HeadingOf(const AlertMessage& message, const Sender& sender);
// What follows it: the text, since when, the audit's head; several lines.
std::string BodyOf(const AlertMessage& message);

// {"type": "alert.raised", "timestamp": ..., "data": {...}}
std::string JsonOf(const AlertMessage& message, const Sender& sender);

// A message that says of itself that it is a test.
AlertMessage TestMessage(Instant now);
// What an alert of the kind looks like, and what its end looks like.
AlertMessage ExampleOf(AlertKind kind, AlertEvent event, Instant now);

}  // namespace retentiond
