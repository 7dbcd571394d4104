/* tensor - libtorch behind a C interface: arrays, gradients, and who owns them.
 *
 * Ownership. Every tensor an operation returns belongs to the innermost open scope of the thread and is freed when that
 * scope closes; nothing here is freed by hand except what was taken out with t_keep. Scopes nest, one stack a thread.
 * An operation without an open scope fails.
 *
 * Errors are sticky, so that expressions nest: an operation given NULL returns NULL, and an operation that fails
 * returns NULL and keeps the first failure (operation, shapes of its inputs, libtorch's reason). Until it has come out,
 * operations of the thread do nothing and return NULL. It comes out at the next function that returns a status:
 * t_check, t_backward, t_item_f32 and so on. No C++ exception passes this boundary.
 *
 * Everything is recorded for gradients when an input requires one, unless grad_pause is in force.
 * Negative dimensions count from the end, as in PyTorch; semantics of an operation are those of the PyTorch operation
 * named in its line. `T *` arguments are borrowed. Unless a line says otherwise failures are ERR_INTERNAL (shapes that
 * do not fit) or ERR_MEMORY.
 */
#ifndef MAGISTER_TENSOR_TENSOR_H
#define MAGISTER_TENSOR_TENSOR_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tensor tensor;
typedef struct scope scope;

typedef enum { T_F32, T_F64, T_F16, T_BF16, T_I32, T_I64, T_U8, T_BOOL } t_type;
typedef enum { T_CPU, T_CUDA } t_device;
typedef enum { T_MEAN, T_SUM, T_NONE } t_reduction;

enum { T_DIM_MAX = 8, T_IGNORE = -100 }; /* T_IGNORE: label that counts for nothing in t_cross_entropy */

/* ---- set-up ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *device; /* "auto", "cpu" or "cuda"; decided before any other torch call */
    int device_index;   /* which GPU */
    int threads;        /* of each operation; >= 1 */
    bool deterministic; /* deterministic algorithms only */
    bool tfloat32;      /* a GPU rounds what products and convolutions of float32 read to 10 bits after the point */
} t_options;

/* Before anything else here. The first call decides the device for the process ("auto": the GPU when there is one that
 * can be used); later ones set the rest again. Errors: ERR_CONFIG when "cuda" is asked for and not there, or when there
 * is no GPU of that index. */
status t_start(const t_options *options);

t_device t_device_used(void);
const char *t_library_version(void); /* "2.11.0" */
const char *t_cpu_capability(void);  /* "AVX512" ...: part of what makes results bitwise equal */

/* What the driver says of GPUs, without waking one up; to be asked before or after t_start. */
typedef struct {
    int count;        /* that this process may use; 0 without driver */
    int driver;       /* newest CUDA the driver can do, 13000 for 13.0 */
    bool library;     /* libtorch's CUDA half is beside its CPU half */
    char name[96];    /* of the GPU asked for; "" when there is none of this number */
    char bus[32];     /* its place on the machine, "0000:41:00.0" */
    char uuid[33];    /* 32 hex digits: no other GPU, nor part of one, has them */
    double gigabytes; /* its memory */
} t_gpu;

void t_gpu_ask(int index, t_gpu *out);

/* Seeds libtorch's generators (initialisation). Dropout does not use them: see dropout_begin. */
void t_seed(uint64_t seed);

/* Tensors alive in this process, parameters included: zero at the end of every test. */
size_t t_live_count(void);

/* ---- scopes and errors ------------------------------------------------------------------------------------------- */

scope *scope_open(void);
void scope_close(scope **sc);                /* frees all it owns; sets *sc to NULL; NULL is fine */
tensor *scope_promote(scope *sc, tensor *x); /* moves x from `sc` to the scope outside it; returns x */
tensor *t_keep(tensor *x);                   /* takes x out of its scope: the caller owns it, frees with t_free */
void t_free(tensor **x);                     /* for kept tensors only */

/* OK, or the first failure since the last status (and forgets it). Also fails when x is NULL without one. */
status t_check(const tensor *x);

/* ---- making and reading ------------------------------------------------------------------------------------------ */

/* shape: (dims); data is copied to the device in use. */
tensor *t_from_f32(const float *data, const int64_t *shape, int dims);
tensor *t_from_i64(const int64_t *data, const int64_t *shape, int dims);
tensor *t_from_bytes(t_type type, const void *data, const int64_t *shape, int dims);

/* Instead of t_from_bytes for what is large: memory of the host to be filled, its bytes undefined, from which the
 * device takes the tensor without a copy in between. It must not be written once it was sent. */
tensor *t_staging(t_type type, const int64_t *shape, int dims);
void *t_staging_memory(tensor *staging); /* borrowed; NULL for NULL */
tensor *t_staging_send(tensor *staging);

tensor *t_zeros(t_type type, const int64_t *shape, int dims);
tensor *t_full(t_type type, const int64_t *shape, int dims, double value);
tensor *t_randn(const int64_t *shape, int dims); /* from the generator of t_seed */
tensor *t_arange(int64_t end);                   /* (end) int64 */
#define SHAPE(...) ((const int64_t[]){__VA_ARGS__}), (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

