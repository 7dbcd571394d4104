/* Metrics against scores computed by the definitions (make_metrics.py), against published ones, and as JSON and table.
 */
#include "tests/unit/distill/sample_store.h"

#include "base/file.h"
#include "distill/metrics.h"

/* ---- the case of make_metrics.py ----------------------------------------------------------------------------------
 */

enum { MOST = 200 };

typedef struct {
    json_t *json;
    class_list classes;
    action_class actions[MOST];
    const char *verbs[MOST], *nouns[MOST], *groups[MOST];
    segment segments[MOST];
    char uids[MOST][24];
    size_t count;
} golden_case;

static int64_t number_at(const json_t *array, size_t i)
{
    assert_true(i < json_array_size(array));
    return json_integer_value(json_array_get(array, i));
}

static void load_case(golden_case *c)
{
    json_error_t error;
    *c = (golden_case){.json = json_load_file("tests/golden/distill/metrics.json", 0, &error)};
    assert_non_null(c->json);
    const json_t *verb_of = json_object_get(c->json, "verb_of"), *noun_of = json_object_get(c->json, "noun_of");
    size_t actions = json_array_size(verb_of);
    for (size_t i = 0; i < actions; i++)
        c->actions[i] = (action_class){"a", "a", number_at(verb_of, i), number_at(noun_of, i)};
    c->classes = (class_list){NULL,
                              c->actions,
                              c->verbs,
                              c->nouns,
                              actions,
                              (size_t)json_integer_value(json_object_get(c->json, "verbs")),
                              (size_t)json_integer_value(json_object_get(c->json, "nouns"))};
    c->count = json_array_size(json_object_get(c->json, "action"));
    for (size_t i = 0; i < c->count; i++) {
        snprintf(c->uids[i], sizeof c->uids[i], "u%zu", i);
        c->groups[i] = json_string_value(json_array_get(json_object_get(c->json, "group"), i));
        c->segments[i] = (segment){.uid = c->uids[i],
                                   .sequence = "v",
                                   .action = number_at(json_object_get(c->json, "action"), i),
                                   .verb = number_at(json_object_get(c->json, "verb"), i),
                                   .noun = number_at(json_object_get(c->json, "noun"), i)};
    }
}

static void put_ids(store *s, const char *kind, const json_t *ids)
{
    int64_t values[MOST];
    size_t count = json_array_size(ids);
    for (size_t i = 0; i < count; i++) values[i] = number_at(ids, i);
    assert_ok(store_put_many_shot(s, kind, values, count));
}

static void put_seed(store *s, const golden_case *c, const set_info *info)
{
    int64_t set = 0;
    const json_t *rows = json_array_get(json_object_get(c->json, "seeds"), (size_t)info->seed);
    assert_ok(store_begin_set(s, info, &set));
    for (size_t i = 0; i < c->count; i++) {
        float logits[MOST];
        if (!number_at(json_object_get(c->json, "predicted"), i)) continue;
        for (size_t j = 0; j < c->classes.action_count; j++)
            logits[j] = (float)number_at(json_array_get(rows, i), j) / 8;
        assert_ok(store_put(s, set, c->uids[i], logits, NULL));
    }
}

static store *store_of_case(const golden_case *c)
{
    const char *path = sample_path("metrics");
    store *s = NULL;
    segment_list segments = {NULL, (segment *)c->segments, c->count};
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_put_classes(s, &c->classes));
    assert_ok(store_put_segments(s, "eval", &segments, c->groups));
    put_ids(s, "verb", json_object_get(c->json, "many_shot_verbs"));
    put_ids(s, "noun", json_object_get(c->json, "many_shot_nouns"));
    for (int64_t seed = 0; seed < 3; seed++) {
        set_info info = {.name = "dense", .role = "student", .seed = seed, .encoding = ENCODE_DENSE, .classes = 24};
        put_seed(s, c, &info);
        info = (set_info){
            .name = "topk", .role = "teacher", .seed = 2 - seed, .encoding = ENCODE_TOPK, .classes = 24, .k = 6};
        put_seed(s, c, &info);
    }
    return s;
}

