#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analyzer/measured/measured_run.h"
#include "tests/cli/run_program.h"
#include "tests/plan/plans.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {

/// A folder with a small Llama, a job for it, and plans; what run_plan writes goes there too.
class RunFolder {
 public:
  explicit RunFolder(bool tied = false, const std::string& optimizer = "adamw") {
    folder_.write("tiny.json", json_text({{"schema", "sextant/model/1.0"},
                                          {"name", "tiny-llama"},
                                          {"family", "llama"},
                                          {"layers", 6},
                                          {"hidden", 64},
                                          {"heads", 4},
                                          {"kv_heads", 2},
                                          {"ffn", 176},
                                          {"vocab", 512},
                                          {"seq_len", 16},
                                          {"position", "rotary"},
                                          {"norm", "rms_norm"},
                                          {"activation", "swiglu"},
                                          {"tied_embeddings", tied},
                                          {"attention_bias", false},
                                          {"output_bias", false},
                                          {"ffn_bias", false},
                                          {"final_norm", true},
                                          {"source", "made for tests"}}));
    folder_.write("job.json", json_text({{"schema", "sextant/job/1.0"},
                                         {"model", "tiny.json"},
                                         {"global_batch", 8},
                                         {"seq_len", 16},
                                         {"optimizer", optimizer},
                                         {"dtype", "fp32"}}));
  }

  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

  void add_plan(const std::string& name, const Plan& plan) {
    folder_.write(name + ".json", json_text(to_json(plan)));
    plans_.push_back(name);
  }

  /// The words of a command that runs all plans on the CPU; documents go to out/.
  std::vector<std::string> command(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {built_program("run_plan"), "--device", "cpu",      "--job",
                                      file("job.json"),          "-o",       file("out")};
    for (const std::string& name : plans_) {
      words.push_back("--plan");
      words.push_back(file(name + ".json"));
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  ProgramResult run(const std::vector<std::string>& more) const {
    return run_program(command(more));
  }

  std::string document(const std::string& name) const { return file("out/" + name + ".json"); }
  MeasuredRun measured(const std::string& name) const { return read_measured(document(name)); }

 private:
  TemporaryFolder folder_;
  std::vector<std::string> plans_;
};

}  // namespace sextant::testing
