// What a database loses when its expired jobs are deleted, by a model that
// knows only rows and edges.
//
// What is deleted does not depend on the batches: two sets of jobs that may be
// deleted may be deleted together, so there is one largest set, and a store
// must find it in whatever steps it goes.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace retentiond {

// A row: its table and id.
using Row = std::pair<std::string, int>;

struct Edge {
  Row child;
  Row parent;
  std::string action;
};

struct ColumnOf {
  std::string table;
  std::string name;
  std::string parent;
  std::string action;
};

class DeletionModel {
 public:
  std::set<Row> rows;
  std::set<Row> expired;
  std::vector<Edge> edges;

  // All that goes when the jobs that may be deleted are deleted.
  std::set<Row> Deleted() const {
    std::set<Row> jobs = expired;
    while (true) {
      const std::set<Row> going = Closure(jobs);
      std::set<Row> held;
      for (const Row& job : jobs) {
        if (IsHeld(Closure({job}), going)) held.insert(job);
      }
      if (held.empty()) return going;
      for (const Row& job : held) jobs.erase(job);
    }
  }

 private:
  std::set<Row> Closure(std::set<Row> going) const {
    bool grown = true;
    while (grown) {
      grown = false;
      for (const Edge& edge : edges) {
        if (edge.action == "CASCADE" && going.contains(edge.parent)) {
          grown |= going.insert(edge.child).second;
        }
      }
    }
    return going;
  }

  bool IsHeld(const std::set<Row>& closure, const std::set<Row>& going) const {
    for (const Row& row : closure) {
      if (row.first == "Job" && !expired.contains(row)) return true;
    }
    for (const Edge& edge : edges) {
      if ((edge.action == "RESTRICT" || edge.action == "NO ACTION") &&
          closure.contains(edge.parent) && !going.contains(edge.child)) {
        return true;
      }
    }
    return false;
  }
};

}  // namespace retentiond
