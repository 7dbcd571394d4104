/* module - parameters with names, and the layers made of them.
 *
 * A module owns its parameters and its children; names join with dots ("encoder.layer.0.attention.query.weight"), and
 * the order of parameters is the order of creation: the same on every rank. Parameters are leaves on the device in use,
 * float32 unless the root was made otherwise, and belong to no scope. A layer is a module with its own forward
 * function; composite models keep their module as the root and borrow the children they made.
 *
 * Functions that make a child return it borrowed (NULL on failure, sticky: the failure comes out at the next status).
 */
#ifndef MAGISTER_TENSOR_MODULE_H
#define MAGISTER_TENSOR_MODULE_H

#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct module module;

typedef struct {
    enum { INIT_ZEROS, INIT_ONES, INIT_NORMAL, INIT_UNIFORM } kind;
    double scale; /* deviation of INIT_NORMAL, half width of INIT_UNIFORM */
} t_init;

module *module_new(void);                               /* a root; the caller frees it */
module *module_new_of(t_type type);                     /* the same, of T_F32 or T_F64 with all below it */
void module_free(module **m);                           /* with all children; NULL is fine */
module *module_child(module *parent, const char *name); /* new empty child, owned by the parent */

/* New parameter of `m`, owned by it; drawn from the generator of t_seed on the CPU, so equal on every device. In
 * float64 it gets the numbers of float32, so that two models of either type begin alike. */
tensor *module_parameter(module *m, const char *name, const int64_t *shape, int dims, t_init init);

/* New buffer of `m`: a tensor that belongs to the model but is not trained (running statistics). It is listed, saved,
 * loaded and compared as parameters are; optimisers and norms of gradients pass it by, and it has no part in
 * module_element_count. Its "gradient" collects, over slices and ranks like the others, what the step moves it by. */
tensor *module_buffer(module *m, const char *name, const int64_t *shape, int dims, t_init init);
bool module_is_buffer(const module *m, size_t i);

void module_draw(tensor *parameter, t_init init); /* anew; of a bias that is not to start at 0, say */

size_t module_parameter_count(const module *m);               /* tensors, children included */
size_t module_element_count(const module *m);                 /* numbers, without those of buffers */
tensor *module_parameter_at(const module *m, size_t i);       /* borrowed */
const char *module_parameter_name(const module *m, size_t i); /* borrowed, full name below m */
tensor *module_find(const module *m, const char *name);       /* borrowed; NULL when there is none (no failure) */
void module_freeze(module *m);                                /* no gradients from here on */

/* The same for those whose names are `prefix` or begin with it and a dot ("cnn", "blocks.0"); how many there were. */
size_t module_freeze_below(module *m, const char *prefix);

/* averages (parameters), of the parameters' shapes: each moves the part `rest` of its way to the parameter, all in few
 * steps of a GPU. */
status module_average(const module *m, tensor *const *averages, double rest);

/* ---- gradients ----------------------------------------------------------------------------------------------------
 * Every parameter has its gradient from the start, zero: the buffer stays the same for life, backward adds to it. */

void module_zero_grad(module *m); /* in place; before the forward pass, in which buffers begin to collect */

/* The gradient of parameter i, contiguous, shaped as the parameter: borrowed; NULL on a GPU, when frozen, and in
 * float64. */
float *module_grad_data(module *m, size_t i);

/* Makes `storage` (as many floats as parameter i; CPU) the gradient of parameter i, so that gradients of many
 * parameters lie in one bucket; what the gradient holds is copied there. The storage is borrowed and must outlive the
 * module or be given back with NULL, which takes memory of our own again. Errors: ERR_INTERNAL on a GPU and in float64.
 */
status module_set_grad_storage(module *m, size_t i, float *storage);

/* Lays the gradients of all trained parameters (and what buffers collect) side by side in one new tensor on the device
 * in use, where they stay:
 * `*data` is its address there (float32; owned by the module), `*count` its elements. Each starts on a multiple of 64
 * bytes; what lies between them is 0. Errors: ERR_INTERNAL in float64. */
status module_join_grads(module *m, float **data, size_t *count);

/* Marks a parameter whose gradient touches few rows a step (an embedding): t_embedding then adds to those rows alone,
 * and the trainer exchanges those rows only. A parameter that gets a gradient in any other way as well (tied weights)
 * counts as touched in all rows. */
