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

}  // namespace

std::optional<PublishedPlan> sailor_published(std::string_view figure, std::string_view cluster) {
  for (const PublishedPlan& plan : kPublished) {
    if (plan.figure == figure && plan.cluster == cluster) return plan;
  }
  return std::nullopt;
}

}  // namespace sextant
