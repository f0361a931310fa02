sextant_library(sextant_job SOURCES job.cpp LINK sextant_core sextant_model)
