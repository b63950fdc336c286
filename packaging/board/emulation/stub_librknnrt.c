/* A stand-in for librknnrt.so on a computer without an NPU.

   Own code, written against the published binary interface of the library (names, numbers and
   layout of rknn_api.h), for the vendor's Python wrapper to load under emulation. It reads real
   .rknn files and checks them like the library, but its "network" is arithmetic that a test can
   repeat; README.md gives the formula. The environment variables read below make it misbehave and
   keep a record of the calls. */

#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "rknn_abi.h"

#ifndef STUB_VERSION
#define STUB_VERSION "2.5.0"
#endif

/* --- scripted misbehaviour and the record ----------------------------------------------------- */

/* Looked for in the file by those who want to know the version without loading it. */
__attribute__((used)) static const char banner[] = "librknnrt version: " STUB_VERSION " (stub)";

static int scripted(const char *name)
{
    const char *value = getenv(name);
    return value ? atoi(value) : OK;
}

static void scripted_pause(const char *name)
{
    for (struct timespec left = {scripted(name), 0}; left.tv_sec && nanosleep(&left, &left) != 0;)
        ;
}

static int scripted_output(const char *kind)
{
    const char *value = getenv("RKNN_STUB_OUTPUT");
    return value && strcmp(value, kind) == 0;
}

static void record(const char *format, ...)
{
    const char *path = getenv("RKNN_STUB_LOG");
    int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
    if (file < 0)
        return;
    char line[512];
    int used = snprintf(line, sizeof line, "{\"thread\": %ld, ", syscall(SYS_gettid));
    va_list values;
    va_start(values, format);
    used += vsnprintf(line + used, sizeof line - used, format, values);
    va_end(values);
    used += snprintf(line + used, sizeof line - used, "}\n");
    if (write(file, line, used) != used)
        abort();
    close(file);
}

/* --- contexts --------------------------------------------------------------------------------- */

typedef struct {
    uint64_t magic;
    uint32_t n_input, n_output;
    tensor_attr inputs[MAX_TENSORS], outputs[MAX_TENSORS];
    float *answers[MAX_TENSORS];
    uint8_t *picture;
    int picture_format, has_run;
} model;

static const uint64_t MAGIC = 0x6b736f696b;

static model *find(rknn_context context)
{
    model *found = (model *)(uintptr_t)context;
    return found && found->magic == MAGIC ? found : NULL;
}

static int describe(tensor_attr *attr, const char *tensor, uint32_t index, int is_input)
{
    const char *sizes = member(tensor, "size");
    memset(attr, 0, sizeof *attr);
    attr->index = index;
    attr->n_elems = 1;
    for (const char *size; attr->n_dims < MAX_DIMS && (size = element(sizes, attr->n_dims));) {
        attr->dims[attr->n_dims++] = number(size);
        attr->n_elems *= number(size);
    }
    attr->size = attr->n_elems * 2;
    attr->type = TYPE_FLOAT16;
    attr->fmt = attr->n_dims == 4 ? FORMAT_NCHW : FORMAT_UNDEFINED;
    attr->scale = 1;
    snprintf(attr->name, NAME_BYTES, "tensor%d", number(member(tensor, "tensor_id")));
    if (is_input && attr->n_dims == 4) {
        uint32_t channels = attr->dims[1];
        attr->dims[1] = attr->dims[2];
        attr->dims[2] = attr->dims[3];
        attr->dims[3] = channels;
        attr->fmt = FORMAT_NHWC;
    }
    return attr->n_dims > 0 && attr->n_elems > 0;
}

static int read_graph(model *made, const char *tree)
{
    const char *edges = member(tree, "graph"), *tensors = member(tree, "norm_tensor"), *edge;
    for (int i = 0; (edge = element(edges, i)); i++) {
        int is_input = is_text(member(edge, "left"), "input");
        if (!is_text(member(edge, "right"), "norm_tensor"))
            continue;
        uint32_t *count = is_input ? &made->n_input : &made->n_output;
        tensor_attr *attr = (is_input ? made->inputs : made->outputs) + *count;
        const char *tensor;
        int wanted = number(member(edge, "right_tensor_id")), j = 0;
        while ((tensor = element(tensors, j)) && number(member(tensor, "tensor_id")) != wanted)
            j++;
        if (*count == MAX_TENSORS || !tensor || !describe(attr, tensor, *count, is_input))
            return 0;
        ++*count;
    }
    return made->n_input == 1 && made->inputs[0].n_dims == 4 && made->n_output > 0;
}

/* Chips that take each other's files count as one. */
static int family(const char *name)
{
    int chip = strncmp(name, "rk", 2) == 0 ? atoi(name + 2) : 0;
    return chip == 3566 ? 3568 : chip;
}

