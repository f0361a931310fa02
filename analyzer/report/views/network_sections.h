#pragma once

#include "analyzer/network/network_content.h"
#include "analyzer/report/html/html_page.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

/// Links and collectives of a network: tables of latency and bandwidth, coefficients with their
/// standard errors, how each was fitted; and pictures. A curve whose measurements are among the
/// report's inputs (kind `bandwidth`) is drawn through them with its residuals, another one over
/// the sizes for which it holds.
void add_network_content(const NetworkContent& content, const ReportInputs& inputs,
                         HtmlSection& section);

/// Its tables of links and collectives alone.
void add_network_tables(const NetworkContent& content, HtmlSection& section);

/// The weakest class of its links and collectives; "" where there is none.
std::string network_evidence(const NetworkContent& content);

/// One coefficient with its unit, which its name tells: "latency_s", "bandwidth_bytes_per_s".
std::string coefficient_text(const std::string& name, double value);

/// Coefficients, candidates and residuals of fits, each under its title.
void add_fit_records(const std::vector<std::pair<std::string, const FitRecord*>>& records,
                     HtmlSection& section);

}  // namespace sextant
