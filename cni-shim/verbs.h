// What each CNI verb does.
#pragma once

#include "cni-shim/call.h"

namespace fairlead::cni {

// One run as a CNI plugin. With CNI_COMMAND unset, says what this is. Whatever comes in, `output`
// is what the specification asks for: a result, nothing, or an error object with `status` 1.
Reply run_cni(const Call& call);

// After an ADD whose result could not be written: nobody knows of it, so it is taken back.
void take_back(const Call& call);

}  // namespace fairlead::cni