static int fits_chip(const char *tree)
{
    char names[1024] = {0};
    int file = open("/proc/device-tree/compatible", O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, names, sizeof names - 1);
    if (file >= 0)
        close(file);
    const char *targets = member(tree, "target_platform"), *target;
    for (int i = 0; (target = element(targets, i)); i++)
        for (const char *at = names; at < names + length; at += strlen(at) + 1) {
            const char *chip = strchr(at, ',');
            if (chip && family(chip + 1) && family(chip + 1) == family(target + 1))
                return 1;
        }
    return 0;
}

static int is_newer(const char *tree)
{
    int file_major = 0, file_minor = 0, own_major = 0, own_minor = 0;
    const char *version = member(tree, "version");
    if (version)
        sscanf(version + 1, "%d.%d", &file_major, &file_minor);
    sscanf(STUB_VERSION, "%d.%d", &own_major, &own_minor);
    return file_major * 1000 + file_minor > own_major * 1000 + own_minor;
}

static int open_model(model *made, const uint8_t *bytes, uint64_t size)
{
    uint64_t length, described;
    if (size < 72 || memcmp(bytes, "RKNN", 4) != 0)
        return MODEL_INVALID;
    memcpy(&length, bytes + 16, 8);
    if (length > size - 72)
        return MODEL_INVALID;
    memcpy(&described, bytes + 64 + length, 8);
    if (described > size - 72 - length)
        return MODEL_INVALID;
    char *tree = calloc(1, described + 1);
    memcpy(tree, bytes + 72 + length, described);
    int status = OK;
    if (is_newer(tree)) {
        fputs("E RKNN: Invalid RKNN model version 6\nE RKNN: Invalid RKNN format!\n", stderr);
        status = MODEL_INVALID;
    } else if (!fits_chip(tree)) {
        status = PLATFORM_UNMATCH;
    } else if (!read_graph(made, tree)) {
        status = MODEL_INVALID;
    }
    free(tree);
    return status;
}

static void dispose(model *made)
{
    for (uint32_t i = 0; i < made->n_output; i++)
        free(made->answers[i]);
    free(made->picture);
    made->magic = 0;
    free(made);
}

/* --- the "network" ---------------------------------------------------------------------------- */

enum { BANDS = 64, CHANNELS = 3 };

static void compute(model *made)
{
    const tensor_attr *attr = &made->inputs[0];
    uint32_t pixels = attr->dims[1] * attr->dims[2], count[BANDS] = {0};
    double sums[BANDS][CHANNELS] = {{0}};
    for (uint32_t p = 0; p < pixels; p++) {
        uint32_t band = (uint64_t)p * BANDS / pixels;
        count[band]++;
        for (uint32_t c = 0; c < CHANNELS; c++)
            sums[band][c] += made->picture_format == FORMAT_NCHW ? made->picture[c * pixels + p]
                                                                 : made->picture[p * CHANNELS + c];
    }
    for (uint32_t band = 0; band < BANDS; band++)
        for (uint32_t c = 0; c < CHANNELS; c++)
            sums[band][c] /= 255.0 * count[band];
    for (uint32_t i = 0; i < made->n_output; i++)
        for (uint32_t k = 0; k < made->outputs[i].n_elems; k++)
            made->answers[i][k] = 2 * sums[k % BANDS][k % CHANNELS]
                                  - sums[(7 * k + 1) % BANDS][(k + 1) % CHANNELS] + 0.01 * (i + 1);
}

/* --- what the wrapper calls ------------------------------------------------------------------- */

int rknn_init(rknn_context *context, void *bytes, uint32_t size, uint32_t flag, void *extend)
{
    (void)extend;
    scripted_pause("RKNN_STUB_INIT_PAUSE_S");
    int status = scripted("RKNN_STUB_INIT");
    model *made = calloc(1, sizeof *made);
    if (status == DEVICE_UNAVAILABLE)
        fputs("E RKNN: failed to open rknpu module, need to insmod rknpu dirver!\n", stderr);
    if (status == OK)
        status = open_model(made, bytes, size);
    if (status == OK) {
        made->magic = MAGIC;
        made->picture = calloc(1, made->inputs[0].n_elems);
        for (uint32_t i = 0; i < made->n_output; i++)
            made->answers[i] = calloc(made->outputs[i].n_elems, sizeof(float));
        *context = (uintptr_t)made;
    } else {
        dispose(made);
    }
    record("\"call\": \"init\", \"context\": %llu, \"bytes\": %u, \"flag\": %u, \"status\": %d",
           status == OK ? (unsigned long long)*context : 0, size, flag, status);
    return status;
}

int rknn_destroy(rknn_context context)
{
    model *made = find(context);
    record("\"call\": \"destroy\", \"context\": %llu", (unsigned long long)context);
    if (!made)
        return CTX_INVALID;
    dispose(made);
    return OK;
}

