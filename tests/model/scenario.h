// A random farm and what befalls it on a few nights, as plain values: made from
// a seed, and made smaller while it still fails.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "testing/jobstore/deletion_model.h"

namespace retentiond::model {

// How a creation time is stored.
enum class Form {
  kMillis,
  kSeconds,
  kReal,
  kIsoZ,
  kIsoOffset,
  kSqlText,
  kNull,
  kNonsense
};

// Where the output of a job lies.
enum class Output {
  kNone,
  kElsewhere,  // outside of the roots
  kInside,     // in the job's own directory
  kInFilms,    // in a directory that no job bears
  kLinked,     // the same, with a second name in the job's directory
  kSequence,   // three frames in the job's directory, named by a pattern
  kDirectory   // a whole directory in the job's
};

struct JobSpec {
  int number = 0;
  Micros age{0};  // before the cutoff of the first night
  Form form = Form::kMillis;
  std::string state;
  int uid = 0;  // several jobs may bear one
  Output output = Output::kNone;
  bool log = false;
  int files = 0;
  int night = 0;  // it comes before that night
};

struct LinkSpec {
  int column = 0;  // of Scenario::columns
  int child = 0;
  int parent = 0;
};

struct OrphanSpec {
  int number = 0;
  bool has_result = false;
};

// What goes wrong with the calls of one night (tests/preload/call_faults.h).
struct FaultSpec {
  int night = 0;
  unsigned kinds = 0;
  long at = 0;
  int error = 0;  // 0: the process is killed
  bool for_good = false;
};

// Every way in which a system call goes wrong here.
struct CallFault {
  std::string name;
  unsigned kinds = 0;
  int error = 0;
};
const std::vector<CallFault>& CallFaults();

struct Scenario {
  unsigned seed = 0;
  bool write_ahead_log = true;
  bool indexes = true;
  bool without_rowid = false;
  std::vector<ColumnOf> columns;
  std::vector<Row> rows;  // all but the jobs
  std::vector<JobSpec> jobs;
  std::vector<LinkSpec> links;
  std::vector<OrphanSpec> orphans;
  std::vector<FaultSpec> faults;
  int nights = 3;  // the last one goes without a fault
};

Scenario MakeScenario(unsigned seed);

// One of everything, on two nights, without a fault.
Scenario MakeFullScenario(bool write_ahead_log);

// Every scenario that lacks one thing of this one.
std::vector<Scenario> Smaller(const Scenario& scenario);

std::string Describe(const Scenario& scenario);

}  // namespace retentiond::model
