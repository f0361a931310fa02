#include "profiler/model/marks.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "profiler/model/saved_pointer.h"

namespace sextant::profiler {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class Mark : public torch::autograd::Function<Mark> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, std::string_view place,
                            Marks* marks) {
    marks->forward(place, static_cast<double>(x.nbytes()));
    save_pointer(context, "marks", marks);
    context->saved_data["place"] = std::string(place);
    // An alias, not a view: what follows may still work in place.
    return x.detach();
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    saved_pointer<Marks>(context, "marks")->backward(context->saved_data["place"].toStringRef());
    return {gradients[0], {}, {}};
  }
};

}  // namespace

at::Tensor mark(const at::Tensor& x, std::string_view place, Marks* marks) {
  return marks == nullptr ? x : Mark::apply(x, place, marks);
}

}  // namespace sextant::profiler
