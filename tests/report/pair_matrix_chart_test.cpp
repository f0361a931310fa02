#include "analyzer/report/pair_matrix_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PairMatrixChart chart() {
  return {.title = "pairs",
          .unit = "GB/s",
          .evidence = "measured-gpu",
          .caption = "",
          .ends = {"a", "<b>"},
          .cells = {{0, 1, 10}, {1, 0, 5, true, "half of the usual"}}};
}

TEST(PairMatrixChart, ColoursCellsAndFramesWhatStandsOut) {
  const std::string text = svg(chart());
  // The ends of viridis, and the remark of the one in a frame.
  EXPECT_THAT(text, HasSubstr("fill=\"#fde725\"><title>a to &lt;b&gt;: 10.0 GB/s</title>"));
  EXPECT_THAT(text, HasSubstr("fill=\"#440154\" stroke=\"#d55e00\" stroke-width=\"3\"><title>"
                              "&lt;b&gt; to a: 5.00 GB/s, half of the usual</title>"));
  EXPECT_THAT(text, HasSubstr("Rows send, columns receive. Framed: stands out."));
  EXPECT_THAT(text, HasSubstr("Evidence: measured-gpu."));
  PairMatrixChart quiet = chart();
  quiet.cells[1].stands_out = false;
  EXPECT_THAT(svg(quiet), Not(HasSubstr("Framed")));
}

TEST(PairMatrixChart, LeavesOutNamesAndValuesThatHaveNoRoom) {
  PairMatrixChart many = chart();
  many.ends.assign(96, "somebody");
  EXPECT_THAT(svg(many), Not(HasSubstr(">somebody<")));
  EXPECT_THAT(svg(many), Not(HasSubstr("class=\"sx-cell\"")));
  EXPECT_THAT(svg(chart()), HasSubstr("class=\"sx-cell\""));
}

TEST(PairMatrixChart, RefusesWhatCannotBeDrawn) {
  PairMatrixChart bad = chart();
  bad.cells[0].to = 2;
  EXPECT_THROW(svg(bad), Error);
  bad = chart();
  bad.cells[0].value = -1;
  EXPECT_THROW(svg(bad), Error);
  bad.cells.clear();
  EXPECT_THROW(svg(bad), Error);
}

}  // namespace
}  // namespace sextant
