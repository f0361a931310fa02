#include "analyzer/core/table.h"

#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

TEST(Table, AlignsByCodePointsAndLeavesNoTrailingBlanks) {
  Table table({{"name", Table::Align::kLeft}, {"µs", Table::Align::kRight}});
  EXPECT_TRUE(table.empty());
  table.add_row({"größe", "1"});
  table.add_row({"a", "100"});
  EXPECT_EQ(table.text(),
            "name    µs\n"
            "-----  ---\n"
            "größe    1\n"
            "a      100\n");
  Table left({{"a", Table::Align::kLeft}, {"b", Table::Align::kLeft}});
  left.add_row({"x", ""});
  EXPECT_EQ(left.text(), "a  b\n-  -\nx\n");
}

TEST(Table, RefusesARowOfAnotherWidth) {
  Table table({{"a"}, {"b"}});
  EXPECT_THROW(table.add_row({"1"}), Error);
}

TEST(Format, Seconds) {
  EXPECT_EQ(format_seconds(0), "0 s");
  EXPECT_EQ(format_seconds(1e300), "1.16e+295 days");
  EXPECT_EQ(format_seconds(1.2345e-2), "12.3 ms");
  EXPECT_EQ(format_seconds(4.56), "4.56 s");
  EXPECT_EQ(format_seconds(2.5e-6), "2.50 µs");
  EXPECT_EQ(format_seconds(0.99999), "1.00 s");
  EXPECT_EQ(format_seconds(119), "119 s");
  EXPECT_EQ(format_seconds(125), "2 min 05 s");
  EXPECT_EQ(format_seconds(3720), "1 h 02 min");
  EXPECT_EQ(format_seconds(3599.7), "1 h 00 min");  // not 60 min
  EXPECT_EQ(format_seconds(10 * 86400.0), "10.0 days");
}

TEST(Format, BytesAndBandwidths) {
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(123e6), "123 MB");
  EXPECT_EQ(format_bytes(4.56e9), "4.56 GB");
  EXPECT_EQ(format_bytes(999.9e6), "1.00 GB");
  EXPECT_EQ(format_gib(42949672960.0), "40.0 GiB");
  EXPECT_EQ(format_bandwidth(1.56e9), "1.56 GB/s");
}

TEST(Format, Counts) {
  EXPECT_EQ(format_count(0.261), "0.261");
  EXPECT_EQ(format_count(99.96), "100");  // three digits, not four
  EXPECT_EQ(format_count(1234), "1,234");
  EXPECT_EQ(format_count(12.3e6), "12.3 M");
  EXPECT_EQ(format_count(-1234), "-1,234");
  EXPECT_EQ(format_count(175e9), "175 G");
}

TEST(Csv, QuotesWhatWouldBreakALine) {
  EXPECT_EQ(csv_field("32xA100-40@zone"), "32xA100-40@zone");
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

}  // namespace
}  // namespace sextant