int t_dims(const tensor *x);              /* 0 for a scalar and for NULL */
int64_t t_size(const tensor *x, int dim); /* 0 for NULL */
int64_t t_count(const tensor *x);         /* elements */
t_type t_type_of(const tensor *x);

status t_item_f32(const tensor *x, float *out); /* x: one element */
status t_item_f64(const tensor *x, double *out);
status t_to_f32(const tensor *x, float *out, size_t count); /* all elements, row major, converted */
status t_to_i64(const tensor *x, int64_t *out, size_t count);
status t_to_bytes(const tensor *x, void *out, size_t bytes); /* raw, in its own type */
float *t_data_f32(tensor *x);                                /* borrowed; CPU, contiguous float32 only, else NULL */
status t_assign(tensor *to, const tensor *from); /* values in place, converted; same shape; nothing is recorded */

/* Rows 0 ... rows - 1 of x (V, D) whose L2 norm exceeds `most` are scaled in place by most / (norm + 1e-7), as
 * embeddings with max_norm do; nothing is recorded. */
status t_renorm_rows(tensor *x, int64_t rows, double most);

/* ---- shape ------------------------------------------------------------------------------------------------------- */

tensor *t_reshape(tensor *x, const int64_t *shape, int dims); /* one -1 allowed */
tensor *t_transpose(tensor *x, int a, int b);
tensor *t_permute(tensor *x, const int64_t *order, int dims);
tensor *t_contiguous(tensor *x);
tensor *t_unsqueeze(tensor *x, int dim);
tensor *t_squeeze(tensor *x, int dim);
tensor *t_expand(tensor *x, const int64_t *shape, int dims); /* -1 keeps a size */
tensor *t_narrow(tensor *x, int dim, int64_t start, int64_t length);
tensor *t_select(tensor *x, int dim, int64_t index);
tensor *t_cat(tensor *const *x, int count, int dim);
tensor *t_stack(tensor *const *x, int count, int dim);
tensor *t_index_select(tensor *x, int dim, tensor *index); /* index: (n) int64 */
tensor *t_gather(tensor *x, int dim, tensor *index);
tensor *t_index_add(tensor *x, int dim, tensor *index, tensor *source);
tensor *t_cast(tensor *x, t_type type);
tensor *t_detach(tensor *x);
tensor *t_clone(tensor *x);

/* ---- arithmetic (broadcasts) ------------------------------------------------------------------------------------- */

tensor *t_add(tensor *a, tensor *b);
tensor *t_sub(tensor *a, tensor *b);
tensor *t_mul(tensor *a, tensor *b);
tensor *t_div(tensor *a, tensor *b);
tensor *t_scale(tensor *x, double by);
tensor *t_shift(tensor *x, double by); /* x + by */
tensor *t_pow(tensor *x, double exponent);
tensor *t_neg(tensor *x);
tensor *t_exp(tensor *x);
tensor *t_log(tensor *x);
tensor *t_sqrt(tensor *x);
tensor *t_tanh(tensor *x);
tensor *t_sigmoid(tensor *x);
tensor *t_relu(tensor *x);
tensor *t_gelu(tensor *x);      /* exact (erf) */
tensor *t_gelu_tanh(tensor *x); /* GPT-2's approximation */
tensor *t_matmul(tensor *a, tensor *b);
tensor *t_sum(tensor *x, int dim, bool keep);
tensor *t_mean(tensor *x, int dim, bool keep);
tensor *t_max(tensor *x, int dim); /* values only */
tensor *t_argmax(tensor *x, int dim);
tensor *t_sum_all(tensor *x);
tensor *t_mean_all(tensor *x);
tensor *t_topk(tensor *x, int64_t k, tensor **indices); /* last dimension, sorted; indices int64, may be NULL */
tensor *t_eq(tensor *a, tensor *b);
tensor *t_where(tensor *condition, tensor *a, tensor *b);
tensor *t_masked_fill(tensor *x, tensor *mask, double value);

/* ---- network operations ------------------------------------------------------------------------------------------ */

tensor *t_softmax(tensor *x, int dim);
tensor *t_log_softmax(tensor *x, int dim);
tensor *t_linear(tensor *x, tensor *weight, tensor *bias);                 /* weight (out, in); bias (out) or NULL */
tensor *t_embedding(tensor *weight, tensor *ids);                          /* weight (V, D); ids int64 any shape */
tensor *t_layer_norm(tensor *x, tensor *weight, tensor *bias, double eps); /* over the last dimension */

/* Pictures are (N, C, H, W), contiguous or with channels last in memory (a permuted (N, H, W, C)); the result lies in
 * memory as its input does. Windows are square, steps the same both ways, and zeros stand outside of a picture. */

/* weight (out, C, K, K); bias (out) or NULL; -> (N, out, (H + 2 padding - K) / stride + 1, ...) */
tensor *t_conv2d(tensor *x, tensor *weight, tensor *bias, int64_t stride, int64_t padding);

