/* weights - named tensors in a file, whoever wrote it: safetensors, and what torch.save writes.
 *
 * Nothing in a file is believed and nothing in it is run. A state file of PyTorch is a pickle, a program that builds
 * values: here it builds values and calls nothing (pickle.h). What it would have called or made of a class that is not
 * known becomes an *opaque* value, which is told (weight_file_notes) and is never a tensor; an optimiser's state or
 * the arguments of a training are thus not in the way of the weights beside them.
 *
 * Names are the keys on the way to a tensor, joined with dots. Where a file holds the weights in a wrapper
 * ("model_state", "state_dict", "module." before every name ...), the wrapper is taken off, and the tensors beside it
 * are left out, unless all of them are asked for.
 *
 * Data are read (not mapped, so that a file cut short meanwhile is an error and no signal), one tensor at a time.
 * Not thread-safe for one file.
 */
#ifndef MAGISTER_WEIGHTS_WEIGHTS_H
#define MAGISTER_WEIGHTS_WEIGHTS_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    WEIGHT_F32,
    WEIGHT_F64,
    WEIGHT_F16,
    WEIGHT_BF16,
    WEIGHT_I32,
    WEIGHT_I64,
    WEIGHT_U8,
    WEIGHT_BOOL,
    WEIGHT_I8,
    WEIGHT_I16,
    WEIGHT_TYPES /* how many there are */
} weight_type;

enum { WEIGHT_DIMS_MOST = 8 };

typedef struct {
    const char *name; /* borrowed from the file */
    weight_type type;
    int dims;
    int64_t shape[WEIGHT_DIMS_MOST]; /* (dims) */
    uint64_t elements, bytes;        /* of the tensor as it is read, row major */
} weight_info;

typedef struct weight_file weight_file;

/* Reads what the file holds, but no tensor. `all`: tensors outside of the wrapper too, under their full names.
 * Errors: ERR_MISSING; ERR_IO; ERR_MEMORY; ERR_INPUT with path and byte, for a file that is damaged, cut off, of
 * another kind, or larger in its description than any real one. */
status weight_file_open(const char *path, bool all, weight_file **out);

/* The same of a file that is in memory (count bytes), borrowed until it is closed; `path` is what failures call it. */
status weight_file_open_bytes(const char *path, const void *bytes, size_t count, bool all, weight_file **out);
void weight_file_close(weight_file **file); /* NULL is fine */

size_t weight_file_count(const weight_file *file);
const weight_info *weight_file_at(const weight_file *file, size_t i);           /* by name; NULL behind the last */
const weight_info *weight_file_find(const weight_file *file, const char *name); /* NULL when there is none */

/* One tensor, row major, in its own type, into `out` (info->bytes). `info` is one of the file's.
 * Errors: ERR_IO, ERR_MEMORY, ERR_INPUT (cut short, or its check sum is wrong). */
status weight_file_read(weight_file *file, const weight_info *info, void *out);

/* The same without a copy, borrowed, where the file is in memory and the tensor lies there as it is read; NULL
 * elsewhere (no failure). Not aligned. */
const void *weight_file_at_hand(const weight_file *file, const weight_info *info);

uint64_t weight_file_size(const weight_file *file);                /* bytes of the whole file */
status weight_file_read_whole(const weight_file *file, void *out); /* all of them. Errors: as above */

const char *weight_file_path(const weight_file *file);
const char *weight_file_format(const weight_file *file);  /* "safetensors", "torch.save (zip)", "torch.save (legacy)" */
const char *weight_file_wrapper(const weight_file *file); /* what was taken off before every name; "" for nothing */

/* The plain values of the file (label maps, epochs, arguments): an object. Keys that are no text are written as such
 * ("0"), tensors are left out, opaque values are null; of safetensors it holds the metadata. Borrowed. */
const json_t *weight_file_values(const weight_file *file);

/* What was not taken, and why, a line each. */
size_t weight_file_note_count(const weight_file *file);
const char *weight_file_note(const weight_file *file, size_t i);

/* "F32", as safetensors calls it; bytes of one element. */
const char *weight_type_name(weight_type type);
size_t weight_type_bytes(weight_type type);

/* Writes the file's tensors as safetensors, atomically: views and shared tensors become copies. `metadata`: pairs of
 * key and value, ended by NULL; may be NULL. Errors: those of reading; ERR_CREATE, ERR_IO. */
status weight_file_convert(weight_file *file, const char *path, const char *const *metadata);

#endif
