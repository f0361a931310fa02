#include "analyzer/network/import/import_bandwidth.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/network/import/nccl_tests_json.h"
#include "analyzer/network/import/nccl_tests_text.h"
#include "analyzer/network/import/sailor_bandwidth_csv.h"
#include "analyzer/network/import/text_lines.h"

namespace sextant {

namespace {

BandwidthDocument import_json(std::string_view text, const std::string& file,
                              const ImportContext& context) {
  const JsonDocument document = JsonDocument::parse(text, file);
  if (!document.kind().empty()) {
    return bandwidth_document_from(document.root_of_kind("bandwidth", 1));
  }
  if (is_nccl_tests_json(document.root())) {
    return bandwidth_of(read_nccl_tests_json(document.root()), file, context);
  }
  throw_bad_input(file +
                  ": expected a document of kind bandwidth or nccl-tests' JSON, found neither "
                  "\"schema\" nor \"results\"");
}

BandwidthDocument import_nccl_tests_text(std::string_view text, const std::string& file,
                                         const ImportContext& context) {
  const std::vector<NcclTestsRun> runs = read_nccl_tests_text(text, file);
  std::vector<BandwidthDocument> documents;
  for (const NcclTestsRun& run : runs) {
    documents.push_back(bandwidth_of(run, file, context));
    documents.back().source = run.place;  // for messages
  }
  BandwidthDocument merged = merge_bandwidth(std::move(documents));
  merged.source = file;
  return merged;
}

}  // namespace

BandwidthDocument import_bandwidth_text(std::string_view text, const std::string& file,
                                        const ImportContext& context) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin == std::string_view::npos) {
    throw_bad_input(file + ": is empty; expected a measurement of links");
  }
  if (text.find('\0') != std::string_view::npos) {
    throw_bad_input(
        fmt::format("{}: expected text, found a zero byte at line {}", file,
                    std::count(text.begin(),
                               text.begin() + static_cast<std::ptrdiff_t>(text.find('\0')), '\n') +
                        1));
  }
  if (text[begin] == '{') return import_json(text, file, context);
  if (is_nccl_tests_text(text)) return import_nccl_tests_text(text, file, context);
  if (is_sailor_bandwidth_csv(text)) return read_sailor_bandwidth_csv(text, file, context);
  throw_bad_input(
      file +
      ": expected a document of kind bandwidth, nccl-tests' output (text with the head of its "
      "table, or JSON) or lines bytes,GB/s, found " +
      quote(lines_of(text).front()));
}

BandwidthDocument import_bandwidth(const std::filesystem::path& path,
                                   const ImportContext& context) {
  return import_bandwidth_text(read_file(path), path.string(), context);
}

}  // namespace sextant
