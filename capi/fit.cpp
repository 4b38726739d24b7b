#include "heddle/fit.h"

#include <memory>
#include <optional>
#include <utility>

#include "capi/call.h"
#include "capi/handles.h"
#include "heddle/saved_model.h"

using heddle::capi::begin_handle;
using heddle::capi::guarded;
using heddle::capi::need;

heddle_status heddle_fit(const char* kind, const heddle_setting* settings, int64_t setting_count, const heddle_data* data,
                         const heddle_device* device, const heddle_fit_options* options, heddle_bundle** bundle) {
  return guarded([&] {
    constexpr const char* function = "heddle_fit";
    begin_handle(bundle, function, "bundle");
    need(kind, function, "kind");
    need(data, function, "data");
    need(device, function, "device");
    const heddle_fit_options asked = options == nullptr ? heddle_fit_options{} : *options;
    heddle::require(asked.hold_out >= 0 && asked.hold_out < 1, heddle::ErrorKind::usage, function, ": hold_out is ",
                    asked.hold_out, ", it must be from 0 to below 1");
    const heddle::Settings given = heddle::capi::settings_of(settings, setting_count, function);
    const heddle::FitPlan plan = heddle::plan_fit(heddle::find_kind(kind, heddle::Task::recommend), given);
    plan.check(data->data, asked.seed);
    heddle::Fitted<heddle::Recommender> fitted = heddle::fit(plan, data->data,
                                                             {.device = device->device,
                                                              .seed = asked.seed,
                                                              .progress = heddle::capi::progress_for(asked.progress, asked.user),
                                                              .hold_out = asked.hold_out});
    const std::optional<heddle::Error> diverged = fitted.report.diverged;
    const bool interrupted = fitted.report.interrupted;
    *bundle = new heddle_bundle{heddle::Bundle::of(std::move(fitted), data->data)};
    // Told last: the caller has what was reached.
    if (diverged) throw heddle::Error(*diverged);
    heddle::require(!interrupted, heddle::ErrorKind::interrupted, function, ": ",
                    heddle::unfinished_text((*bundle)->bundle.saved().metadata));
  });
}
