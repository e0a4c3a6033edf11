/* embed_static.c - the same with the model linked in: no file, no dlopen.
 * cameo-compile MODEL.onnx --emit=static-lib -o libmodel.a writes libmodel.a and a header that declares
 * cameo_model_program. Build: cc -DMODEL=cameo_model_program embed_static.c libmodel.a -I<cameo>/include
 * -lcameo_runtime -lstdc++ -lpthread -ldl -lm */
#include "cameo/Runtime/cameo.h"
#include <stdio.h>
#include <stdlib.h>

extern const cameo_program_info MODEL;

int main(void) {
  cameo_program *program;
  cameo_context *context;
  cameo_error error;
  if (cameo_program_from_static(&MODEL, NULL, &program, &error) ||
      cameo_context_create(program, NULL, &context, &error))
    return fprintf(stderr, "%s\n", error.message), 1;
  for (uint64_t i = 0; i < cameo_program_num_inputs(program); ++i) {
    const cameo_value_info *input = cameo_program_input(program, i);
    int64_t dims[CAMEO_MAX_RANK];
    for (uint32_t axis = 0; axis < input->rank; ++axis)
      dims[axis] = input->dims[axis] < 0 ? 1 : input->dims[axis]; /* size 1 where it is free */
    size_t bytes = cameo_tensor_bytes(input->dtype, dims, input->rank);
    cameo_tensor zeros = {calloc(bytes + 1, 1), input->dtype, input->rank, dims}; /* freed with the process */
    if (cameo_context_set_input(context, i, &zeros, &error))
      return fprintf(stderr, "%s\n", error.message), 1;
  }
  if (cameo_context_run(context, &error))
    return fprintf(stderr, "%s\n", error.message), 1;
  for (uint64_t i = 0; i < cameo_program_num_outputs(program); ++i)
    printf("%s\n", cameo_program_output(program, i)->name);
  cameo_context_release(context);
  cameo_program_release(program);
  return 0;
}
