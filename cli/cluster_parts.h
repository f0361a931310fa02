#pragma once

#include <filesystem>
#include <string>

#include "analyzer/cluster/cluster.h"
#include "analyzer/core/json_document.h"
#include "cli/commands.h"

namespace sextant::cli {

/// Declares `sextant cluster discover`.
void add_cluster_discover(CLI::App& cluster, Session& session);

/// Declares `sextant cluster generate`.
void add_cluster_generate(CLI::App& cluster, Session& session);

/// `path` as the document at `output` ("" = one in the working directory) must name it.
std::string relative_to_document(const std::filesystem::path& path, const std::string& output);

/// Writes the document to `output` and says so, or prints it where that is "" or --json was given.
void write_cluster(const Cluster& cluster, OrderedJson network, const std::string& output,
                   const Session& session);

}  // namespace sextant::cli
