/* What of the library's published binary interface the vendor's Python wrapper uses: numbers and
   layouts of version 2.x on 64-bit machines, under names of our own. */

#include <stdint.h>

enum { MAX_DIMS = 16, NAME_BYTES = 256, VERSION_BYTES = 256, MAX_TENSORS = 16 };
enum { OK = 0, FAIL = -1, DEVICE_UNAVAILABLE = -3, PARAM_INVALID = -5, MODEL_INVALID = -6,
       CTX_INVALID = -7, INPUT_INVALID = -8, PLATFORM_UNMATCH = -13 };
enum { QUERY_IN_OUT_NUM = 0, QUERY_INPUT_ATTR = 1, QUERY_OUTPUT_ATTR = 2, QUERY_SDK_VERSION = 5,
       QUERY_INPUT_DYNAMIC_RANGE = 13 };
enum { FORMAT_NCHW = 0, FORMAT_NHWC = 1, FORMAT_UNDEFINED = 3 };
enum { TYPE_FLOAT16 = 1, TYPE_UINT8 = 3 };

typedef uint64_t rknn_context;

typedef struct {
    uint32_t n_input, n_output;
} in_out_num;

typedef struct {
    uint32_t index, n_dims, dims[MAX_DIMS];
    char name[NAME_BYTES];
    uint32_t n_elems, size;
    int32_t fmt, type, qnt_type;
    int8_t fl;
    int32_t zp;
    float scale;
    uint32_t w_stride, size_with_stride;
    uint8_t pass_through;
    uint32_t h_stride;
} tensor_attr;
_Static_assert(sizeof(tensor_attr) == 376, "as the wrapper passes it");

typedef struct {
    char api[VERSION_BYTES], driver[VERSION_BYTES];
} sdk_version;

typedef struct {
    uint32_t index;
    void *buf;
    uint32_t size;
    uint8_t pass_through;
    int32_t type, fmt;
} input;
_Static_assert(sizeof(input) == 32, "as the wrapper passes it");

typedef struct {
    uint8_t want_float, is_prealloc;
    uint32_t index;
    void *buf;
    uint32_t size;
} output;
_Static_assert(sizeof(output) == 24, "as the wrapper passes it");
