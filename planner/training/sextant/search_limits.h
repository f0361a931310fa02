#pragma once

#include <cstddef>
#include <cstdint>

namespace sextant::search {

/// The bound of other objectives seldom meets the best plan, which is found early.
inline constexpr std::uint64_t kDefaultEvaluations = 100'000'000;
inline constexpr std::uint64_t kDefaultEvaluationsOfOthers = 6'000'000;
/// Of clusters of more pools; there each takes longer.
inline constexpr std::size_t kManyPools = 16;
inline constexpr std::uint64_t kDefaultEvaluationsOfMany = 30'000'000;
/// Ways to group zones that are tried; each takes memory that grows with the zones.
inline constexpr std::size_t kMostGroupings = 64;
inline constexpr std::size_t kMostGroupingsOfMany = 12;
/// Candidates of a round: more than cores, and so many that few rounds are needed.
inline constexpr std::size_t kRound = 8;
/// How far above its bound a candidate is looked into first.
inline constexpr double kFirstStep = 0.01;
inline constexpr double kLongestStep = 0.1;
/// Evaluations that one look into a candidate may take; more after it was cut short.
inline constexpr std::uint64_t kEvaluationsOfOneLook = 2'000'000;
inline constexpr int kMostCutShort = 2;
/// Part of the budget after which it shows how the bound rises.
inline constexpr std::uint64_t kPartToJudgeBy = 40;
/// Where plans are sought without proof: the best finds of quick looks, and replica counts so near
/// to theirs.
inline constexpr std::size_t kMostCentres = 32;
inline constexpr double kNearSize = 2;
inline constexpr std::size_t kMostBeams = 400;
inline constexpr std::uint64_t kEvaluationsOfABeam = 250'000;
/// Labels kept per layer and option where a plan is wanted quickly, and where the best is sought
/// without proof.
inline constexpr std::size_t kQuickBeam = 2;
inline constexpr std::size_t kWideBeam = 16;
inline constexpr std::uint64_t kQuickEvaluations = 60'000;
inline constexpr std::size_t kMostToSurvey = 192;
inline constexpr std::size_t kMostStocksToSurvey = 64;
/// How far the formula of an inexact view may be from what its estimator predicts.
inline constexpr double kInexactness = 0.05;
/// And where that found nothing.
inline constexpr double kMoreRoom = 2;
/// Ranges of turns for objectives that are not of time alone.
inline constexpr double kTurnRange = 1.12;
/// A bound this close to the best plan is met.
inline constexpr double kProved = 1e-9;
inline constexpr int kMostRefusals = 64;
inline constexpr std::size_t kMostAlternatives = 12;
/// Plans that are improved step by step, and how many steps are judged.
inline constexpr std::size_t kMostToImprove = 6;
inline constexpr std::uint64_t kMostJudgements = 600;
/// For the plans of one GPU type with a part of the batch.
inline constexpr std::uint64_t kEvaluationsOfAPart = 300'000;

}  // namespace sextant::search
