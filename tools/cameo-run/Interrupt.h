// Interrupt.h - SIGINT and SIGTERM end the run or the compiler in an orderly way: temporary files go, the exit code
// is 9.
#pragma once
#include "cameo/Runtime/cameo.h"
#include <sys/types.h>

namespace cameo::run {

void installInterruptHandler();
/// Whom a signal is passed on to; null or 0 for nobody.
void setInterruptedContext(cameo_context *context);
void setInterruptedChild(pid_t child);
/// UserError(E-CANCELLED) when a signal has come.
void throwIfInterrupted();

} // namespace cameo::run