static void assert_number(double value, const json_t *object, const char *key)
{
    const json_t *wanted = json_object_get(object, key);
    if (json_is_null(wanted) ? isnan(value) : fabs(value - json_number_value(wanted)) < 1e-9) return;
    fail_msg("%s is %.12f instead of %.12f", key, value, json_number_value(wanted));
}

static void assert_score(const score *s, const json_t *wanted)
{
    assert_true(json_is_object(wanted));
    assert_number(s->top1, wanted, "top1");
    assert_number(s->top5, wanted, "top5");
    assert_number(s->class_mean_top1[CLASSES_WITH_LABELS], wanted, "class_mean_top1");
    assert_number(s->class_mean_top1[CLASSES_ALL], wanted, "class_mean_top1_all");
    assert_number(s->class_mean_top1[CLASSES_WITH_LABELS_OR_PREDICTIONS], wanted,
                  "class_mean_top1_labels_or_predictions");
    assert_number(s->many_shot_recall5_and, wanted, "many_shot_recall5");
    assert_number(s->many_shot_recall5_or, wanted, "many_shot_recall5_or");
}

static void assert_metrics(store *s, int64_t set, const char *group, const json_t *wanted)
{
    set_metrics m;
    assert_ok(metrics_compute(s, set, "eval", group, &m));
    assert_int_equal(m.n, json_integer_value(json_object_get(wanted, "n")));
    assert_number(m.coverage, wanted, "coverage");
    assert_score(&m.action, json_object_get(wanted, "action"));
    assert_score(&m.verb, json_object_get(wanted, "verb"));
    assert_score(&m.noun, json_object_get(wanted, "noun"));
    assert_score(&m.verb_marginal, json_object_get(json_object_get(wanted, "verb"), "marginal"));
    assert_score(&m.noun_marginal, json_object_get(json_object_get(wanted, "noun"), "marginal"));
}

static void scores_are_those_of_the_definitions(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"dense", "topk"};
    golden_case c;
    load_case(&c);
    store *s = store_of_case(&c);
    for (int e = 0; e < 2; e++)
        for (int64_t seed = 0; seed < 3; seed++) {
            set_info info;
            int64_t set = 0;
            const json_t *wanted =
                json_array_get(json_object_get(json_object_get(c.json, "expected"), NAMES[e]), (size_t)seed);
            assert_ok(store_find_set(s, NAMES[e], seed, &info, &set));
            assert_metrics(s, set, NULL, wanted);
            assert_metrics(s, set, "new", json_object_get(json_object_get(wanted, "groups"), "new"));
            assert_metrics(s, set, "seen", json_object_get(json_object_get(wanted, "groups"), "seen"));
        }
    store_close(&s);
    remove_store(sample_path("metrics"));
    json_decref(c.json);
}

static double value_of(const json_t *object, const char *a, const char *b, const char *key)
{
    const json_t *found = json_object_get(json_object_get(object, a), b);
    if (!json_object_get(found, key)) fail_msg("%s.%s has no %s", a, b, key);
    return json_number_value(json_object_get(found, key));
}