void module_mark_sparse(module *m, tensor *parameter);
bool module_is_sparse(const module *m, size_t i);

/* The rows of sparse parameter i that may hold a gradient since the last module_zero_grad, ascending; their number is
 * returned. Borrowed until the next backward, module_touch_rows or module_zero_grad. 0 for one that is not sparse. */
size_t module_touched_rows(const module *m, size_t i, const int64_t **rows);

/* Says that the caller wrote to these rows of the gradient of sparse parameter i (they came from other ranks). */
status module_touch_rows(module *m, size_t i, const int64_t *rows, size_t count);

/* ---- layers (weights named as PyTorch and Transformers name them; biases start at 0, norms at 1) -------------------
 */

module *nn_linear(module *parent, const char *name, int64_t in, int64_t out, bool bias, t_init weight);
tensor *nn_linear_forward(module *linear, tensor *x); /* x (..., in) -> (..., out) */

/* Logits of classes that are made of parts (an action of its verb and noun): those of `whole`, plus those of each of
 * the `count` parts (linear layers of the same inputs, with bias) in the row that part_of[i], (out) int64, gives a
 * class. Adding logits is adding weights, which is what is done: one product. */
tensor *nn_composed_forward(module *whole, module *const *parts, tensor *const *part_of, int count, tensor *x);

module *nn_embedding(module *parent, const char *name, int64_t rows, int64_t width, t_init weight); /* marked sparse */
tensor *nn_embedding_forward(module *embedding, tensor *ids);

module *nn_layer_norm(module *parent, const char *name, int64_t width, double eps);
tensor *nn_layer_norm_forward(module *norm, tensor *x);

/* Square windows of `size`; x (N, in, H, W), weight (out, in, size, size). See t_conv2d. */
module *nn_conv2d(module *parent, const char *name, int64_t in, int64_t out, int64_t size, int64_t stride,
                  int64_t padding, bool bias, t_init weight);
tensor *nn_conv2d_forward(module *conv, tensor *x);

/* The same with everything PyTorch's has for square windows; weight (out, in / groups, size, size). */
typedef struct {
    int64_t in, out, size, stride, padding, dilation, groups;
    bool bias;
    t_init weight;
} conv2d_options;
module *nn_conv2d_of(module *parent, const char *name, const conv2d_options *options);

module *nn_group_norm(module *parent, const char *name, int64_t groups, int64_t channels, double eps);
tensor *nn_group_norm_forward(module *norm, tensor *x);

/* Norm of every channel over the batch; x (N, C, ...). Parameters weight, bias; buffers running_mean, running_var (C),
 * momentum 0.1. Files of PyTorch also have num_batches_tracked, which only a momentum of None reads: here it is not.
 *
 * Between batch_norm_begin and batch_norm_end statistics are those of x: of the slice, as in PyTorch's DistributedData-
 * Parallel, so results depend on how a step is cut into slices. Running statistics move at optim_step, once a step, by
 * the mean over the step's slices, each with its share of the step's samples: the sum of what slices and ranks collect,
 * which is handed around with the gradients. So they are equal on all ranks, and for one slice PyTorch's to the bit.
 * Outside of that, and once its weight is frozen, running statistics are used and stay as they are. */
module *nn_batch_norm(module *parent, const char *name, int64_t channels, double eps);
tensor *nn_batch_norm_forward(module *norm, tensor *x);
tensor *nn_batch_norm_relu_forward(module *norm, tensor *x, tensor *more); /* relu(norm x + more); more may be NULL */

/* LSTM over the positions of a sequence, in both directions when `bidirectional`, from states of zero; each layer reads
 * what those below made, after dropout. x (B, T, in) -> (B, T, hidden or 2 hidden: forward, then backward). Parameters
 * and gate order are PyTorch's: weight_ih_l0 (4 hidden, in), weight_hh_l0, bias_ih_l0, bias_hh_l0, ..._l0_reverse,
 * ..._l1 ...; all drawn uniform within 1 / sqrt(hidden), PyTorch's default. */
module *nn_lstm(module *parent, const char *name, int64_t in, int64_t hidden, int64_t layers, bool bidirectional);
tensor *nn_lstm_forward(module *lstm, tensor *x, double dropout);

