/* magister metrics */
#include "distill/analysis.h"
#include "distill/metrics.h"
#include "distill/store.h"
#include "launcher/commands.h"
#include "launcher/store_address.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_JSON = 'j', KEY_COMPARE = 'c' };

typedef struct {
    bool json, compare;
} metrics_options;

static const struct argp_option OPTIONS[] = {
    {"json", KEY_JSON, NULL, 0, "Print JSON, as in metrics.json and analysis.json", 0},
    {"compare", KEY_COMPARE, NULL, 0, "Compare two prediction sets: difference, interval and p-value", 0},
    {0},
};

static const char HELP[] =
    "Scores stored predictions: top-1, top-5, class-mean top-1, many-shot recall@5; action, verb and noun."
    "\vSTORE:NAME shows one prediction set, STORE alone all of them. A run's directory may stand for its store.\n"
    "--compare sets two of them side by side on the segments that both predict, A minus B, with an interval from a "
    "bootstrap and a p-value from a permutation test, both over whole videos. They may lie in two stores of the same "
    "segments.\n\n"
    "Examples:\n  magister metrics runs/demo\n  magister metrics runs/demo/store.sqlite:student --json\n"
    "  magister metrics runs/demo --compare student student_plain\n"
    "  magister metrics --compare runs/a:student runs/b:student";

static void take_option(int key, char *value, struct argp_state *state)
{
    metrics_options *options = ((command_line *)state->input)->self;
    (void)value;
    if (key == KEY_JSON) options->json = true;
    if (key == KEY_COMPARE) options->compare = true;
}

static status print_object(const json_t *object)
{
    if (json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10)))
        return FAIL(ERR_IO, "cannot write the metrics");
    putchar('\n');
    return OK;
}

static status print_json(store *s, const char *name)
{
    status st = OK;
    json_t *all = NULL;
    set_info info;
    int64_t set;
    if (name) TRY(store_find_set(s, name, -1, &info, &set)); /* says which sets there are */
    TRY(metrics_json(s, &all));
    TRY(print_object(name ? json_object_get(all, name) : all));
done:
    json_decref(all);
    return st;
}

static status show_metrics(char *address, bool json)
{
    status st = OK;
    store *s = NULL;
    char *name;
    address_split(address, &name);
    TRY(address_open(address, &s));
    TRY(json ? print_json(s, name) : metrics_print(s, name, stdout));
done:
    store_close(&s);
    return st;
}

/* stores: (2), which may be the same. */
static status compare_sets(char *const stores[2], char *const names[2], bool json)
{
    status st = OK;
    store *a = NULL, *b = NULL;
    json_t *comparison = NULL;
    TRY(address_open(stores[0], &a));
    TRY(address_open(stores[1], &b));
    TRY(analysis_compare(a, names[0], b, names[1], &ANALYSIS_DEFAULTS, &comparison));
    TRY(json ? print_object(comparison) : analysis_compare_print(comparison, stdout));
done:
    json_decref(comparison);
    store_close(&a);
    store_close(&b);
    return st;
}

/* STORE A B, or STORE:A STORE:B. */
static status compare(const words *found, bool json)
{
    char *stores[2], *names[2];
    if (found->count == 3) {
        stores[0] = stores[1] = found->at[0];
        names[0] = found->at[1];
        names[1] = found->at[2];
        return compare_sets(stores, names, json);
    }
    for (size_t i = 0; i < 2; i++) {
        stores[i] = i < found->count ? found->at[i] : NULL;
        names[i] = NULL;
        if (stores[i]) address_split(stores[i], &names[i]);
        if (!names[i])
            return FAIL(ERR_USAGE, "--compare takes STORE A B, or STORE:A STORE:B%s%s", stores[i] ? "; no set in " : "",
                        stores[i] ? stores[i] : "");
    }
    return compare_sets(stores, names, json);
}

status command_metrics(int argc, char **argv)
{
    status st = OK;
    metrics_options options = {0};
    command_line line = {OPTIONS, "STORE[:NAME] [A B]", HELP, 1, 3, take_option, &options, {0}};
    TRY(arguments_parse(&line, argc, argv));
    if (options.compare) TRY(compare(&line.found, options.json));
    else if (line.found.count > 1)
        TRY(FAIL(ERR_USAGE, "one argument too many: %s (two sets are shown by --compare)", line.found.at[1]));
    else TRY(show_metrics(line.found.at[0], options.json));
done:
    free(line.found.at);
    return st;
}