static void json_has_means_and_deviations_over_seeds(void **state)
{
    (void)state;
    golden_case c;
    json_t *json = NULL;
    double sum = 0, squares = 0;
    load_case(&c);
    store *s = store_of_case(&c);
    assert_ok(metrics_json(s, &json));
    assert_int_equal(json_object_size(json), 2);
    assert_string_equal(json_object_iter_key(json_object_iter(json)), "topk"); /* a teacher comes before students */

    const json_t *seeds = json_object_get(json_object_get(c.json, "expected"), "dense");
    for (size_t i = 0; i < 3; i++) sum += value_of(json_array_get(seeds, i), "verb", "marginal", "top5");
    for (size_t i = 0; i < 3; i++)
        squares += pow(value_of(json_array_get(seeds, i), "verb", "marginal", "top5") - sum / 3, 2);
    const json_t *dense = json_object_get(json, "dense");
    assert_true(fabs(value_of(dense, "verb", "marginal", "top5") - sum / 3) < 1e-9);
    assert_true(fabs(value_of(dense, "verb", "marginal", "top5_sd") - sqrt(squares / 2)) < 1e-9);
    value_of(json_object_get(dense, "groups"), "new", "action", "many_shot_recall5_or_sd");
    assert_int_equal(json_array_size(json_object_get(dense, "seeds")), 3);
    assert_string_equal(json_string_value(json_object_get(dense, "role")), "student");
    assert_true(json_is_false(json_object_get(dense, "complete")));
    assert_null(json_object_get(json_object_get(dense, "verb"), "many_shot_recall5_or"));
    const json_t *topk = json_array_get(json_object_get(json_object_get(json, "topk"), "seeds"), 0);
    assert_int_equal(json_integer_value(topk), 0); /* ascending, though put the other way round */
    json_decref(json);
    store_close(&s);
    remove_store(sample_path("metrics"));
    json_decref(c.json);
}

/* One seed: no deviation. Glosses: no verbs. Nothing scored: everything null and nothing divided by nothing. */
static void what_is_not_defined_is_null(void **state)
{
    (void)state;
    const char *path = sample_path("null");
    json_t *json = NULL;
    int64_t set = 0;
    action_class glosses[] = {{"JOHN", "JOHN", -1, -1}, {"WRITE", "WRITE", -1, -1}};
    class_list classes = {NULL, glosses, NULL, NULL, 2, 0, 0};
    segment one = {.uid = "s/0", .sequence = "s", .end = 1, .action = 1, .verb = -1, .noun = -1};
    segment_list segments = {NULL, &one, 1};
    set_info info = {.name = "empty", .role = "teacher", .encoding = ENCODE_DENSE, .classes = 2};
    store *s = NULL;
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_put_classes(s, &classes));
    assert_ok(store_put_segments(s, "eval", &segments, NULL));
    assert_ok(store_begin_set(s, &info, &set));
    memcpy(info.name, "full", 5);
    assert_ok(store_begin_set(s, &info, &set));
    assert_ok(store_put(s, set, "s/0", (float[]){0, 1}, NULL));
    assert_ok(metrics_json(s, &json));
    char *text = json_dumps(json_object_get(json, "empty"), JSON_SORT_KEYS);
    const char *nothing = "{\"class_mean_top1\": null, \"class_mean_top1_all\": null, "
                          "\"class_mean_top1_labels_or_predictions\": null, \"many_shot_recall5\": null, "
                          "\"many_shot_recall5_or\": null, \"top1\": null, \"top5\": null}";
    assert_non_null(strstr(text, nothing));
    assert_non_null(strstr(text, "\"coverage\": 0.0"));
    const json_t *full = json_object_get(json, "full");
    assert_true(json_number_value(json_object_get(json_object_get(full, "action"), "top1")) == 100);
    assert_true(json_is_null(json_object_get(json_object_get(full, "action"), "many_shot_recall5")));
    assert_null(json_object_get(json_object_get(full, "action"), "top1_sd"));
    assert_true(json_is_null(json_object_get(json_object_get(full, "verb"), "top1")));
    assert_null(json_object_get(full, "groups"));
    free(text);
    json_decref(json);
    store_close(&s);
    remove_store(path);
}

