/* magister store check|list|similar */
#include "conf/suggest.h"
#include "distill/similar.h"
#include "launcher/commands.h"
#include "launcher/json_file.h"
#include "launcher/store_address.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_COUNT = 'k', KEY_EVENT = 256, KEY_SEED, KEY_JSON, COUNT_MAX = 1000000 };

static const struct argp_option OPTIONS[] = {
    {0, 0, NULL, 0, "similar:", 1},
    {"event", KEY_EVENT, "UID", 0, "What is looked for: a uid, or the beginning of one alone", 1},
    {"count", KEY_COUNT, "K", 0, "How many are told (10)", 1},
    {"seed", KEY_SEED, "N", 0, "Which of the sets with that name (the lowest seed)", 1},
    {"json", KEY_JSON, NULL, 0, "One JSON object instead of a table", 1},
    {0},
};

static const char STORE_HELP[] =
    "Looks into a store of predictions."
    "\v  list STORE            its prediction sets: seed, role, records, encoding\n"
    "  check STORE           reads every record and compares its check sum (exit code 65 when one is wrong)\n"
    "  similar STORE:NAME    the records whose features are nearest to those of --event, by cosine\n\n"
    "Events of videos are called VIDEO#LAYER#EVENT in a store.\n\n"
    "Examples:\n  magister store list runs/demo/store.sqlite\n"
    "  magister store similar runs/epic/store.sqlite:events --event P01_01#1#12 -k 5";

typedef struct {
    const char *event;
    size_t count;
    int64_t seed; /* -1: the lowest */
    bool json;
} store_options;

static int64_t take_whole(const char *name, const char *text, int64_t least, int64_t most, struct argp_state *state)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < least || value > most)
        argp_error(state, "%s is a whole number from %lld to %lld, not %.40s", name, (long long)least, (long long)most,
                   text);
    return value;
}

static void take_option(int key, char *value, struct argp_state *state)
{
    store_options *o = ((command_line *)state->input)->self;
    if (key == KEY_EVENT) o->event = value;
    if (key == KEY_COUNT) o->count = (size_t)take_whole("-k", value, 1, COUNT_MAX, state);
    if (key == KEY_SEED) o->seed = take_whole("--seed", value, 0, INT64_MAX, state);
    if (key == KEY_JSON) o->json = true;
}

/* ---- list -------------------------------------------------------------------------------------------------------- */

static void print_set(const set_info *info)
{
    static const char *const FEATURES[] = {"-", "float16", "float32"};
    char encoding[40] = "-", features[48] = "-";
    if (info->classes)
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

/* ---- similar ----------------------------------------------------------------------------------------------------- */

static void print_record(const similar_record *r)
{
    char uid[64], sequence[64];
    text_copy_printable(uid, sizeof uid, r->uid, strlen(r->uid), false);
    text_copy_printable(sequence, sizeof sequence, r->sequence, strlen(r->sequence), false);
    printf("%8.4f  %-32s %10.2f %10.2f  %s\n", r->similarity, uid, r->start, r->end, sequence);
}

static json_t *record_json(const similar_record *r)
{
    return json_pack("{s:o, s:o, s:f, s:f, s:f}", "uid", json_text_of(r->uid), "video", json_text_of(r->sequence),
                     "start", r->start, "end", r->end, "similarity", r->similarity);
}

static status print_similar_json(const similar_list *list)
{
    json_t *nearest = json_array();
    for (size_t i = 0; i < list->count; i++) json_array_append_new(nearest, record_json(&list->at[i]));
    json_t *all = json_pack("{s:o, s:o}", "event", record_json(&list->of), "nearest", nearest);
    bool failed = !all || json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    json_decref(all);
    putchar('\n');
    return failed ? FAIL(ERR_IO, "cannot write what is similar") : OK;
}

static status show_similar(store *s, const char *name, const store_options *o)
{
    status st = OK;
    similar_list list = {0};
    set_info info;
    int64_t set;
    TRY(store_find_set(s, name, o->seed, &info, &set));
    TRY(similar_find(s, &info, set, o->event, o->count, &list));
    if (o->json) TRY(print_similar_json(&list));
    else {
        printf("%8s  %-32s %10s %10s  %s\n", "cosine", "uid", "start", "end", "video");
        print_record(&list.of);
        for (size_t i = 0; i < list.count; i++) print_record(&list.at[i]);
    }
done:
    similar_free(&list);
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static status check_action(const char *action)
{
    static const char *const ACTIONS[] = {"list", "check", "similar"};
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(action, ACTIONS[i])) return OK;
    const char *near = suggest_word(action, ACTIONS, 3);
    return FAIL(ERR_USAGE, "store has list, check and similar, not %.60s%s%s%s", action, near ? ": did you mean " : "",
                near ? near : "", near ? "?" : "");
}

static status act_on_store(const char *action, char *address, const store_options *o)
{
    status st = OK;
    store *s = NULL;
    char *name = NULL;
    bool seeks = !strcmp(action, "similar");
    TRY(check_action(action));
    if (seeks) address_split(address, &name);
    if (seeks && !name) TRY(FAIL(ERR_USAGE, "similar takes STORE:NAME; there is no set in %s", address));
    if (seeks && !o->event) TRY(FAIL(ERR_USAGE, "similar to what? Say --event UID"));
    TRY(address_open(address, &s));
    if (seeks) TRY(show_similar(s, name, o));
    else if (!strcmp(action, "list")) TRY(list_sets(s));
    else {
        TRY(store_check(s));
        printf("%s: good\n", address);
    }
done:
    store_close(&s);
    return st;
}

status command_store(int argc, char **argv)
{
    status st = OK;
    store_options o = {.count = 10, .seed = -1};
    command_line line = {OPTIONS, "list|check STORE\nsimilar STORE:NAME", STORE_HELP, 2, 2, take_option, &o, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(act_on_store(line.found.at[0], line.found.at[1], &o));
done:
    free(line.found.at);
    return st;
}
