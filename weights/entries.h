/* entries - what readers of formats give to weight_file: tensors with their places in the file.
 */
#ifndef MAGISTER_WEIGHTS_ENTRIES_H
#define MAGISTER_WEIGHTS_ENTRIES_H

#include "base/arena.h"
#include "weights/bytes.h"
#include "weights/weights.h"

/* Bytes that lie in the file, as they are or deflated. */
typedef struct {
    uint64_t at, packed; /* where they begin; how many lie in the file */
    uint64_t bytes;      /* how many they are */
    bool deflated;
    uint32_t crc; /* of them; 0: not known (and one in 4 billion that are 0) */
} stored_bytes;

typedef struct {
    weight_info info;
    stored_bytes storage;             /* inside the file: the reader has checked it */
    uint64_t start;                   /* the first element, in elements from the storage's beginning */
    int64_t stride[WEIGHT_DIMS_MOST]; /* (dims), elements, >= 0; the last element lies in the storage */
} weight_entry;

typedef struct {
    weight_entry *at; /* (count); owned */
    size_t count, room;
} entry_list;

struct weight_file {
    byte_file bytes;
    arena *memory;      /* names and notes */
    const char *format; /* static */
    const char *wrapper;
    entry_list entries;
    json_t *values; /* an object */
    const char **notes;
    size_t note_count, note_room;
};

/* Room for one more, zeroed, or NULL. */
weight_entry *entries_add(entry_list *list);

/* A line that the user is told. Errors: ERR_MEMORY. */
status weight_file_add_note(weight_file *f, const char *text, ...) __attribute__((format(printf, 2, 3)));

/* Elements of the shape and their bytes into `info`; false when they are too many to be counted. */
bool weight_info_count(weight_info *info);

/* One more than the highest element that the entry reads, counted from its first; false where that cannot be counted.
 */
bool entry_extent(const weight_entry *e, uint64_t *out);

bool entry_is_contiguous(const weight_entry *e);

/* The entry's elements, row major. Errors: as weight_file_read. */
status entry_read(const byte_file *f, const weight_entry *e, void *out);

/* Bytes `begin` to `end` of what is stored, unpacked; all of them are compared with the check sum. */
status stored_read(const byte_file *f, const stored_bytes *from, uint64_t begin, uint64_t end, void *out);

/* Fill `f->entries`, `values` and notes; `f->bytes` is open. */
status safetensors_read(weight_file *f);
status torch_zip_read(weight_file *f, bool all);
status torch_legacy_read(weight_file *f, bool all);

#endif
