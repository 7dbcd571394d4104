#include "conf/stream_rules.h"

#include <stdarg.h>
#include <string.h>

enum { HALVINGS = 16, HEADS = 8, PICTURE_STAGES = 4 };

typedef struct {
    const recipe *r;
    stream_fault *at;
    size_t count;
} faults;

static void tell(faults *f, const char *key, const char *other, const char *text, ...)
    __attribute__((format(printf, 4, 5)));
static void tell(faults *f, const char *key, const char *other, const char *text, ...)
{
    va_list arguments;
    if (f->count == STREAM_FAULTS_MOST) return;
    stream_fault *fault = &f->at[f->count++];
    fault->key = key;
    fault->other = other;
    va_start(arguments, text);
    vsnprintf(fault->text, sizeof fault->text, text, arguments);
    va_end(arguments);
}

static bool is(const recipe *r, const char *key, const char *text)
{
    const char *has = recipe_text(r, key);
    return has && !strcmp(has, text);
}

/* ---- networks ---------------------------------------------------------------------------------------------------- */

static bool has_numbers(faults *f, const char *key, size_t wanted, const char *what)
{
    size_t count = recipe_list_count(f->r, key);
    if (count != wanted) tell(f, key, NULL, "%s has %zu numbers; it takes %zu: %s", key, count, wanted, what);
    return count == wanted;
}

static void check_networks(faults *f)
{
    static const char size[] = "stream.size";
    int64_t features = recipe_int(f->r, "stream.features");
    if (has_numbers(f, size, 2, "height and width")) {
        int64_t height = recipe_list_int(f->r, size, 0), width = recipe_list_int(f->r, size, 1);
        if (height % HALVINGS || width % HALVINGS)
            tell(f, size, NULL,
                 "%s is %lld x %lld: pictures are halved four times, so both sides have to be multiples of %d", size,
                 (long long)height, (long long)width, HALVINGS);
    }
    has_numbers(f, "stream.channels", PICTURE_STAGES, "one a convolution");
    if (features % HEADS)
        tell(f, "stream.features", NULL, "stream.features is %lld: it has to be a multiple of %d", (long long)features,
             HEADS);
    if (recipe_int(f->r, "stream.init_layers") > recipe_int(f->r, "stream.layers"))
        tell(f, "stream.init_layers", "stream.layers", "stream.init_layers is %lld, and stream.layers, the most, %lld",
             (long long)recipe_int(f->r, "stream.init_layers"), (long long)recipe_int(f->r, "stream.layers"));
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

/* Layers above 0 measure as stream.distance says, whatever layer 0 does. */
static void check_demarcation(faults *f)
{
    const recipe *r = f->r;
    bool only_base = recipe_bool(r, "stream.base_distance") && recipe_int(r, "stream.layers") == 1;
    if (is(r, "stream.demarcation", "accum") && !is(r, "stream.distance", "distance") && !only_base)
        tell(f, "stream.demarcation", "stream.distance",
             "stream.demarcation accum adds errors up, which needs distances: set stream.distance: distance");
}

/* ---- input ------------------------------------------------------------------------------------------------------- */

static void check_raw(faults *f)
{
    static const char size[] = "stream.raw.size";
    if (!has_numbers(f, size, 2, "height and width") || recipe_is_null(f->r, "stream.raw.pixels")) return;
    if (!recipe_list_int(f->r, size, 0) || !recipe_list_int(f->r, size, 1))
        tell(f, size, "stream.raw.pixels", "stream.raw.pixels needs %s: height and width of the raw video", size);
}

/* "-" is standard input, which can be read once, by one rank. */
static void check_pipe(faults *f, int64_t ranks)
{
    const recipe *r = f->r;
    if (is(r, "data.eval", "-"))
        tell(f, "data.eval", NULL,
             "data.eval is -, standard input: held-out videos are watched again and again, so give files");
    if (!is(r, "data.train", "-")) return;
    if (ranks > 1)
        tell(f, "data.train", "launch.ranks",
             "data.train is -, standard input, which one rank alone can read: launch.ranks=1");
    if (recipe_int(r, "stream.train.epochs") > 1)
        tell(f, "stream.train.epochs", "data.train",
             "stream.train.epochs is %lld, and data.train is -, standard input, which can be watched once",
             (long long)recipe_int(r, "stream.train.epochs"));
}

/* ------------------------------------------------------------------------------------------------------------------ */

size_t stream_faults(const recipe *r, int64_t ranks, stream_fault out[STREAM_FAULTS_MOST])
{
    faults f = {.r = r, .at = out};
    check_networks(&f);
    check_demarcation(&f);
    check_raw(&f);
    check_pipe(&f, ranks);
    return f.count;
}

status stream_rules_check(const recipe *r, int64_t ranks)
{
    stream_fault all[STREAM_FAULTS_MOST];
    return stream_faults(r, ranks, all) ? FAIL(ERR_CONFIG, "%s", all[0].text) : OK;
}