/* Norm over each sample's groups of channels, (N, C, ...): a sample does not depend on its batch. weight and bias (C)
 * or NULL. */
tensor *t_group_norm(tensor *x, int64_t groups, tensor *weight, tensor *bias, double eps);

/* Means of windows of `height` x `width` that stand side by side; what is left over at the far edges is dropped. */
tensor *t_avg_pool2d(tensor *x, int64_t height, int64_t width);

/* The greatest of windows of `size` x `size`, `stride` apart; -> (N, C, (H + 2 padding - size) / stride + 1, ...) */
tensor *t_max_pool2d(tensor *x, int64_t size, int64_t stride, int64_t padding);

/* Every pixel as a square of `factor` x `factor`: (N, C, factor H, factor W). */
tensor *t_upsample_nearest(tensor *x, int64_t factor);

/* Means of whole pictures: (N, C, 1, 1). (Over a grid of windows a GPU's gradients would not repeat.) */
tensor *t_global_avg_pool2d(tensor *x);

/* The same values with channels last in memory (a copy where they are not): what CPUs convolve fastest. x (N, C, H, W)
 */
tensor *t_channels_last(tensor *x);

/* Sines (even columns) and cosines (odd) of positions (Vaswani et al. 2017): (length, width) float32, a constant. */
tensor *t_sinusoids(int64_t length, int64_t width);

/* Scaled dot-product attention. q (B, H, Tq, D), k and v (B, H, Tk, D) -> (B, H, Tq, D). mask: NULL, or broadcastable
 * to (B, H, Tq, Tk), bool with true = may look; `causal` masks the future (mask must then be NULL). */
tensor *t_attention(tensor *q, tensor *k, tensor *v, tensor *mask, bool causal);

/* Dropout whose masks depend on the sample and not on the batch it is in: element e of row b at the n-th dropout since
 * dropout_begin is kept or not by hash(key[b], n, e). So any number of ranks and any padding draw the same masks.
 * x: (B, ...) with B equal to the count given to dropout_begin (or to a multiple: row r uses key r / (rows / B)).
 * Outside of dropout_begin ... dropout_end, and for p = 0, x is returned. Kept values are scaled by 1 / (1 - p). */
void dropout_begin(const uint64_t *keys, size_t count); /* keys: (B) copied; this thread */
void dropout_end(void);
tensor *t_dropout(tensor *x, double p); /* counts as one of the n even for p = 0 */

/* Keys that several dropouts share; a GPU gets them once. New, NULL is the sticky failure. */
typedef struct mask_keys mask_keys;
mask_keys *mask_keys_new(const uint64_t *keys, size_t count); /* (count) copied */
void mask_keys_free(mask_keys **keys);

/* Dropout at a `site` that the caller numbers. With heads 0 the rows of x are as for t_dropout. Otherwise x is
 * (count, heads, places, ...) and each place of a head has a key of its own: hash(hash(hash(key, site), head), place).
 */
tensor *t_dropout_keyed(tensor *x, double p, mask_keys *keys, uint64_t site, int64_t heads, int64_t places);

/* Batch norms (module.h) use the statistics of what they are given between these, in training. share: samples of the
 * slice over those of the whole step. This thread. */
void batch_norm_begin(double share);
void batch_norm_end(void);

/* function(self, x), without keeping what lies between x and the result: backward computes it again, with the same
 * dropout and norms. `self` must live until then. Less memory for a second forward pass. */
typedef tensor *(*t_function)(void *self, tensor *x);
tensor *t_recompute(t_function function, void *self, tensor *x);

/* Cross entropy. logits (N, C); labels (N) int64, T_IGNORE counts for nothing; class_weight (C) or NULL.
 * T_MEAN divides by the sum of the weights of the labels that count, as PyTorch does. */
tensor *t_cross_entropy(tensor *logits, tensor *labels, tensor *class_weight, double label_smoothing,
                        t_reduction reduction);
tensor *t_mse(tensor *a, tensor *b, t_reduction reduction);
tensor *t_cosine_similarity(tensor *a, tensor *b, int dim, double eps);
tensor *t_normalize(tensor *x, int dim, double eps); /* x / max(|x|_2, eps) */

/* ---- gradients --------------------------------------------------------------------------------------------------- */

/* Accumulates gradients of `loss` (one element) in the parameters it came from; a first failure on the way to the loss
 * comes out here. */
status t_backward(tensor *loss);

/* The same, and what was recorded stays: other losses that share a part of it may follow. */
status t_backward_keep(tensor *loss);

tensor *t_require_grad(tensor *x); /* makes x a leaf that collects a gradient; returns x */
tensor *t_grad(tensor *x);         /* its gradient itself, no copy (a temporary of the scope); NULL when none */
void grad_pause(void);             /* nested; no recording until grad_resume, this thread */
void grad_resume(void);

/* bf16 (or f16) where PyTorch's autocast would use it, between begin and end; nests. */
void autocast_begin(t_type type);
void autocast_end(void);

#ifdef __cplusplus
}
#endif
#endif
