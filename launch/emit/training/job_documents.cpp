#include "launch/emit/training/job_documents.h"

namespace sextant {

void put_job_documents(const LaunchJob& job, JobFolder& folder) {
  const bool own_model = !job.model_document.is_null();
  const OrderedJson document = {
      {"schema", schema_id("job")},
      {"model", own_model ? "model.json" : job.job.model},
      {"global_batch", job.plan.global_batch},
      {"seq_len", job.job.seq_len},
      {"optimizer", job.job.optimizer == Optimizer::kAdam ? "adam" : "sgd"},
      {"dtype", to_string(job.job.dtype)},
      {"framework", job.job.framework}};
  folder.files["plan.json"] = json_text(job.plan_document);
  folder.files["job.json"] = json_text(document);
  if (own_model) folder.files["model.json"] = json_text(job.model_document);
}

}  // namespace sextant
