#include "trainer/state.h"

#include "base/log.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef enum { FIELD_INT, FIELD_REAL, FIELD_TEXT } field_kind;

/* What of a state is written, and where it lies. */
static const struct {
    const char *name;
    field_kind kind;
    size_t offset, size; /* size: of texts */
} FIELDS[] = {
    {"step", FIELD_INT, offsetof(train_state, step), 0},
    {"epoch", FIELD_INT, offsetof(train_state, epoch), 0},
    {"position", FIELD_INT, offsetof(train_state, position), 0},
    {"best_metric", FIELD_REAL, offsetof(train_state, best_metric), 0},
    {"best_step", FIELD_INT, offsetof(train_state, best_step), 0},
    {"worse", FIELD_INT, offsetof(train_state, worse), 0},
    {"plateau_scale", FIELD_REAL, offsetof(train_state, plateau.scale), 0},
    {"plateau_worse", FIELD_INT, offsetof(train_state, plateau.worse), 0},
    {"plateau_best_loss", FIELD_REAL, offsetof(train_state, plateau.best_loss), 0},
    {"loss_sum", FIELD_REAL, offsetof(train_state, loss_sum), 0},
    {"loss_steps", FIELD_INT, offsetof(train_state, loss_steps), 0},
    {"recipe_hash", FIELD_TEXT, offsetof(train_state, recipe_hash), 33},
    {"ranks", FIELD_INT, offsetof(train_state, ranks), 0},
    {"library", FIELD_TEXT, offsetof(train_state, library), STATE_TEXT},
    {"capability", FIELD_TEXT, offsetof(train_state, capability), STATE_TEXT},
    {"device", FIELD_TEXT, offsetof(train_state, device), STATE_TEXT},
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof FIELDS[0] };

train_state state_start(const train_options *o, int ranks)
{
    train_state s = {.best_metric = NAN, .best_step = -1, .plateau = {.scale = 1, .best_loss = NAN}, .ranks = ranks};
    snprintf(s.recipe_hash, sizeof s.recipe_hash, "%s", o->recipe_hash);
    snprintf(s.library, sizeof s.library, "%s", t_library_version());
    snprintf(s.capability, sizeof s.capability, "%s", t_cpu_capability());
    snprintf(s.device, sizeof s.device, "%s", t_device_used() == T_CPU ? "cpu" : "cuda");
    return s;
}

json_t *state_to_json(const train_state *s)
{
    json_t *object = json_object();
    for (size_t f = 0; object && f < FIELD_COUNT; f++) {
        const char *at = (const char *)s + FIELDS[f].offset;
        json_t *value = NULL;
        int64_t number;
        double real;
        memcpy(&number, at, sizeof number);
        memcpy(&real, at, sizeof real);
        switch (FIELDS[f].kind) {
        case FIELD_INT: value = json_integer(number); break;
        case FIELD_REAL: value = isfinite(real) ? json_real(real) : json_null(); break;
        case FIELD_TEXT: value = json_string(at); break;
        }
        if (json_object_set_new(object, FIELDS[f].name, value)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static bool read_field(const json_t *value, field_kind kind, char *at, size_t size)
{
    int64_t number = json_integer_value(value);
    double real = json_is_null(value) ? NAN : json_number_value(value);
    switch (kind) {
    case FIELD_INT: memcpy(at, &number, sizeof number); return json_is_integer(value);
    case FIELD_REAL: memcpy(at, &real, sizeof real); return json_is_number(value) || json_is_null(value);
    case FIELD_TEXT: break;
    }
    if (!json_is_string(value) || json_string_length(value) >= size) return false;
    snprintf(at, size, "%s", json_string_value(value));
    return true;
}

status state_from_json(const json_t *object, const char *path, train_state *out)
{
    train_state s = {0};
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        const json_t *value = json_object_get(object, FIELDS[f].name);
        if (!value || !read_field(value, FIELDS[f].kind, (char *)&s + FIELDS[f].offset, FIELDS[f].size))
            return FAIL(ERR_INPUT, "%s: \"%s\" is missing or wrong", path, FIELDS[f].name);
    }
    if (s.step < 0 || s.epoch < 0 || s.position < 0 || s.position > s.step)
        return FAIL(ERR_INPUT, "%s: step %lld at place %lld of epoch %lld cannot be", path, (long long)s.step,
                    (long long)s.position, (long long)s.epoch);
    *out = s;
    return OK;
}

static void compare(const char *what, const char *before, const char *now)
{
    if (!strcmp(before, now)) return;
    log_warn("this training was begun with %s %s and goes on with %s: results will agree, but not to the last bit",
             what, before, now);
}

void state_compare(const train_state *before, const train_state *now, bool exact)
{
    if (before->ranks != now->ranks && !exact)
        log_warn(
            "this training was begun on %lld ranks and goes on on %lld: results will agree, but not to the last bit "
            "(train.exact would)",
            (long long)before->ranks, (long long)now->ranks);
    compare("libtorch", before->library, now->library);
    compare("CPU capability", before->capability, now->capability);
    compare("device", before->device, now->device);
}