int rknn_query(rknn_context context, int command, void *info, uint32_t size)
{
    model *made = find(context);
    if (!made)
        return CTX_INVALID;
    if (command == QUERY_IN_OUT_NUM && size == sizeof(in_out_num)) {
        *(in_out_num *)info = (in_out_num){made->n_input, made->n_output};
        return OK;
    }
    if ((command == QUERY_INPUT_ATTR || command == QUERY_OUTPUT_ATTR)
        && size == sizeof(tensor_attr)) {
        int is_input = command == QUERY_INPUT_ATTR;
        tensor_attr *attr = info;
        if (attr->index >= (is_input ? made->n_input : made->n_output))
            return PARAM_INVALID;
        *attr = (is_input ? made->inputs : made->outputs)[attr->index];
        return OK;
    }
    if (command == QUERY_SDK_VERSION && size == sizeof(sdk_version)) {
        const char *driver = getenv("RKNN_STUB_DRIVER");
        snprintf(((sdk_version *)info)->api, VERSION_BYTES, "%s (stub)", STUB_VERSION);
        snprintf(((sdk_version *)info)->driver, VERSION_BYTES, "%s", driver ? driver : "0.9.8");
        return OK;
    }
    record("\"call\": \"query\", \"command\": %d, \"size\": %u", command, size);
    return command == QUERY_INPUT_DYNAMIC_RANGE ? MODEL_INVALID : PARAM_INVALID;
}

int rknn_set_core_mask(rknn_context context, int mask)
{
    record("\"call\": \"set_core_mask\", \"context\": %llu, \"mask\": %d",
           (unsigned long long)context, mask);
    return find(context) ? scripted("RKNN_STUB_MASK") : CTX_INVALID;
}

int rknn_inputs_set(rknn_context context, uint32_t n_inputs, input inputs[])
{
    model *made = find(context);
    if (!made)
        return CTX_INVALID;
    record("\"call\": \"inputs_set\", \"context\": %llu, \"inputs\": %u, \"bytes\": %u, "
           "\"type\": %d, \"format\": %d, \"pass_through\": %u",
           (unsigned long long)context, n_inputs, inputs[0].size, inputs[0].type, inputs[0].fmt,
           inputs[0].pass_through);
    int status = scripted("RKNN_STUB_SET");
    if (status != OK)
        return status;
    if (n_inputs != 1 || inputs[0].type != TYPE_UINT8 || inputs[0].pass_through)
        return INPUT_INVALID;
    uint32_t room = made->inputs[0].n_elems;
    memcpy(made->picture, inputs[0].buf, inputs[0].size < room ? inputs[0].size : room);
    made->picture_format = inputs[0].fmt;
    return OK;
}

int rknn_run(rknn_context context, void *extend)
{
    (void)extend;
    model *made = find(context);
    if (!made)
        return CTX_INVALID;
    record("\"call\": \"run\", \"context\": %llu", (unsigned long long)context);
    scripted_pause("RKNN_STUB_RUN_PAUSE_S");
    int status = scripted("RKNN_STUB_RUN");
    if (status == OK && !(made->has_run && scripted_output("stuck")))
        compute(made);
    made->has_run = 1;
    return status;
}

int rknn_outputs_get(rknn_context context, uint32_t n_outputs, output outputs[], void *extend)
{
    (void)extend;
    model *made = find(context);
    if (!made)
        return CTX_INVALID;
    int status = scripted("RKNN_STUB_GET");
    if (status != OK)
        return status;
    for (uint32_t i = 0; i < n_outputs; i++) {
        output *given = &outputs[i];
        uint32_t index = given->is_prealloc ? given->index : i;
        if (index >= made->n_output || !given->want_float)
            return PARAM_INVALID;
        uint32_t bytes = made->outputs[index].n_elems * sizeof(float);
        if (given->is_prealloc && given->size < bytes)
            return PARAM_INVALID;
        if (!given->is_prealloc) {
            given->index = index;
            given->buf = malloc(bytes);
            given->size = bytes;
        }
        float *values = memcpy(given->buf, made->answers[index], bytes);
        if (scripted_output("zero"))
            memset(values, 0, bytes);
        if (scripted_output("nan"))
            values[0] = NAN;
    }
    return OK;
}

int rknn_outputs_release(rknn_context context, uint32_t n_outputs, output outputs[])
{
    for (uint32_t i = 0; i < n_outputs; i++)
        if (!outputs[i].is_prealloc)
            free(outputs[i].buf);
    return find(context) ? OK : CTX_INVALID;
}

/* Releases before 1.5 lack it. */
#ifndef STUB_WITHOUT_INPUT_SHAPES
int rknn_set_input_shapes(rknn_context context, uint32_t n_inputs, tensor_attr attr[])
{
    (void)n_inputs;
    (void)attr;
    return find(context) ? PARAM_INVALID : CTX_INVALID;
}
#endif
