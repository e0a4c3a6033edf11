// cameo-run - runs a compiled program or an ONNX model; see cameo-run --help.
// Links the runtime and no part of the compiler: this executable and a program file are all that another machine needs.
#include "cameo-run/Interrupt.h"
#include "cameo-run/Options.h"
#include "cameo-run/Run.h"
#include "cameo-run/UserError.h"
#include <cstdio>
#include <new>

int main(int argc, char **argv) {
  using namespace cameo::run;
  try {
    std::optional<Options> options = parseOptions(argc, argv);
    if (!options)
      return int(Success);
    installInterruptHandler();
    return runProgram(*options);
  } catch (const UserError &error) {
    fprintf(stderr, "cameo: error[%s]: %s\n", error.code.c_str(), error.what());
    return int(error.exitCode);
  } catch (const std::bad_alloc &) {
    fprintf(stderr, "cameo: error[E-MEMORY]: out of memory\n");
    return int(LimitExceeded);
  } catch (const std::exception &error) {
    fprintf(stderr, "cameo: error[E-INTERNAL]: %s; please report it\n", error.what());
    return int(InternalError);
  }
}
