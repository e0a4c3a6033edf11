/* embed.c - loads a program, feeds it zeros and prints the first number of each output: embed MODEL.cameo
 * Build: cc embed.c -I<cameo>/include -lcameo_runtime */
#include "cameo/Runtime/cameo.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  cameo_program *program;
  cameo_context *context;
  cameo_error error;
  if (argc != 2)
    return fprintf(stderr, "usage: embed MODEL.cameo\n"), 2;
  if (cameo_program_load(argv[1], NULL, &program, &error) || cameo_context_create(program, NULL, &context, &error))
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
  for (uint64_t i = 0; i < cameo_program_num_outputs(program); ++i) {
    cameo_tensor output;
    cameo_context_output(context, i, &output, NULL);
    printf("%s: %s", cameo_program_output(program, i)->name, cameo_dtype_name(output.dtype));
    printf(output.dtype == CAMEO_F32 ? " %g\n" : "\n", output.dtype == CAMEO_F32 ? *(const float *)output.data : 0.0);
  }
  cameo_context_release(context);
  cameo_program_release(program);
  return 0;
}
