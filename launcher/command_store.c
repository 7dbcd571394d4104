/* magister store check|list, and magister metrics */
#include "base/file.h"
#include "conf/suggest.h"
#include "distill/metrics.h"
#include "distill/store.h"
#include "launcher/commands.h"

#include <stdlib.h>
#include <string.h>

/* ---- store ------------------------------------------------------------------------------------------------------- */

static const char STORE_HELP[] =
    "Looks into a store of predictions."
    "\v  list STORE     its prediction sets: seed, role, records, encoding\n"
    "  check STORE    reads every record and compares its check sum (exit code 65 when one is wrong)\n\n"
    "Example:\n  magister store list runs/demo/store.sqlite";

static void print_set(const set_info *info)
{
    static const char *const FEATURES[] = {"-", "float16", "float32"};
    char encoding[40], features[48] = "-";
    snprintf(encoding, sizeof encoding, info->encoding == ENCODE_TOPK ? "topk %lld" : "dense",
             (long long)(info->k < info->classes ? info->k : info->classes));
    if (info->features != FEATURES_NONE)
        snprintf(features, sizeof features, "%s x %lld", FEATURES[info->features], (long long)info->feature_width);
    printf("%-24s %6lld  %-9s %9lld  %7lld  %-10s %-15s %s\n", info->name, (long long)info->seed, info->role,
           (long long)info->count, (long long)info->classes, encoding, features, info->complete ? "yes" : "no");
}

static status list_sets(store *s)
{
    printf("%-24s %6s  %-9s %9s  %7s  %-10s %-15s %s\n", "set", "seed", "role", "records", "classes", "logits",
           "features", "complete");
    for (size_t i = 0; i < store_set_count(s); i++) {
        set_info info;
        int64_t set;
        status st = store_set_at(s, i, &info, &set);
        if (st != OK) return st;
        print_set(&info);
    }
    return OK;
}

static status act_on_store(const char *action, const char *path)
{
    status st = OK;
    store *s = NULL;
    static const char *const ACTIONS[] = {"list", "check"};
    bool lists = !strcmp(action, "list");
    if (!lists && strcmp(action, "check")) {
        const char *near = suggest_word(action, ACTIONS, 2);
        TRY(FAIL(ERR_USAGE, "store has list and check, not %s%s%s%s", action, near ? ": did you mean " : "",
                 near ? near : "", near ? "?" : ""));
    }
    TRY(store_open(path, STORE_READ, &s));
    TRY(lists ? list_sets(s) : store_check(s));
    if (!lists) printf("%s: good\n", path);
done:
    store_close(&s);
    return st;
}

status command_store(int argc, char **argv)
{
    status st = OK;
    command_line line = {NULL, "list|check STORE", STORE_HELP, 2, 2, NULL, NULL, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(act_on_store(line.found.at[0], line.found.at[1]));
done:
    free(line.found.at);
    return st;
}

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

enum { KEY_JSON = 'j' };

static const struct argp_option METRICS_OPTIONS[] = {
    {"json", KEY_JSON, NULL, 0, "Print JSON, as in metrics.json", 0},
    {0},
};

static const char METRICS_HELP[] =
    "Scores stored predictions: top-1, top-5, class-mean top-1, many-shot recall@5; action, verb and noun."
    "\vSTORE:NAME shows one prediction set, STORE alone all of them. A run's directory may stand for its store.\n\n"
    "Examples:\n  magister metrics runs/demo\n  magister metrics runs/demo/store.sqlite:student --json";

static void take_json(int key, char *value, struct argp_state *state)
{
    (void)value;
    if (key == KEY_JSON) *(bool *)((command_line *)state->input)->self = true;
}

static status print_json(store *s, const char *name)
{
    status st = OK;
    json_t *all = NULL;
    set_info info;
    int64_t set;
    if (name) TRY(store_find_set(s, name, -1, &info, &set)); /* says which sets there are */
    TRY(metrics_json(s, &all));
    json_dumpf(name ? json_object_get(all, name) : all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    putchar('\n');
done:
    json_decref(all);
    return st;
}

/* "STORE:NAME" is split at its last colon, unless all of it is a file's name. */
static void split_address(char *address, char **name)
{
    char *colon = strrchr(address, ':');
    *name = NULL;
    if (!colon || file_exists(address) || directory_exists(address)) return;
    *colon = '\0';
    *name = colon + 1;
}

static status show_metrics(char *address, bool json)
{
    status st = OK;
    store *s = NULL;
    char *name, *path = NULL;
    split_address(address, &name);
    path = directory_exists(address) ? path_join(address, "store.sqlite") : strdup(address);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to open %s", address));
    TRY(store_open(path, STORE_READ, &s));
    TRY(json ? print_json(s, name) : metrics_print(s, name, stdout));
done:
    store_close(&s);
    free(path);
    return st;
}

status command_metrics(int argc, char **argv)
{
    status st = OK;
    bool json = false;
    command_line line = {METRICS_OPTIONS, "STORE[:NAME]", METRICS_HELP, 1, 1, take_json, &json, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(show_metrics(line.found.at[0], json));
done:
    free(line.found.at);
    return st;
}
