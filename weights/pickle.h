/* pickle - what a pickle describes, as plain values: nothing is imported and nothing is called.
 *
 * A pickle is a program for a stack machine: it builds values, names functions and classes of Python modules, and calls
 * them. Read here are the operations that torch.save writes (protocols 2 to 5), with bounds on everything. Of the
 * functions, a short list is known (pickle_calls.c): those that make dictionaries, sizes, tensors from storages. Each
 * is done here as what it means. A call of any other function, and an object of any other class, is an *opaque* value:
 * it stands where the value would stand, takes whatever is done to it without effect, and is listed in `unknown`.
 */
#ifndef MAGISTER_WEIGHTS_PICKLE_H
#define MAGISTER_WEIGHTS_PICKLE_H

#include "weights/entries.h"

typedef enum {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_REAL,
    PICKLE_TEXT,
    PICKLE_BYTES,
    PICKLE_LIST, /* sets, too */
    PICKLE_TUPLE,
    PICKLE_DICT,
    PICKLE_KNOWN, /* a function or class of the list */
    PICKLE_NUMPY, /* a data type of NumPy */
    PICKLE_STORAGE,
    PICKLE_TENSOR,
    PICKLE_OPAQUE,
} pickle_kind;

/* A function, class or type that is not known. How often it was called, made an object of, or only named; `tensors`:
 * it is a type of tensors that are not read. */
typedef struct {
    const char *name; /* "os.system" */
    size_t calls, objects, named, tensors;
    const char *where; /* path of its first value, for whoever walks through the values; NULL at first */
} pickle_unknown;

/* Numbers of tensors, by the file's key for them. */
typedef struct {
    const char *key;
    bool typed; /* the elements are of `type`; otherwise bytes, and a tensor says what they are */
    weight_type type;
    uint64_t elements, element_bytes; /* element_bytes is 0 where it is not known */
    pickle_unknown *unread;           /* a type that is not read; NULL for the others */
} pickle_storage;

typedef struct {
    const pickle_storage *storage;
    weight_entry entry; /* without name and place; it lies within the storage's elements */
} pickle_tensor;

typedef struct pickle_value {
    pickle_kind kind;
    union {
        bool truth;
        int64_t whole;
        double real;
        struct {
            const char *at;
            size_t length;
        } text; /* of TEXT, BYTES and NUMPY; ended by a NUL that is not counted */
        struct {
            struct pickle_value **at; /* (count); of a DICT key, value, key, value ... */
            uint32_t count, room;
        } items;
        const struct pickle_known *known;
        pickle_storage *storage;
        pickle_tensor *tensor;
        pickle_unknown *unknown; /* of OPAQUE */
    };
} pickle_value;

/* The bytes of one pickle after the other, loaded as far as they are looked at. */
typedef struct {
    const byte_file *file;
    uint64_t base;        /* of the first byte, in the file: for messages, and to load more from */
    unsigned char *bytes; /* owned */
    size_t count, at;     /* that are loaded; the next one */
    uint64_t most;        /* bytes that there are, from `base` */
} pickle_input;

enum { PICKLE_UNKNOWN_MOST = 64, PICKLE_BYTES_MOST = 64 << 20 };

typedef struct {
    pickle_value *root;
    pickle_unknown unknown[PICKLE_UNKNOWN_MOST]; /* (unknown_count); the last one stands for all further ones */
    size_t unknown_count;
    pickle_storage **storages; /* (storage_count), as they come, a key many times; owned */
    size_t storage_count, storage_room;
} pickle_result;

/* Reads one pickle; `in->at` is then behind it. Values are from `memory`. `out` is all zeros, and freed by the caller
 * also after a failure. Errors: ERR_INPUT with path and byte; ERR_IO; ERR_MEMORY. */
status pickle_read(pickle_input *in, arena *memory, pickle_result *out);
void pickle_result_free(pickle_result *result);

#endif
