// Remembers which reasons the tests of this process produced, for the test bpf.reasons, which
// asks that some test produces each.
#pragma once

#include "bpf/shared/reason.h"

namespace fairlead::test {

// At the end of the process all reasons seen are written, a number a line, to
// FAIRLEAD_REASONS_FOLDER/<name of the test program>; the file of an earlier run is replaced.
// Nothing is written if none was seen.
void reason_seen(fl_reason reason);

}  // namespace fairlead::test
