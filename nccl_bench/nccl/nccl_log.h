#pragma once

#include <map>
#include <string>
#include <string_view>

namespace sextant::bench {

/// How NCCL says in its log (NCCL_DEBUG=INFO) that ranks are connected.
struct NcclChoices {
  /// From rank to rank, in NCCL's words: "P2P/CUMEM", "SHM/direct/direct", "NET/IB/0".
  std::map<std::pair<int, int>, std::string> transports;
  std::string network;    ///< "IB", "Socket", a plug-in's name; "" where none was needed
  std::string interface;  ///< devices of the network: "[0]mlx5_0:1/IB [1]mlx5_1:1/IB"
  std::string bootstrap;  ///< where ranks met: "eth0:10.0.0.1<0>"

  /// The distinct transports, sorted, with commas between.
  std::string transport_text() const;
};

/// Reads NCCL's log; what it does not say stays empty. Lines of other kinds are passed over.
NcclChoices read_nccl_log(std::string_view log);

/// NCCL's log of this process in a temporary file of its own. Make it before the first call of
/// NCCL; where the user has set NCCL_DEBUG, that stays as it is and choices() are empty.
class NcclLog {
 public:
  NcclLog();
  ~NcclLog();
  NcclLog(const NcclLog&) = delete;
  NcclLog& operator=(const NcclLog&) = delete;

  NcclChoices choices() const;

 private:
  std::string file_;  ///< "" = none
};

}  // namespace sextant::bench
