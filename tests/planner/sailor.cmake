sextant_test(sailor_planner_test
  SOURCES sailor_planner_test.cpp sailor_search_parts_test.cpp
  LINK sextant_planner_sailor sextant_training rapidcheck)
