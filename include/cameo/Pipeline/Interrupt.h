// Interrupt.h - what a tool does about SIGINT and SIGTERM.
#ifndef CAMEO_PIPELINE_INTERRUPT_H
#define CAMEO_PIPELINE_INTERRUPT_H

namespace cameo {

/// From here on SIGINT and SIGTERM remove the temporary files of compilations in progress and end the process with exit
/// code 9 (ExitCode::Cancelled); a closed pipe or a file size limit is an error where the write happens, no signal.
/// Call it once, before any thread is started.
void handleInterrupts();

} // namespace cameo
#endif
