#include "analyzer/cluster/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kPrices = R"({
  "schema": "sextant/prices/1.0", "date": "2026-02-28", "source": "a list",
  "gpus": [
    {"gpu": "A100", "zone": "a", "usd_per_gpu_hour": 3, "spot_usd_per_gpu_hour": 1.25},
    {"gpu": "A100-40", "zone": "*", "usd_per_gpu_hour": 4, "source": "elsewhere"},
    {"gpu": "X1", "zone": "b", "usd_per_gpu_hour": 0.5}],
  "egress_usd_per_gb": {"a": {"b": 0.02, "*": 0.05}, "*": {"b": 0.07, "*": 0.11}}
})";

GpuDefaults resolve(std::string_view name) {
  if (name == "A100" || name == "A100-40") return {"A100-40", 40e9, 9, 8};
  throw_bad_input("no GPU type " + quote(name));
}

GpuPool pool(const std::string& gpu, const std::string& zone, double usd_per_hour) {
  GpuPool out;
  out.gpu = gpu;
  out.zone = zone;
  out.count = 4;
  out.usd_per_hour = usd_per_hour;
  return out;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

class Prices : public testing::Test {
 protected:
  PriceList prices_of(std::string_view text = kPrices) {
    folder_.write("prices.json", text);
    return read_prices(folder_.path() / "prices.json", resolve);
  }
  TemporaryFolder folder_;
};

TEST_F(Prices, OfTheZoneGoBeforeThoseOfAnyZone) {
  const PriceList prices = prices_of();
  EXPECT_EQ(prices.date, "2026-02-28");
  EXPECT_EQ(prices.gpu("A100-40", "a")->on_demand, 3);
  EXPECT_EQ(prices.gpu("A100-40", "z")->on_demand, 4);
  EXPECT_EQ(prices.gpu("X1", "z"), nullptr);
}

TEST_F(Prices, OfEgressGoFromBothZonesToAnySenderAndReceiver) {
  const PriceList prices = prices_of();
  EXPECT_DOUBLE_EQ(*prices.egress("a", "b"), 2e-11);
  EXPECT_DOUBLE_EQ(*prices.egress("a", "c"), 5e-11);
  EXPECT_DOUBLE_EQ(*prices.egress("c", "b"), 7e-11);
  EXPECT_DOUBLE_EQ(*prices.egress("c", "d"), 11e-11);
  // Any zone is not the same zone.
  EXPECT_FALSE(prices.egress("b", "b"));
}

TEST_F(Prices, StandInThePlaceOfTheClusters) {
  Cluster cluster;
  cluster.name = "site";
  cluster.pools = {pool("A100-40", "a", 0), pool("A100-40", "b", 7), pool("V100-16", "b", 2)};
  note_missing_price(cluster, "A100-40");
  cluster.egress_usd_per_byte[{"b", "a"}] = 1;
  apply_prices(prices_of(), Tariff::kOnDemand, cluster);
  EXPECT_EQ(cluster.pools[0].usd_per_hour, 3);
  EXPECT_EQ(cluster.pools[1].usd_per_hour, 4);
  EXPECT_EQ(cluster.pools[2].usd_per_hour, 2);  // the list has none
  EXPECT_DOUBLE_EQ(cluster.egress("a", "b"), 2e-11);
  EXPECT_DOUBLE_EQ(cluster.egress("b", "a"), 11e-11);
  EXPECT_EQ(cluster.egress("b", "b"), 0);
  EXPECT_EQ(cluster.price_date, "2026-02-28");
  EXPECT_EQ(cluster.price_source, "a list");
  EXPECT_THAT(cluster.notes, Contains(HasSubstr("has no price of V100-16@b: the cluster's own")));
  EXPECT_THAT(cluster.notes, Not(Contains(HasSubstr("counts as free"))));
}

TEST_F(Prices, OfSpotGpusCountWhereThereAreSome) {
  Cluster cluster;
  cluster.pools = {pool("A100-40", "a", 9), pool("A100-40", "b", 9)};
  apply_prices(prices_of(), Tariff::kSpot, cluster);
  EXPECT_EQ(cluster.pools[0].usd_per_hour, 1.25);
  EXPECT_EQ(cluster.pools[1].usd_per_hour, 4);
  EXPECT_EQ(cluster.price_source, "a list (spot)");
  EXPECT_THAT(cluster.notes, Contains(HasSubstr("no spot price of A100-40@b: the on-demand")));
  EXPECT_THAT(cluster.notes, Contains(HasSubstr("may be taken away at any time")));

  const auto refused = [&](std::vector<GpuPool> pools, Tariff tariff, const char* message) {
    Cluster other;
    other.pools = std::move(pools);
    try {
      apply_prices(prices_of(), tariff, other);
      FAIL() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("prices.json: expected "));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  };
  refused({pool("A100-40", "b", 9)}, Tariff::kSpot, "found none of A100-40@b");
  refused({pool("V100-16", "a", 9)}, Tariff::kOnDemand, "found none of V100-16@a");
}

TEST_F(Prices, AreAskedForByPool) {
  Cluster cluster;
  cluster.name = "site";
  cluster.pools = {pool("A100-40", "a", 1), pool("X1", "b", 0), pool("X2", "b", 0)};
  cluster.pools[2].count = 0;  // a quota of nothing needs no price
  try {
    require_prices(cluster, "objective cost");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("prices missing: objective cost needs"));
    EXPECT_THAT(error.what(), HasSubstr("no price of X1@b;"));
  }
  cluster.pools[1].usd_per_hour = 1;
  EXPECT_NO_THROW(require_prices(cluster, "objective cost"));
}

