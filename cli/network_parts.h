#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/import/import_context.h"
#include "analyzer/network/link_model.h"
#include "cli/commands.h"

namespace sextant::cli {

/// What the user says of a foreign file beside what it says itself.
struct ImportOptions {
  std::string op;
  std::string level;
  std::string gpu;
  std::string from_zone;
  std::string to_zone;
  std::string interconnect;
  int world_size = 0;  ///< 0 = not said
};

/// Adds --op, --world-size, --level, --gpu, --from-zone, --to-zone and --interconnect.
void add_import_options(CLI::App& command, ImportOptions& options);

/// For import_bandwidth(), with the shipped GPU types. Throws Error(kUsage) where options
/// contradict each other.
ImportContext import_context(const ImportOptions& options);

/// Which transfers `sextant network show --bytes` is asked for.
struct TransferQuestion {
  std::vector<std::string> bytes;
  std::string from;
  std::string to;
  std::string op;     ///< "" = send_recv
  std::string level;  ///< "" = the only one
  std::string gpu;    ///< "" = the only one
  int world_size = 0;

  bool asked() const {
    return !bytes.empty() || !from.empty() || !to.empty() || !op.empty() || !level.empty() ||
           !gpu.empty() || world_size != 0;
  }
};
void add_transfer_options(CLI::App& command, TransferQuestion& question);
/// Prints what they take. Throws Error(kUsage) where the question leaves open which link or
/// collective, Error(kBadInput) where the network does not know it.
int predict_transfers(const Network& network, const TransferQuestion& question,
                      const Session& session);

/// `sextant network show` of a document `bandwidth`.
int show_bandwidth(const BandwidthDocument& document, const Session& session);

/// Subcommands of `sextant network` that have a file of their own.
void add_network_import(CLI::App& network, Session& session);
/// Without Ceres it says what it lacks.
void add_network_fit(CLI::App& network, Session& session);
void add_network_compare(CLI::App& network, Session& session);

}  // namespace sextant::cli