static void the_table_is_aligned_and_ordered(void **state)
{
    (void)state;
    golden_case c;
    char *text = NULL;
    size_t bytes = 0;
    load_case(&c);
    store *s = store_of_case(&c);
    set_info info = {.name = "a-baseline", .role = "baseline", .encoding = ENCODE_DENSE, .classes = 24};
    put_seed(s, &c, &info);
    FILE *to = open_memstream(&text, &bytes);
    assert_ok(metrics_print(s, NULL, to));
    fclose(to);
    char *lines[16] = {0}, *rest = text;
    size_t count = 0;
    while (count < 16 && (lines[count] = strsep(&rest, "\n"))) count++;
    const char *starts[] = {"set ", "a-baseline *", "  new", "  seen", "topk *", "  new", "  seen", "dense *"};
    for (size_t i = 0; i < 8; i++) assert_memory_equal(lines[i], starts[i], strlen(starts[i]));
    assert_non_null(strstr(lines[4], "±"));
    assert_null(strstr(lines[1], "±"));
    free(text);

    to = open_memstream(&text, &bytes);
    assert_ok(metrics_print(s, "topk", to));
    fclose(to);
    assert_null(strstr(text, "dense"));
    free(text);
    assert_fails(ERR_MISSING, "no prediction set nobody", metrics_print(s, "nobody", stderr));
    store_close(&s);
    remove_store(sample_path("metrics"));
    json_decref(c.json);
}

/* ---- published figures --------------------------------------------------------------------------------------------
 */

#define DATA "../shared/data/"

/* float32 (rows, columns) of a .npy file, added to `sum`. */
static void add_npy(const char *path, float *sum, size_t count)
{
    char *bytes = NULL;
    size_t size = 0;
    assert_ok(file_read(path, 1 << 20, &bytes, &size));
    const char *shape = strstr(bytes + 10, "(60, 120)");
    assert_non_null(shape);
    assert_true(size >= count * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, bytes + size - (count - i) * sizeof value, sizeof value);
        sum[i] += value;
    }
    free(bytes);
}

/* Two score tables of MMAction2 added: its documentation says top-1 0.9333, top-5 0.9833, class mean 0.9180. */
static void fused_scores_of_mmaction2(void **state)
{
    (void)state;
    enum { ROWS = 60, CLASSES = 120 };
    const char *folder = DATA "metrics/topk_mmaction2_fuse", *path = sample_path("fuse");
    static float sums[ROWS * CLASSES];
    static action_class actions[CLASSES];
    static segment segments[ROWS];
    static char uids[ROWS][16];
    int64_t set = 0;
    set_metrics m;
    store *s = NULL;
    if (!directory_exists(folder)) skip();
    add_npy(DATA "metrics/topk_mmaction2_fuse/joint_scores.npy", sums, ROWS * CLASSES);
    add_npy(DATA "metrics/topk_mmaction2_fuse/bone_scores.npy", sums, ROWS * CLASSES);
    FILE *labels = fopen(DATA "metrics/topk_mmaction2_fuse/labels.txt", "r");
    assert_non_null(labels);
    for (int i = 0; i < CLASSES; i++) actions[i] = (action_class){"x", "x", -1, -1};
    for (int i = 0; i < ROWS; i++) {
        long long label = -1;
        assert_int_equal(fscanf(labels, "%lld", &label), 1);
        snprintf(uids[i], sizeof uids[i], "%d", i);
        segments[i] = (segment){.uid = uids[i], .sequence = "x", .action = label, .verb = -1, .noun = -1};
    }
    fclose(labels);
    class_list classes = {NULL, actions, NULL, NULL, CLASSES, 0, 0};
    segment_list list = {NULL, segments, ROWS};
    set_info info = {.name = "fuse", .role = "student", .encoding = ENCODE_TOPK, .classes = CLASSES, .k = 50};
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_put_classes(s, &classes));
    assert_ok(store_put_segments(s, "eval", &list, NULL));
    assert_ok(store_begin_set(s, &info, &set));
    for (int i = 0; i < ROWS; i++) assert_ok(store_put(s, set, uids[i], sums + i * CLASSES, NULL));
    assert_ok(metrics_compute(s, set, "eval", NULL, &m));
    assert_true(fabs(m.action.top1 - 93.33) < 0.005);
    assert_true(fabs(m.action.top5 - 98.33) < 0.005);
    assert_true(fabs(m.action.class_mean_top1[CLASSES_WITH_LABELS_OR_PREDICTIONS] - 91.80) < 0.005);
    store_close(&s);
    remove_store(path);
}