TEST_F(Prices, SayWhereTheirDocumentIsWrong) {
  const auto refuses = [&](std::string_view what, std::string_view by, const char* message) {
    try {
      prices_of(replaced(kPrices, what, by));
      FAIL() << "expected an error: " << by;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("prices.json at "));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  };
  refuses("prices/1.0", "cluster/1.0", "sextant/prices/1.x");
  for (const char* date : {"2026-02-29", "2026-13-01", "2026-1-010", "26-02-28", "2026/02/28"}) {
    refuses("2026-02-28", date, "\"/date\": expected a date YYYY-MM-DD");
  }
  refuses("\"date\": \"2026-02-28\",", "", "\"date\"");
  refuses("\"a list\"", "\"\"", "/source");
  refuses("\"usd_per_gpu_hour\": 3", "\"usd_per_gpu_hour\": 0", "/gpus/0/usd_per_gpu_hour");
  refuses("1.25", "-1", "/gpus/0/spot_usd_per_gpu_hour");
  refuses("\"usd_per_gpu_hour\": 4", "\"usd_per_gpu_hour\": 40000", "at most 10,000");
  refuses("\"zone\": \"*\"", "\"zone\": \"a\"", "one price for each GPU type and zone");
  refuses("\"usd_per_gpu_hour\": 4", "\"usd_per_hour\": 4", "usd_per_gpu_hour");
  refuses("0.02", "-0.02", "/egress_usd_per_gb/a/b");
  const std::string text = kPrices;
  const std::size_t begin = text.find("\"gpus\": [") + 9;
  refuses(text.substr(begin, text.find("],") - begin), "",
          "\"/gpus\": expected at least one price");
}

// Sailor's simulator and its communication_cost.json.
TEST(ShippedPrices, AreThoseOfTheirSource) {
  const PriceList prices = read_prices(source_path() + "/profiles/prices/google-cloud.json", {});
  EXPECT_EQ(prices.gpu("A100-40", "us-west1-b")->on_demand, 3.673385);
  EXPECT_EQ(prices.gpu("V100-16", "us-central1-a")->on_demand, 2.859998);
  EXPECT_DOUBLE_EQ(*prices.egress("us-central1-a", "us-central1-f"), 0.01e-9);
  EXPECT_DOUBLE_EQ(*prices.egress("us-west1-b", "us-central1-c"), 0.02e-9);
  for (const auto& [key, price] : prices.gpus) EXPECT_FALSE(price.spot) << key.first;
}

}  // namespace
}  // namespace sextant
