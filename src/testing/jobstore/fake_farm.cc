#include <memory>
#include <string>
#include <vector>

#include "testing/jobstore/fake_database.h"
#include "testing/jobstore/farm.h"

namespace retentiond {
namespace {

class FakeFarm : public Farm {
 public:
  absl::StatusOr<Database> Open(OpenMode mode) override {
    return database_.Open(mode);
  }
  void InsertJob(const FarmJob& job) override {
    FakeJob row;
    row.id = job.id;
    row.created = job.created;
    row.state = job.state;
    row.fields = {{job.output}, {job.uid}};
    database_.Insert(row);
  }
  void SetState(const std::string& id, const std::string& state) override {
    database_.Find(id)->state = state;
  }
  void EraseJob(const std::string& id) override { database_.Erase(id); }
  void InsertLogs(const std::string& id, int rows) override {
    database_.Find(id)->dependents["JobLog"] += rows;
  }
  void InsertInvoice(const std::string& id) override {
    database_.Find(id)->held_by = "Invoice";
  }
  std::vector<std::string> JobIds() override { return database_.Ids(); }
  std::int64_t CountRows(const std::string& table) override {
    return database_.CountRows(table);
  }

 private:
  FakeDatabase database_;
};

}  // namespace

std::unique_ptr<Farm> MakeFakeFarm() { return std::make_unique<FakeFarm>(); }

}  // namespace retentiond
