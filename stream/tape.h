/* tape - what was computed without gradients, noted so that gradients can be had later, in batches.
 *
 * Vectors (D) are rows of one table: the features of a picture, or what an event amounted to (the encoding of level k).
 * An event's row knows the rows it was made of; a loss knows the rows its prediction was made of, and its target. A row
 * may be pulled: a gradient of it has been collected that has not gone further back yet.
 *
 * Rows go when nobody needs them: `held` rows are needed as numbers, `open` ones may get more gradients, so theirs wait
 * until there are no more to come, and go back once. Row numbers change in tape_compact alone.
 */
#ifndef MAGISTER_STREAM_TAPE_H
#define MAGISTER_STREAM_TAPE_H

#include "stream/options.h"
#include "tensor/tensor.h"

#define NO_ROW SIZE_MAX

typedef struct {
    bool is_event;          /* otherwise a picture */
    size_t level;           /* of the event */
    size_t *inputs, count;  /* (count) rows that the event was made of; NULL once its gradient has gone back */
    const uint8_t *picture; /* (height, width, 3) bytes */
    uint8_t *own;           /* the same when it is the tape's; otherwise borrowed for the turn */
    bool pulled, held, open;
} tape_row;

typedef struct {
    size_t layer, layers;                    /* whose; how many there were */
    size_t levels, rows[STREAM_LAYERS_MOST]; /* (levels) what the prediction was made of */
    size_t target;                           /* row of the input that came */
    double tau;
} tape_loss;

typedef struct {
    t_type type;
    int64_t width; /* D */
    size_t picture_bytes;
    tape_row *rows; /* (count of room) */
    size_t count, room;
    tensor *values, *pulls; /* (room, D) kept; gradients are those of -losses' sum, tau and reach included */
    tape_loss *losses;      /* (loss_count) whose gradients are still to be had */
    size_t loss_count, loss_room;
} tape;

void tape_free(tape *t);

/* A new row for a picture, which is borrowed. Errors: ERR_INTERNAL when tape_compact made no room for it. */
status tape_add_picture(tape *t, const uint8_t *picture, size_t *row);

/* A new row for an event of `level`; `inputs` (count) are copied. Errors: ERR_MEMORY. */
status tape_add_event(tape *t, size_t level, const size_t *inputs, size_t count, size_t *row);

status tape_add_loss(tape *t, const tape_loss *loss); /* Errors: ERR_MEMORY */

void tape_hold(tape *t, size_t row);
void tape_leave_open(tape *t, size_t row); /* and what it was made of, as far as gradients go; held as well */
void tape_let_go(tape *t);                 /* of all rows: before the above */

/* Drops all rows but those held and makes room for `more`. moved[row] (count before) is a row's new number, NO_ROW for
 * one that is gone; the caller frees it. Pictures become the tape's own. Errors: ERR_MEMORY. */
status tape_compact(tape *t, size_t more, size_t **moved);

/* Rows as tensors, temporaries of the scope: values or pulls of `rows` (count) -> (count, D) */
tensor *tape_rows(tensor *table, const size_t *rows, size_t count);

/* Adds (count, D) to the gradients of rows (count; one may come more than once). */
status tape_pull(tape *t, const size_t *rows, size_t count, tensor *gradients);

#endif
