#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/import/import_context.h"

namespace sextant {

/// Reads a measurement of links, whose format its content tells:
/// - a document `bandwidth` of ours, as it is (`context` is not asked);
/// - nccl-tests' text output, with or without what MPI or Slurm put before its lines, and its JSON;
/// - the Sailor artifact's data_<W>.csv, lines `bytes,GB/s`.
/// What is not ours has evidence `replayed` and times without a spread, except where nccl-tests was
/// told to report each iteration. Throws Error(kBadInput) with file and line (or JSON pointer)
/// where the content is none of these, is cut within a line, holds sizes out of order or twice,
/// times that are no positive numbers, or figures that contradict each other, and where it measured
/// nothing; also where it does not say what is needed, naming the option that would.
BandwidthDocument import_bandwidth(const std::filesystem::path& path, const ImportContext& context);
/// The same of a file's text; `file` stands for it in messages.
BandwidthDocument import_bandwidth_text(std::string_view text, const std::string& file,
                                        const ImportContext& context);

/// One document of several, as of the jobs of an array: a rank that is in several of them (same
/// host, device and identity) is one rank of the whole. Throws Error(kBadInput) naming both files
/// where they come of different tools, versions or backends, or measured the same sizes of the same
/// sweep.
BandwidthDocument merge_bandwidth(std::vector<BandwidthDocument> documents);

}  // namespace sextant
