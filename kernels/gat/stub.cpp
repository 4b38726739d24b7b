#include "kernels/gat/cpu_gat.h"
#include "heddle/device.h"
namespace heddle::kernels { HEDDLE_DECLARE_DEVICE(void head_scores(const HeadScoresArgs& args, Stream& stream);
                      void head_scores_backward(const HeadScoresBackwardArgs& args, float* partials, Stream& stream);
                      void gat_forward(const GatForwardArgs& args, Stream& stream);
                      void gat_backward(const GatBackwardArgs& args, float* records, Stream& stream))
namespace simt { void head_scores(const HeadScoresArgs&, Stream&){} void head_scores_backward(const HeadScoresBackwardArgs&, float*, Stream&){} void gat_forward(const GatForwardArgs&, Stream&){} void gat_backward(const GatBackwardArgs&, float*, Stream&){} } }
