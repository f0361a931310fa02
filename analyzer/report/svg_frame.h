#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sextant {

/// Okabe and Ito's palette ("Color Universal Design", 2008), told apart by colour-blind readers,
/// with the yellow, which vanishes on white, replaced by a grey. Readable on both backgrounds.
inline constexpr std::array<std::string_view, 8> kPalette = {
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#7f7f7f"};

/// The <style> element of every chart: a page that holds several needs it once.
std::string_view chart_style();

/// What our charts share, for them to derive from: sizes, text, the heading, the caption and the
/// document around the drawing, which follows the reader's light or dark theme. Lengths are pixels;
/// y grows downwards. A drawing adds its elements to `body_` in the order in which they are
/// painted.
class SvgFrame {
 protected:
  static constexpr double kFont = 12;
  static constexpr double kSmallFont = 10.5;
  static constexpr double kTitleFont = 15;
  static constexpr double kMargin = 16;
  static constexpr double kLineHeight = 15;

  SvgFrame() = default;
  ~SvgFrame() = default;

  /// `anchor` is "start", "middle" or "end"; `style` names classes of the style sheet (sx-text,
  /// sx-faint, sx-value); `more` is added to the element as it is.
  void text(double x, double y, std::string_view anchor, double size, std::string_view content,
            std::string_view style, std::string_view more = "");
  /// One line that reads upwards, centred on (x, y) and cut to `room`.
  void upright(double x, double y, double size, std::string_view content, double room);
  /// The title at the top, in at most two lines of `width_px_`; returns where it ends.
  double heading(std::string_view title);
  /// Evidence and remarks under `y` in at most four lines of `width_px_`; returns where they end.
  double caption(double y, std::string_view evidence, std::string_view remarks);
  /// The whole document; `definitions` are put before the background.
  std::string framed(std::string_view title, double height_px,
                     std::string_view definitions = "") const;

  double inner_px() const { return width_px_ - 2 * kMargin; }

  double width_px_ = 0;
  std::string body_;
};

}  // namespace sextant
