#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "analyzer/cluster/cluster_document.h"
#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/network/import/read_sweeps.h"
#include "analyzer/network/network_document.h"
#include "analyzer/report/fit_chart.h"
#include "analyzer/report/write_plot.h"
#include "analyzer/training/shipped_gpus.h"
#include "cli/network_parts.h"
#ifdef SEXTANT_NETWORK_FIT
#include "analyzer/network/fit/network_fit.h"
#endif

namespace sextant::cli {

namespace {

struct Arguments {
  std::vector<std::string> sweeps;
  std::string model = "auto";
  ImportOptions foreign;  ///< its operation is also the only one that is fitted
  std::string name;
  std::string output;
  std::string update;
  std::string cluster;
  std::string plot;
};

#ifdef SEXTANT_NETWORK_FIT

using Align = Table::Align;

std::string percent(double part) {
  return part < 1 ? fmt::format("{:.2g} %", 100 * part) : fmt::format("{:.0f} %", 100 * part);
}

/// Seconds, bytes and bytes/s as people read them, by the coefficient's name.
std::string with_unit(const std::string& name, double value) {
  if (name.ends_with("bytes_per_s")) return format_bandwidth(value);
  if (name.ends_with("_s")) return format_seconds(value);
  if (name.ends_with("bytes")) return format_bytes(value);
  return fmt::format("{:.4g}", value);
}

std::string coefficients_text(const std::string& title, const FitRecord& record) {
  std::string out = title + "\n";
  for (const FitRecord::Coefficient& one : record.coefficients) {
    out += fmt::format("  {} = {}{}\n", one.name, with_unit(one.name, one.value),
                       one.standard_error ? " ± " + with_unit(one.name, *one.standard_error)
                                          : std::string(" (not determined by these points)"));
  }
  return out;
}

std::string fits_table(const NetworkFit& fit) {
  Table table({{"link or collective", Align::kLeft},
               {"model", Align::kLeft},
               {"from"},
               {"to"},
               {"sizes"},
               {"sweeps"},
               {"spread"},
               {"median residual"},
               {"largest"},
               {"evidence", Align::kLeft}});
  for (const FittedCurve& curve : fit.curves) {
    const FitRecord& record = curve.record;
    const auto& spread = record.spread_between_sweeps;
    table.add_row({curve.title, std::string(curve.model.kind_name()),
                   format_bytes(curve.model.low_bytes()), format_bytes(curve.model.high_bytes()),
                   std::to_string(record.points), std::to_string(record.sweeps),
                   spread ? percent(*spread) : "-", percent(record.median_residual),
                   percent(record.largest_residual), std::string(to_string(curve.evidence))});
  }
  return table.text();
}

std::string candidates_table(const NetworkFit& fit) {
  std::vector<Table::Column> columns = {{"a size left out, median error", Align::kLeft}};
  for (const auto& one : fit.curves.front().record.candidates) columns.push_back({one.model});
  Table table(columns);
  for (const FittedCurve& curve : fit.curves) {
    std::vector<std::string> row = {curve.title};
    for (const FitRecord::Candidate& one : curve.record.candidates) {
      row.push_back(one.left_out_median ? percent(*one.left_out_median) : "-");
    }
    table.add_row(std::move(row));
  }
  return table.text();
}

std::string terms_text(const NetworkFit& fit) {
  std::string out;
  for (const CollectiveClass& one : fit.content.collectives) {
    if (!one.terms) continue;
    const std::string title =
        fmt::format("{} of {}, {}, other world sizes from ring and tree", to_string(one.op),
                    one.gpu.empty() ? "any GPU" : one.gpu, to_string(one.level));
    out += coefficients_text(title, one.terms->fit);
    bool worlds = false;
    for (const FitRecord::HeldOut& part : one.terms->fit.held_out) {
      worlds = worlds || part.what.starts_with("world size");
      out += fmt::format("  error on {}: median {}, largest {}\n", part.what,
                         percent(part.median_error), percent(part.largest_error));
    }
    if (!worlds) out += "  error on other world sizes: not tested, there is one only\n";
  }
  return out;
}

std::string text_of(const NetworkFit& fit) {
  std::string out;
  if (!fit.curves.empty()) {
    out += fits_table(fit) + "\n" + candidates_table(fit) + "\n";
    out += "Coefficients ± standard error\n";
  }
  for (const FittedCurve& curve : fit.curves) out += coefficients_text(curve.title, curve.record);
  return out + terms_text(fit);
}

OrderedJson json_of(const NetworkFit& fit, OrderedJson network) {
  OrderedJson out = {{"schema", schema_id("network_fit")}, {"fits", OrderedJson::array()}};
  for (const FittedCurve& curve : fit.curves) {
    OrderedJson points = OrderedJson::array();
    for (const FitPoint& point : curve.points) {
      points.push_back({{"bytes", bytes_json(point.bytes)},
                        {"time_s", point.time_s},
                        {"fitted_s", curve.model.transfer_s(point.bytes)}});
    }
    out["fits"].push_back({{"title", curve.title},
                           {"model", curve.model.kind_name()},
                           {"evidence", to_string(curve.evidence)},
                           {"fit", fit_record_json(curve.record)},
                           {"points", std::move(points)}});
  }
  out["problems"] = fit.problems;
  out["network"] = std::move(network);
  return out;
}

std::string svg_of(const NetworkFit& fit) {
  FitChart chart{.title = "Fitted links and collectives",
                 .x_label = "message",
                 .y_label = "time",
                 .evidence = "",
                 .caption = "Below each: fitted less measured, as a part of measured.",
                 .panels = {}};
  Evidence weakest = Evidence::kMeasuredGpu;
  for (const FittedCurve& curve : fit.curves) {
    weakest = weaker(weakest, curve.evidence);
    FitChart::Panel panel{.title = curve.title,
                          .remark = fmt::format("{}, median residual {}", curve.model.kind_name(),
                                                percent(curve.record.median_residual)),
                          .dots = {},
                          .curve = {},
                          .band = 2 * curve.record.residual_scale};
    for (const FitPoint& point : curve.points) {
      const double fitted_s = curve.model.transfer_s(point.bytes);
      panel.dots.push_back({point.bytes, point.time_s, fitted_s / point.time_s - 1});
    }
    constexpr int kSteps = 240;
    const double low = std::log(curve.points.front().bytes);
    const double high = std::log(curve.points.back().bytes);
    for (int i = 0; i <= kSteps; ++i) {
      const double bytes = std::exp(low + (high - low) * i / kSteps);
      const double time_s = curve.model.transfer_s(bytes);
      // The artifact's quadratic is negative for small messages; there is nothing to draw there.
      if (time_s > 0 && std::isfinite(time_s)) panel.curve.push_back({bytes, time_s});
    }
    if (!panel.curve.empty()) chart.panels.push_back(std::move(panel));
  }
  chart.evidence = to_string(weakest);
  return svg(chart);
}

std::optional<LinkModel::Kind> kind_of(const std::string& model) {
  if (model == "auto") return std::nullopt;
  if (model == "quadratic") return LinkModel::Kind::kQuadraticLog2Mb;
  const auto& names = LinkModel::kKindNames;
  const auto found = std::find(names.begin(), names.end(), model);
  return static_cast<LinkModel::Kind>(found - names.begin());
}

/// The network that is written: what was fitted, entered into the one that is there.
struct Result {
  OrderedJson network;
  OrderedJson written;  ///< a network or a cluster
};

Result result_of(const Arguments& arguments, const NetworkFit& fit) {
  NetworkContent content = fit.content;
  std::shared_ptr<const Network> old;
  Cluster cluster;
  if (!arguments.update.empty()) old = read_network(arguments.update);
  if (!arguments.cluster.empty()) {
    cluster = read_cluster(arguments.cluster, shipped_gpu);
    old = cluster.network;
  }
  if (const auto* document = dynamic_cast<const NetworkDocument*>(old.get())) {
    content = document->content();
    content.update(fit.content);
    content.source =
        content.source.empty() ? fit.content.source : content.source + "; " + fit.content.source;
    if (!arguments.name.empty()) content.name = arguments.name;
  }
  Result result{network_json(content), {}};
  result.written = arguments.cluster.empty() ? result.network : to_json(cluster, result.network);
  return result;
}

int fit(const Arguments& arguments, const Session& session) {
  if (!arguments.update.empty() && !arguments.cluster.empty()) {
    throw_usage("--cluster brings its own network; leave out --update");
  }
  if (arguments.output.empty() && !(arguments.update.empty() && arguments.cluster.empty())) {
    throw_usage("--update and --cluster need -o: what they name is not overwritten by itself");
  }
  if (!arguments.plot.empty()) check_plot_name(arguments.plot);
  NetworkFitOptions options;
  options.model = kind_of(arguments.model);
  if (!arguments.foreign.op.empty()) {
    options.op = communication_op_from(arguments.foreign.op);
  }
  const std::string stem = std::filesystem::path(arguments.output).stem().string();
  options.name = !arguments.name.empty() ? arguments.name : stem.empty() ? "fitted" : stem;
  const NetworkFit fit = fit_network(read_sweeps({arguments.sweeps.begin(), arguments.sweeps.end()},
                                                 import_context(arguments.foreign)),
                                     options);
  const Result result = result_of(arguments, fit);
  if (!arguments.output.empty()) {
    write_file_atomically(arguments.output, json_text(result.written));
  }
  if (!arguments.plot.empty()) {
    if (fit.curves.empty()) throw_bad_input("nothing to plot: no curve could be fitted");
    write_plot(arguments.plot, svg_of(fit));
  }
  print(session.json ? json_text(json_of(fit, result.network)) : text_of(fit));
  for (const std::string& problem : fit.problems) {
    fmt::print(stderr, "sextant: note: {}\n", problem);
  }
  return fit.problems.empty() ? 0 : static_cast<int>(ErrorCode::kPartial);
}

#else

int fit(const Arguments&, const Session&) {
  throw_usage("this sextant was built without Ceres, which fits need; ./setup installs it");
}

#endif

}  // namespace

void add_network_fit(CLI::App& network, Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      network.add_subcommand("fit", "Fit links and collectives to bandwidths that were measured");
  command
      ->add_option(
          "SWEEP", arguments->sweeps,
          "Bandwidth documents, other files that `network import` reads, or directories of "
          "documents, as an array of jobs leaves them")
      ->required();
  command->add_option("-o,--output", arguments->output, "Network document to write");
  command
      ->add_option("--model", arguments->model,
                   "By default the one that predicts sizes best that were left out")
      ->check(CLI::IsMember({"auto", "latency_bandwidth", "segments", "saturating", "quadratic"}));
  add_import_options(*command, arguments->foreign);
  command->get_option("--op")->description(
      "Only this operation, as in all_reduce; and what a foreign file measured that does not say");
  command->add_option("--name", arguments->name, "Of the network; by default the output's");
  command->add_option("--update", arguments->update,
                      "Network document whose links are kept where they were not measured");
  command->add_option("--cluster", arguments->cluster,
                      "Cluster document to write to -o with this network in it");
  command->add_option("--plot", arguments->plot, "Draw points, fit, band and residuals")
      ->type_name("FILE.svg|png");
  add_common_options(*command, session);
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return fit(*arguments, session); };
  });
}

}  // namespace sextant::cli
