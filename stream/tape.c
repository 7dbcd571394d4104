#include "stream/tape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void row_free(tape_row *r)
{
    free(r->inputs);
    free(r->own);
    *r = (tape_row){0};
}

void tape_free(tape *t)
{
    for (size_t i = 0; i < t->count; i++) row_free(&t->rows[i]);
    free(t->rows);
    free(t->losses);
    t_free(&t->values);
    t_free(&t->pulls);
    *t = (tape){0};
}

static status add(tape *t, const tape_row *r, size_t *row)
{
    if (t->count == t->room) return FAIL(ERR_INTERNAL, "a tape with room for %zu vectors is given more", t->room);
    t->rows[t->count] = *r;
    *row = t->count++;
    return OK;
}

status tape_add_picture(tape *t, const uint8_t *picture, size_t *row)
{
    return add(t, &(tape_row){.picture = picture}, row);
}

status tape_add_event(tape *t, size_t level, const size_t *inputs, size_t count, size_t *row)
{
    tape_row r = {.is_event = true, .level = level, .inputs = malloc(count * sizeof *inputs), .count = count};
    if (!r.inputs) return FAIL(ERR_MEMORY, "no memory to note an event of %zu inputs", count);
    memcpy(r.inputs, inputs, count * sizeof *inputs);
    status st = add(t, &r, row);
    if (st != OK) row_free(&r);
    return st;
}

status tape_add_loss(tape *t, const tape_loss *loss)
{
    if (t->loss_count == t->loss_room) {
        size_t room = t->loss_room ? 2 * t->loss_room : 64;
        tape_loss *more = realloc(t->losses, room * sizeof *more);
        if (!more) return FAIL(ERR_MEMORY, "no memory to note %zu losses", room);
        t->losses = more;
        t->loss_room = room;
    }
    t->losses[t->loss_count++] = *loss;
    return OK;
}

/* ---- who is needed ----------------------------------------------------------------------------------------------- */

void tape_let_go(tape *t)
{
    for (size_t i = 0; i < t->count; i++) t->rows[i].held = t->rows[i].open = false;
}

void tape_hold(tape *t, size_t row)
{
    if (row != NO_ROW) t->rows[row].held = true;
}

/* An event's inputs get gradients through it only where they are pictures; higher up they are taken as given. */
void tape_leave_open(tape *t, size_t row)
{
    if (row == NO_ROW) return;
    tape_row *r = &t->rows[row];
    r->held = r->open = true;
    for (size_t i = 0; i < r->count; i++) {
        t->rows[r->inputs[i]].held = true;
        if (r->level == 0) t->rows[r->inputs[i]].open = true;
    }
}

/* ---- compaction -------------------------------------------------------------------------------------------------- */

static status own_picture(const tape *t, tape_row *r)
{
    if (r->is_event || r->own) return OK;
    r->own = malloc(t->picture_bytes);
    if (!r->own) return FAIL(ERR_MEMORY, "no memory to keep a picture");
    memcpy(r->own, r->picture, t->picture_bytes);
    r->picture = r->own;
    return OK;
}

/* The rows `kept` (count) of a table in a new one of `room` rows. `keep`: (count) 1 or 0 for each. */
static status move_table(const tape *t, tensor **table, const size_t *kept, const float *keep, size_t count,
                         size_t room)
{
    status st = OK;
    scope *sc = scope_open();
    tensor *made = t_zeros(t->type, SHAPE((int64_t)room, t->width));
    if (count) {
        tensor *rows = tape_rows(*table, kept, count);
        if (keep) rows = t_mul(rows, t_cast(t_from_f32(keep, SHAPE((int64_t)count, 1)), t->type));
        TRY(t_assign(t_narrow(made, 0, 0, (int64_t)count), rows));
    }
    TRY(t_check(made));
    t_free(table);
    *table = t_keep(made);
done:
    scope_close(&sc);
    return st;
}

/* An event that gets no more gradients is a vector like any other: what it was made of need not be there. */
static void move_inputs(tape_row *r, const size_t *moved)
{
    if (!r->open) {
        free(r->inputs);
        r->inputs = NULL;
        r->count = 0;
    }
    for (size_t i = 0; i < r->count; i++) r->inputs[i] = moved[r->inputs[i]];
}

status tape_compact(tape *t, size_t more, size_t **moved)
{
    status st = OK;
    size_t count = 0, before = t->count;
    size_t *kept = malloc((before + 1) * sizeof *kept);
    float *keep = malloc((before + 1) * sizeof *keep);
    tape_row *rows = NULL;

    *moved = malloc((before + 1) * sizeof **moved);
    if (!kept || !keep || !*moved) TRY(FAIL(ERR_MEMORY, "no memory for %zu vectors", before));
    for (size_t i = 0; i < before; i++) {
        (*moved)[i] = t->rows[i].held ? count : NO_ROW;
        if (!t->rows[i].held) continue;
        TRY(own_picture(t, &t->rows[i]));
        keep[count] = t->rows[i].pulled ? 1 : 0;
        kept[count++] = i;
    }
    size_t room = count + more;
    TRY(move_table(t, &t->values, kept, NULL, count, room));
    TRY(move_table(t, &t->pulls, kept, keep, count, room));
    rows = calloc(room ? room : 1, sizeof *rows);
    if (!rows) TRY(FAIL(ERR_MEMORY, "no memory for %zu vectors", room));
    for (size_t i = 0; i < before; i++) {
        if ((*moved)[i] == NO_ROW) row_free(&t->rows[i]);
        else rows[(*moved)[i]] = t->rows[i];
    }
    for (size_t i = 0; i < count; i++) move_inputs(&rows[i], *moved);
    free(t->rows);
    t->rows = rows;
    t->count = count;
    t->room = room;
done:
    free(kept);
    free(keep);
    return st;
}

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

static tensor *numbers(const size_t *rows, size_t count)
{
    static_assert(sizeof(size_t) == sizeof(int64_t), "row numbers are read as int64");
    return t_from_i64((const int64_t *)rows, SHAPE((int64_t)count));
}

tensor *tape_rows(tensor *table, const size_t *rows, size_t count)
{
    return t_index_select(table, 0, numbers(rows, count));
}

status tape_pull(tape *t, const size_t *rows, size_t count, tensor *gradients)
{
    for (size_t i = 0; i < count; i++) t->rows[rows[i]].pulled = true;
    return t_assign(t->pulls, t_index_add(t->pulls, 0, numbers(rows, count), gradients));
}
