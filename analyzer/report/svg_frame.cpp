#include "analyzer/report/svg_frame.h"

#include <vector>

#include <fmt/format.h>

#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

// Media queries, not variables: converters to PNG ignore the former and fail on the latter.
constexpr std::string_view kStyle =
    R"(<style>
.sx-back{fill:#ffffff}.sx-text{fill:#1f2328;font-family:'Helvetica Neue',Helvetica,Arial,sans-serif}
.sx-faint{fill:#59636e}.sx-value{stroke:#ffffff;stroke-width:3px;paint-order:stroke}.sx-mark{stroke:#1f2328}.sx-grid{stroke:#d1d9e0}.sx-axis{stroke:#59636e}
@media (prefers-color-scheme:dark){.sx-back{fill:#0d1117}.sx-text{fill:#f0f6fc}
.sx-faint{fill:#9198a1}.sx-value{stroke:#0d1117}.sx-mark{stroke:#f0f6fc}.sx-grid{stroke:#3d444d}.sx-axis{stroke:#9198a1}}
</style>
)";

/// What the bold letters of a heading are wider than those that text_width knows.
constexpr double kBold = 1.06;

}  // namespace

std::string_view chart_style() {
  return kStyle;
}

void SvgFrame::text(double x, double y, std::string_view anchor, double size,
                    std::string_view content, std::string_view style, std::string_view more) {
  body_ += fmt::format(
      "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\"{}>{}"
      "</text>\n",
      style, x, y, anchor, size, more, escape_xml(content));
}

void SvgFrame::upright(double x, double y, double size, std::string_view content, double room) {
  const std::vector<std::string> lines = wrap_text(content, size, room, 1);
  text(x, y, "middle", size, lines.empty() ? "" : lines.front(), "sx-text",
       fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x, y));
}

double SvgFrame::heading(std::string_view title) {
  double y = kMargin;
  for (const std::string& line : wrap_text(title, kTitleFont * kBold, inner_px(), 2)) {
    y += kTitleFont + 3;
    text(kMargin, y, "start", kTitleFont, line, "sx-text", " font-weight=\"600\"");
  }
  return y;
}

double SvgFrame::caption(double y, std::string_view evidence, std::string_view remarks) {
  std::string content = fmt::format("Evidence: {}.", evidence);
  if (!remarks.empty()) content += fmt::format(" {}", remarks);
  for (const std::string& line : wrap_text(content, kSmallFont, inner_px(), 4)) {
    y += kLineHeight;
    text(kMargin, y, "start", kSmallFont, line, "sx-text sx-faint");
  }
  return y;
}

std::string SvgFrame::framed(std::string_view title, double height_px,
                             std::string_view definitions) const {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\">\n<title>{2}</title>\n{3}{4}<rect "
      "class=\"sx-back\" width=\"100%\" height=\"100%\"/>\n{5}</svg>\n",
      width_px_, height_px, escape_xml(title), kStyle, definitions, body_);
}

}  // namespace sextant