/* EPIC-KITCHENS-55: 819 of 2,513 actions are many-shot by verb and noun, 2,265 by either; 451 and 883 of them occur in
 * validation. A model that is right exactly on the first kind has a recall of 100 and 100 * 451 / 883. */
static void many_shot_classes_of_ek55(void **state)
{
    (void)state;
    const char *folder = DATA "ek55_rulstm_split/", *path = sample_path("ek55");
    class_list classes = {0};
    segment_list segments = {0};
    int64_t *verbs = NULL, *nouns = NULL, set = 0;
    size_t verb_count = 0, noun_count = 0, both = 0, either = 0;
    bool many_verb[1000] = {0}, many_noun[1000] = {0};
    static float logits[2513];
    set_metrics m;
    store *s = NULL;
    if (!directory_exists(folder)) skip();
    assert_ok(classes_read(DATA "ek55_rulstm_split/actions.csv", &classes));
    assert_ok(segments_read(DATA "ek55_rulstm_split/validation.csv", "auto", 30, &classes, &segments));
    assert_ok(ids_read(DATA "ek55_rulstm_split/EPIC_many_shot_verbs.csv", &verbs, &verb_count));
    assert_ok(ids_read(DATA "ek55_rulstm_split/EPIC_many_shot_nouns.csv", &nouns, &noun_count));
    for (size_t i = 0; i < verb_count; i++) many_verb[verbs[i]] = true;
    for (size_t i = 0; i < noun_count; i++) many_noun[nouns[i]] = true;
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_put_classes(s, &classes));
    assert_ok(store_put_segments(s, "eval", &segments, NULL));
    assert_ok(store_put_many_shot(s, "verb", verbs, verb_count));
    assert_ok(store_put_many_shot(s, "noun", nouns, noun_count));
    set_info info = {.name = "x", .role = "teacher", .encoding = ENCODE_TOPK, .classes = 2513, .k = 5};
    assert_ok(store_begin_set(s, &info, &set));
    for (size_t i = 0; i < classes.action_count; i++) {
        const action_class *a = &classes.actions[i];
        both += many_verb[a->verb] && many_noun[a->noun];
        either += many_verb[a->verb] || many_noun[a->noun];
    }
    assert_int_equal(both, 819);
    assert_int_equal(either, 2265);
    for (size_t i = 0; i < segments.count; i++) {
        const segment *at = &segments.at[i];
        bool right = many_verb[at->verb] && many_noun[at->noun];
        int64_t guess = right ? at->action : (at->action + 1) % 2500;
        logits[guess] = 1;
        for (int64_t j = 0, put = 0; put < 4; j++) /* the other four must not be right by chance */
            if (j != guess && j != at->action) logits[j] = 0.5f, put++;
        assert_ok(store_put(s, set, at->uid, logits, NULL));
        memset(logits, 0, sizeof logits);
    }
    assert_ok(metrics_compute(s, set, "eval", NULL, &m));
    assert_int_equal(m.n, 4979);
    assert_true(m.action.many_shot_recall5_and == 100);
    assert_true(fabs(m.action.many_shot_recall5_or - 100.0 * 451 / 883) < 1e-9);
    store_close(&s);
    remove_store(path);
    classes_free(&classes);
    segments_free(&segments);
    free(verbs);
    free(nouns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_those_of_the_definitions),
        cmocka_unit_test(json_has_means_and_deviations_over_seeds),
        cmocka_unit_test(what_is_not_defined_is_null),
        cmocka_unit_test(the_table_is_aligned_and_ordered),
        cmocka_unit_test(fused_scores_of_mmaction2),
        cmocka_unit_test(many_shot_classes_of_ek55),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
