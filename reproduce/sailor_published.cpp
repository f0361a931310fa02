#include "reproduce/sailor_published.h"

namespace sextant {

namespace {

// Measured with the artifact's unmodified planner and simulator (eth-easl/sailor, branch main at
// cf2c8e3, MIT): the first plan of its list that fits in memory and meets the constraint.
constexpr PublishedPlan kPublished[] = {
    {"fig7", "32xA100-40@us-central1-a", 0.125106558, 0.260995998},
    {"fig7", "80xA100-40@us-central1-a", 0.272243804, 0.299844392},
    {"fig7", "128xA100-40@us-central1-a", 0.417528004, 0.312815532},
    {"fig8a", "32xA100-40@us-central1-a+32xV100-16@us-central1-a", 0.135094416, 0.429880948},
    {"fig8a", "80xA100-40@us-central1-a+80xV100-16@us-central1-a", 0.243692002, 0.587403437},
    {"fig8a", "128xA100-40@us-central1-a+128xV100-16@us-central1-a", 0.417528004, 0.312815532},
    {"fig8b", "32xA100-40@us-central1-a+96xV100-16@us-central1-a", 0.169959666, 0.628844228},
    {"fig8b", "80xA100-40@us-central1-a+240xV100-16@us-central1-a", 0.360914479, 0.754464913},
    {"fig8b", "128xA100-40@us-central1-a+384xV100-16@us-central1-a", 0.522897909, 0.833194569},
    {"fig9a", "32xA100-40@us-central1-a+32xV100-16@us-central1-a", 0.0231674507, 2.50672879},
    {"fig9a", "80xA100-40@us-central1-a+80xV100-16@us-central1-a", 0.0517576423, 2.8051179},
    {"fig9a", "128xA100-40@us-central1-a+128xV100-16@us-central1-a", 0.0750685462, 3.0944793},
    {"fig9b", "32xA100-40@us-central1-a+96xV100-16@us-central1-a", 0.0262579915, 4.0703096},
    {"fig9b", "80xA100-40@us-central1-a+240xV100-16@us-central1-a", 0.0583007613, 4.63555768},
    {"fig9b", "128xA100-40@us-central1-a+384xV100-16@us-central1-a", 0.0891738037, 4.85136358},
    {"fig10",
     "32xA100-40@us-central1-a+32xA100-40@us-central1-b+32xA100-40@us-central1-c+32xA100-40@us-"
     "central1-f+32xA100-40@us-west1-b",
     0.414853388, 0.441135957},
    {"fig10",
     "80xA100-40@us-central1-a+80xA100-40@us-central1-b+80xA100-40@us-central1-c+80xA100-40@us-"
     "central1-f+80xA100-40@us-west1-b",
     0.727804895, 0.66800724},
    {"fig10",
     "128xA100-40@us-central1-a+128xA100-40@us-central1-b+128xA100-40@us-central1-c+128xA100-40@us-"
     "central1-f+128xA100-40@us-west1-b",
     1.01978155, 0.764232041},
    {"fig11",
     "128xA100-40@us-central1-a+128xA100-40@us-central1-b+128xV100-16@us-central1-a+128xV100-16@us-"
     "central1-b",
     0.234990305, 0.277903474},
    {"fig12",
     "128xA100-40@us-central1-a+128xA100-40@us-central1-b+128xV100-16@us-central1-a+128xV100-16@us-"
     "central1-b",
     0.662872978, 0.458240612},
};

struct SimulatedPlan {
  std::string_view machines;  ///< a GH200 configuration has one plan in both sets
  std::string_view config;
  PublishedPrediction prediction;
};

// The artifact's unmodified simulator, of the same revision, on its validation plan files with its
// own profile; the memory is what it reports, not what its fit check counts.
constexpr SimulatedPlan kSimulated[] = {
    {"gh200", "N1_D1_M4_G1", {0.082959, 10394447104}},
    {"gh200", "N1_D1_M4_G32", {2.640831, 10394447104}},
    {"gh200", "N2_D1", {0.624882388, 25593245952}},
    {"gh200", "N2_D2", {0.727115411, 13239148800}},
    {"gh200", "N4_D1", {1.57118327, 7880249600}},
    {"gh200", "N4_D2", {1.52301352, 8671691008}},
    {"gh200", "N4_D4", {1.03668748, 18928552192}},
    {"gh200", "N8_D2", {2.30006071, 23913287936}},
    {"gh200", "N8_D4", {2.2044978, 25593245952}},
    {"gh200", "N16_D4", {2.3032629, 23913287936}},
    {"gh200", "N16_D8", {2.20774342, 25593245952}},
    {"gh200", "N16_D16", {1.88366717, 30307358976}},
    {"gh200", "N32_D8", {1.24366175, 23913287936}},
    {"gh200", "N32_D16", {1.16689146, 25593245952}},
    {"gh200", "N32_D32", {0.963972026, 30307358976}},
    {"mit", "N2_D1", {120.951813, 15917172992}},
    {"mit", "N2_D2", {81.3149803, 20105208064}},
    {"mit", "N3_D1", {52.1079833, 8402744576}},
    {"mit", "N4_D1", {81.4365655, 8144684288}},
    {"mit", "N4_D2", {67.6605751, 8671851776}},
    {"mit", "N4_D4", {65.9878998, 9800352000}},
    {"mit", "N6_D2", {53.1463081, 8402744576}},
    {"mit", "N6_D3", {52.121509, 8671851776}},
    {"mit", "N6_D6", {51.4405985, 9800352000}},
};

}  // namespace

std::optional<PublishedPlan> sailor_published(std::string_view figure, std::string_view cluster) {
  for (const PublishedPlan& plan : kPublished) {
    if (plan.figure == figure && plan.cluster == cluster) return plan;
  }
  return std::nullopt;
}

std::optional<PublishedPrediction> sailor_published_prediction(std::string_view run) {
  const std::size_t slash = run.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view set = run.substr(0, slash);
  const std::string_view machines = set == "main" || set == "ae" ? "gh200" : set;
  for (const SimulatedPlan& plan : kSimulated) {
    if (plan.machines == machines && plan.config == run.substr(slash + 1)) return plan.prediction;
  }
  return std::nullopt;
}

}  // namespace sextant
