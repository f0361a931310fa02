sextant_library(sextant_plan
  SOURCES plan.cpp plan_json.cpp artifact_plan.cpp schedule.cpp
  LINK sextant_core)
