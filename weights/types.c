#include "weights/weights.h"

static const struct {
    const char *name;
    size_t bytes;
} TYPES[WEIGHT_TYPES] = {
    [WEIGHT_F32] = {"F32", 4}, [WEIGHT_F64] = {"F64", 8}, [WEIGHT_F16] = {"F16", 2}, [WEIGHT_BF16] = {"BF16", 2},
    [WEIGHT_I32] = {"I32", 4}, [WEIGHT_I64] = {"I64", 8}, [WEIGHT_U8] = {"U8", 1},   [WEIGHT_BOOL] = {"BOOL", 1},
    [WEIGHT_I8] = {"I8", 1},   [WEIGHT_I16] = {"I16", 2},
};

const char *weight_type_name(weight_type type)
{
    return TYPES[type].name;
}

size_t weight_type_bytes(weight_type type)
{
    return TYPES[type].bytes;
}
