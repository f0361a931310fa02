# Data sheets and what follows from them; needs models, but no measured profile.
sextant_library(sextant_roofline
  SOURCES gpu.cpp gpu_device_name.cpp roofline.cpp
  LINK sextant_model)
