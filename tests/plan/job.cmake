sextant_test(job_test SOURCES job_test.cpp LINK sextant_job)
