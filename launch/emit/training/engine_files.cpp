#include "launch/emit/training/engine_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/shell_word.h"

namespace sextant {

std::string tf32_override(DataType dtype) {
  if (dtype == DataType::kTf32) return "1";
  return dtype == DataType::kFp32 ? "0" : "";
}

std::string tf32_export(DataType dtype) {
  const std::string allowed = tf32_override(dtype);
  if (allowed.empty()) return "";
  return fmt::format("export TORCH_ALLOW_TF32_CUBLAS_OVERRIDE={}\n", allowed);
}

void refuse_container(const LaunchOptions& options, std::string_view target) {
  if (options.container.empty()) return;
  throw_usage(
      fmt::format("--container {}: the scripts of {} start no image; start them inside of it",
                  quote(options.container), target));
}

std::string engine_environment(std::string_view variable, std::string_view engine,
                               const std::string& path) {
  return fmt::format(
      "# shellcheck shell=bash\n"
      "# What is different at each site; every script here reads it.\n"
      "# The checkout of {}, at the same place on all machines.\n"
      "{}=${{{}:-{}}}\n",
      engine, variable, variable, path.empty() ? "" : shell_word(path));
}

TorchrunProgram engine_program(std::string name, std::string_view variable, std::string entry,
                               const std::vector<std::string>& arguments) {
  TorchrunProgram program;
  program.prepare = fmt::format(
      "if [ -z \"${}\" ]; then\n"
      "  echo \"environment.sh: {} is not set\" >&2\n"
      "  exit 3\n"
      "fi\n"
      "arguments=(\n  {}\n)\n",
      variable, variable, fmt::join(arguments, "\n  "));
  program.name = std::move(name);
  program.command = std::move(entry) + " \"${arguments[@]}\"";
  return program;
}

std::string engine_start_text(std::string_view engine) {
  return fmt::format(
      "Every machine needs the same {}, and this folder at the same path. Say in `environment.sh` "
      "where its checkout lies and in `hosts.txt` where the machines are, then, from any machine "
      "that reaches the others by ssh:\n\n"
      "```sh\n./start.sh\n```\n\n"
      "Or start each node on its machine, in any order, and keep its output (`mkdir -p logs`, then "
      "`./node.sh 0 > logs/node_0.log 2>&1`, …). Arguments are handed on to {}.\n",
      engine, engine);
}

std::vector<std::pair<std::string, std::string>> engine_files() {
  return {{"hosts.txt", "host names of the machines"},
          {"environment.sh", "what is different at each site"},
          {"start.sh", "starts all nodes through ssh (node.sh, on each)"},
          {"compare.sh", "predicted beside measured"}};
}

}  // namespace sextant