/* Multi-head self-attention with separate query, key, value and output projections (children query, key, value,
 * output). x (B, T, D); mask as in t_attention. `first` > 0: only the first `first` positions are asked for, the result
 * is (B, first, D) (a classifier needs position 0 alone in the last layer). */
module *nn_attention(module *parent, const char *name, int64_t width, int64_t heads, t_init weight);
tensor *nn_attention_forward(module *attention, tensor *x, tensor *mask, bool causal, int64_t first);

/* The same with one joint projection to queries, keys and values. Parameters by PyTorch's names
 * (in_proj_weight (3 D, D), in_proj_bias, out_proj.weight, out_proj.bias) or timm's (qkv.weight, qkv.bias, proj.weight,
 * proj.bias); biases start at 0. x (B, T, D) -> (B, first or T, D). */
typedef enum { NAMES_TORCH, NAMES_TIMM } attention_names;
module *nn_fused_attention(module *parent, const char *name, int64_t width, int64_t heads, attention_names names,
                           t_init in, t_init out);
tensor *nn_fused_attention_forward(module *attention, tensor *x, int64_t first);

/* Sequences of different lengths in one batch: mask (B, T) bool, true = is there to be looked at; NULL: all are. What
 * comes of places that are not there means nothing, and each sample has one that is. */
tensor *nn_fused_attention_masked_forward(module *attention, tensor *x, tensor *mask, int64_t first);

/* How position 0 of x (B, T, D) looks at all positions: (B, T), the mean over heads. Not recorded. */
tensor *nn_fused_attention_weights(module *attention, tensor *x);

/* Layers of PyTorch's TransformerEncoderLayer as it is by default, without dropout: after attention and after the two
 * linear layers (ReLU between them) what came in is added, then normed (eps 1e-5). Below NAME.layers.0, .1 ... lie
 * self_attn.in_proj_weight, self_attn.out_proj.*, linear1.*, linear2.*, norm1.*, norm2.*, all begun as PyTorch's are.
 * x (B, T, D) -> (B, first or T, D); mask and first as for attention. */
module *nn_transformer_encoder(module *parent, const char *name, int64_t layers, int64_t width, int64_t heads,
                               int64_t hidden);
tensor *nn_transformer_encoder_forward(module *encoder, tensor *x, tensor *mask, int64_t first);

/* ---- safetensors ------------------------------------------------------------------------------------------------- */

/* Writes every parameter under its name, atomically, with `metadata` (pairs key, value, ended by NULL; may be NULL).
 * Errors: ERR_CREATE, ERR_IO. */
status module_save(const module *m, const char *path, const char *const *metadata);

/* Reads every parameter of `m`; names, shapes and types must match exactly. Errors: ERR_MISSING; ERR_INPUT with path,
 * tensor and byte (truncated, overlapping, wrong shape, absent, unknown). On failure `m` is unchanged. */
status module_load(module *m, const char *path);

/* Any named tensors, in a file (for optimiser state and fixtures). Opening checks the whole header against the size of
 * the file before anything is allocated. */
typedef struct tensor_file tensor_file;
status tensor_file_open(const char *path, tensor_file **out);
void tensor_file_close(tensor_file **file);

/* The same of a file that is in memory already: `bytes` (count), borrowed until it is closed. Failures call it `path`.
 */
status tensor_file_open_bytes(const char *path, const void *bytes, size_t count, tensor_file **out);

const char *tensor_file_path(const tensor_file *file);      /* borrowed */
size_t tensor_file_bytes(const tensor_file *file);          /* size of the whole file */
status tensor_file_read(const tensor_file *file, void *to); /* all of it, (bytes). Errors: ERR_IO, ERR_INPUT */
status module_load_file(module *m, tensor_file *file);      /* module_load of an open one */
size_t tensor_file_count(const tensor_file *file);
const char *tensor_file_name(const tensor_file *file, size_t i);
const char *tensor_file_metadata(const tensor_file *file, const char *key); /* NULL when absent */
tensor *tensor_file_get(tensor_file *file, const char *name);               /* temporary of the scope; sticky failure */

status tensor_file_write(const char *path, tensor *const *tensors, const char *const *names, size_t count,
                         const char *const *metadata);

#ifdef __cplusplus
}
#endif
#endif
