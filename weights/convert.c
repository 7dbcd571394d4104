#include "base/file.h"
#include "weights/entries.h"
#include "weights/safetensors.h"

#include <stdlib.h>

typedef struct {
    weight_file *file;
    const weight_info **infos; /* (count) */
    uint64_t *begins;          /* (count) */
    size_t *order;             /* (count): the data's order in the new file */
    size_t head_bytes;
    char *head, *data; /* the beginning of the new file; room for the largest tensor */
} conversion;

typedef struct {
    uint64_t begin, bytes;
    size_t i;
} data_place;

static int by_begin(const void *a, const void *b)
{
    const data_place *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* empty ones take no place */
}

static status order_data(conversion *c, size_t count)
{
    data_place *places = calloc(count + 1, sizeof *places);
    if (!places) return FAIL(ERR_MEMORY, "%s: no memory to convert it", weight_file_path(c->file));
    for (size_t i = 0; i < count; i++) places[i] = (data_place){c->begins[i], c->infos[i]->bytes, i};
    qsort(places, count, sizeof *places, by_begin);
    for (size_t i = 0; i < count; i++) c->order[i] = places[i].i;
    free(places);
    return OK;
}

/* Piece 0 is the head, piece i the i-th of the data. */
static status next_piece(void *self, size_t i, const void **bytes, size_t *count)
{
    conversion *c = self;
    if (!i) {
        *bytes = c->head;
        *count = c->head_bytes;
        return OK;
    }
    const weight_info *info = c->infos[c->order[i - 1]];
    *bytes = c->data;
    *count = (size_t)info->bytes;
    return weight_file_read(c->file, info, c->data);
}

status weight_file_convert(weight_file *file, const char *path, const char *const *metadata)
{
    status st = OK;
    size_t count = weight_file_count(file);
    uint64_t data_bytes = 0, largest = 1;
    conversion c = {.file = file};
    c.infos = calloc(count + 1, sizeof *c.infos);
    c.begins = calloc(count + 1, sizeof *c.begins);
    c.order = calloc(count + 1, sizeof *c.order);
    if (!c.infos || !c.begins || !c.order) TRY(FAIL(ERR_MEMORY, "%s: no memory to convert it", weight_file_path(file)));
    for (size_t i = 0; i < count; i++) {
        c.infos[i] = weight_file_at(file, i);
        if (c.infos[i]->bytes > largest) largest = c.infos[i]->bytes;
    }
    TRY(safetensors_head(path, c.infos, count, metadata, c.begins, &c.head, &c.head_bytes, &data_bytes));
    TRY(order_data(&c, count));
    c.data = malloc((size_t)largest);
    if (!c.data) TRY(FAIL(ERR_MEMORY, "%s: no memory to convert it", weight_file_path(file)));
    TRY(file_write_pieces(path, count + 1, next_piece, &c));
done:
    free(c.data);
    free(c.head);
    free(c.order);
    free(c.begins);
    free(c.infos);
    return st;
}
