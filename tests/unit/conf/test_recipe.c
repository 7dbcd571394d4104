/* Reading, resolving, overriding and writing recipes through conf/recipe.h. */
#include "base/file.h"
#include "conf/recipe.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/magister-recipe-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(path, sizeof path, "%s/r.yaml", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return directory_remove(directory) == OK ? 0 : -1;
}

static int forget_failure(void **state)
{
    (void)state;
    fail_clear();
    return 0;
}

static status read_text(const char *text, char *const *overrides, size_t count, recipe **out)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    *out = NULL;
    return recipe_read(path, overrides, count, out);
}

static recipe *good(const char *text)
{
    recipe *r;
    status st = read_text(text, NULL, 0, &r);
    if (st != OK) print_error("%s\n", fail_message());
    assert_int_equal(st, OK);
    return r;
}

/* The recipe is refused with ERR_CONFIG and every one of the expected texts (ended by NULL) is told. */
static void bad(const char *text, ...)
{
    recipe *r;
    assert_int_equal(read_text(text, NULL, 0, &r), ERR_CONFIG);
    assert_null(r);
    va_list expected;
    va_start(expected, text);
    for (const char *each; (each = va_arg(expected, const char *));)
        if (!strstr(fail_message(), each)) fail_msg("expected \"%s\" in:\n%s", each, fail_message());
    va_end(expected);
    fail_clear();
}

#define BASE "stages: [generate, teacher, predict, student, evaluate]\n"

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    recipe *r = good(BASE);
    assert_string_equal(recipe_text(r, "name"), "run");
    assert_null(recipe_text(r, "out"));
    assert_true(recipe_is_null(r, "out"));
    assert_int_equal(recipe_int(r, "teacher.width"), 256);
    assert_true(recipe_real(r, "teacher.multi_task.verb") == 0.15);
    assert_true(recipe_bool(r, "teacher.gappy_hist"));
    assert_int_equal(recipe_list_count(r, "teacher.baselines"), 3);
    assert_string_equal(recipe_list_text(r, "teacher.baselines", 2), "trigram");
    assert_false(recipe_is_given(r, "teacher.width"));
    assert_true(recipe_is_given(r, "stages"));
    assert_int_equal(recipe_mistakes(r), OK);
    recipe_free(&r);
    assert_null(r);
}

static void values_are_read_with_their_types(void **state)
{
    (void)state;
    recipe *r = good(BASE "name: 'a b'\nseed: 9000000000000000\ntrain: {optimizer: {lr: 5.0e-4}, exact: True}\n"
                          "teacher.layers: 2\nstudent:\n  seeds:\n    - 3\n    - 1\n");
    assert_string_equal(recipe_text(r, "name"), "a b");
    assert_true(recipe_int(r, "seed") == 9000000000000000);
    assert_true(recipe_real(r, "train.optimizer.lr") == 5e-4);
    assert_true(recipe_bool(r, "train.exact"));
    assert_int_equal(recipe_int(r, "teacher.layers"), 2);
    assert_int_equal(recipe_list_int(r, "student.seeds", 0), 3);
    assert_true(recipe_list_real(r, "student.seeds", 1) == 1.0);
    recipe_free(&r);
}

static void sections_take_common_training_values(void **state)
{
    (void)state;
    recipe *r = good(BASE "train: {epochs: 3, batch: 8}\nteacher: {train: {epochs: 7}}\n");
    assert_int_equal(recipe_int(r, "teacher.train.epochs"), 7);
    assert_int_equal(recipe_int(r, "student.train.epochs"), 3);
    assert_int_equal(recipe_int(r, "teacher.train.batch"), 8);
    assert_int_equal(recipe_int(r, "train.epochs"), 3);
    recipe_free(&r);
}

static void overrides_win_and_pass_the_same_checks(void **state)
{
    (void)state;
    recipe *r;
    char *good_ones[] = {"teacher.layers=6", "stages=[teacher, evaluate]", "data.train=a b.csv",
                         "name=", "student.variants.plain={blind: true, distill.loss: none}"};
    char *bad_ones[] = {"teacher.layers=0", "teacher.lyers=2", "layers", "name=[", "out=*x", "seed=1", "seed=2"};
    good_ones[3] = "out=null";
    assert_int_equal(read_text("teacher: {layers: 2}\n", good_ones, 5, &r), OK);
    assert_int_equal(recipe_int(r, "teacher.layers"), 6);
    assert_int_equal(recipe_list_count(r, "stages"), 2);
    assert_string_equal(recipe_text(r, "data.train"), "a b.csv");
    assert_string_equal(recipe_variant_name(r, "student", 0), "plain");
    recipe_free(&r);

    assert_int_equal(read_text(BASE, bad_ones, 7, &r), ERR_CONFIG);
    assert_non_null(
        strstr(fail_message(), "command line, override 1: teacher.layers is a whole number from 1 to 96, not 0"));
    assert_non_null(strstr(fail_message(), "override 2: there is no key teacher.lyers: did you mean teacher.layers?"));
    assert_non_null(strstr(fail_message(), "override 3: \"layers\" is not of the form key=value"));
    assert_non_null(strstr(fail_message(), "override 4: not YAML"));
    assert_non_null(strstr(fail_message(), "override 5: an alias"));
    assert_non_null(strstr(fail_message(), "override 7: seed is given twice, first by command line, override 6"));
}

static void all_problems_are_told_at_once_in_order(void **state)
{
    (void)state;
    recipe *r;
    const char *lines[] = {
        ":2:1: there is no key nmae: did you mean name?",
        ":4:11: teacher.layers is a whole number from 1 to 96, not two",
        ":5:10: teacher.width is a whole number from 8 to 16384, not 7",
        ":6:10: teacher.model is one of encoder, majority, bigram, trigram, not encodr: did you mean encoder?",
        ":7:3: there is no key teacher.distill: did you mean student.distill?",
        ":8:1: there is no key layers: did you mean teacher.layers, stream.layers or student.layers?",
        ":9:9: launch is a section of keys, not a single value"};
    assert_int_equal(read_text(BASE "nmae: x\nteacher:\n  layers: two\n  width: 7\n  model: encodr\n  distill: "
                                    "{weight: 1}\nlayers: 3\nlaunch: 2\n",
                               NULL, 0, &r),
                     ERR_CONFIG);
    const char *at = fail_message();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *next = strstr(at, lines[i]);
        if (!next) fail_msg("expected \"%s\" in its turn in:\n%s", lines[i], fail_message());
        at = next;
    }
    assert_int_equal(strncmp(fail_message(), path, strlen(path)), 0);
}

static void text_that_is_no_recipe_is_refused(void **state)
{
    (void)state;
    bad("", "an empty recipe", NULL);
    bad("# nothing\n", "an empty recipe", NULL);
    bad("- a\n- b\n", ":1:1: a recipe is a mapping of keys, not a list", NULL);
    bad("name: a\n\tseed: 1\n", ":2:1: a tab: YAML is indented with spaces", NULL);
    bad("name: \"\xff\"\n", ":1:8: not plain UTF-8 text", NULL);
    bad("\xff\xfen\0a\0", "not plain UTF-8 text", NULL);
    bad("name: a\n---\nname: b\n", ":2:", "a second document", NULL);
    bad("name: [a\n", ":2:1: not YAML", NULL);
    bad("a: &x [1]\nb: *x\n", ":1:4: an anchor", NULL);
    bad("name: !!str 3\n", "a tag", NULL);
    bad("? [a, b]\n: 3\n", "a list where a key should be", NULL);
    bad("name: \"a\\0b\"\n", "a zero byte", NULL);
    bad("name: \"a\\nb\"\n", "name holds a control character", NULL);
    bad("teacher: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", "nested too deeply", NULL);
    bad(BASE "name: ''\n", "name is empty", NULL);
}

static void values_of_the_wrong_kind_are_refused(void **state)
{
    (void)state;
    bad(BASE "seed: 1.5\n", "seed is a whole number from 0 to 9e+15, not 1.5", NULL);
    bad(BASE "seed: '1'\n", "seed is a whole number from 0 to 9e+15, not the text \"1\"", NULL);
    bad(BASE "seed: 99999999999999999999\n", "seed is", NULL);
    bad(BASE "seed: 0x10\n", "seed is", NULL);
    bad(BASE "seed:\n", "cannot be empty or null", NULL);
    bad(BASE "data: {tau_a: .nan}\n", "data.tau_a is a number", NULL);
    bad(BASE "data: {tau_a: .inf}\n", "data.tau_a is a number", NULL);
    bad(BASE "teacher: {gappy_hist: yes}\n", "teacher.gappy_hist is true or false, not yes", NULL);
    bad(BASE "teacher: {layers: {a: 1}}\n", "not a mapping", NULL);
    bad(BASE "student: {seeds: 3}\n", "student.seeds is a list of whole numbers", NULL);
    bad(BASE "student: {seeds: [1, 1]}\n", "student.seeds has 1 twice", NULL);
    bad(BASE "student: {seeds: [1, x]}\n", ":2:22: student.seeds is a list of whole numbers", NULL);
    bad(BASE "data: {train: ''}\n", "data.train is empty (say null for none)", NULL);
}

static void one_key_said_twice_is_refused(void **state)
{
    (void)state;
    bad(BASE "teacher: {layers: 2}\nteacher.layers: 2\n", ":3:1: teacher.layers is given twice, first in line 2", NULL);
    bad(BASE "seed: x\nseed: 3\n", ":2:7: seed is a whole number", ":3:1: seed is given twice, first in line 2", NULL);
    bad(BASE "student: {variants: {a: {blind: true}, a: {blind: true}}}\n", "student.variants.a.blind is given twice",
        NULL);
}

static void keys_are_checked_against_each_other(void **state)
{
    (void)state;
    bad("data: {train: a, videos: v}\nstudent: {input: cache, distill: {loss: none}}\n", "needs student.backbone",
        NULL);
    bad("data: {train: a, videos: v}\nstudent: {input: cache, backbone: eyes, distill: {loss: none}}\n",
        "eyes, which is no student of this recipe", NULL);
    bad("data: {train: a, videos: v, tracks: t}\nstudent: {input: cache, backbone: eyes, distill: {loss: none}, "
        "variants: {eyes: {input: tracks}}}\n",
        "eyes, whose input is tracks", NULL);
    bad("data: {train: a}\nstudent: {input: frames, distill: {loss: none}}\n", "data.videos is missing", NULL);
    bad("stages: [student]\ndata: {train: a, videos: v}\nstudent: {input: stream, distill: {loss: none}}\n",
        ":3:18: student.input stream needs a streaming learner", NULL);
    bad("stages: [stream, student]\ndata: {train: a}\nstudent: {input: stream, distill: {loss: none}}\n",
        "data.videos is missing", NULL);
    bad("stages: [generate, stream, student]\nstudent: {input: stream, distill: {loss: none}}\n",
        "say generate.film: video", NULL);
    bad("stages: [stream, student]\ndata: {train: a, videos: v, format: folder}\n"
        "student: {input: stream, task: recognise, distill: {loss: none}}\n",
        "needs videos of many segments", NULL);
    bad("stages: [stream, student]\ndata: {train: a, tracks: t}\nstudent: {distill: {loss: none}}\n",
        "data.videos is missing: the stage stream watches them", NULL);
    bad("name: a\n", "data.train is missing", "data.tracks is missing", NULL);
    bad("stages: []\n", "stages is empty", NULL);
    bad("generate: {size: 63}\n", "generate.size 63 is odd", NULL);
    bad("generate: {render_fps: 7}\n", "generate.render_fps 7 does not divide 30", NULL);
    bad("stages: [generate, predict, teacher]\n", "stages has teacher after predict", NULL);
    bad("stages: [generate, predict]\n", "stages has predict without teacher", NULL);
    bad(BASE "name: ../x\n", "name is also a directory's", NULL);
    bad(BASE "teacher: {width: 66}\n", ":2:18: teacher.heads 4 does not divide teacher.width 66", NULL);
    bad(BASE "student: {heads: 3}\n", ":2:18: student.heads 3 does not divide student.width 128", NULL);
    bad(BASE "train: {batch: 4, micro_batch: 8}\n", "teacher.train.micro_batch 8 is larger than teacher.train.batch 4",
        NULL);
    bad(BASE "teacher: {vocabulary: wordpiece}\n", "give teacher.vocabulary_file", NULL);
    bad(BASE "teacher: {pretrain: {corpus: [a.txt, b.jsonl]}}\n", "name the key of their text", NULL);
    bad(BASE "teacher: {input: tokens, pretrain: {corpus: [a.txt]}}\n", "pretraining needs teacher.input text", NULL);
    bad(BASE "teacher: {pretrain: {corpus: [a.txt]}, variants: {codes: {input: tokens}}}\n",
        "pretraining needs teacher.input text", NULL);
    bad(BASE "teacher: {multi_task: {action: 0, verb: 0, noun: 0}}\n", "nothing to learn", NULL);
    bad(BASE "data: {format: phoenix}\nteacher: {history_cutoff: started}\n", "needs times", NULL);
    bad(BASE "predict: {k: 10}\n", "student.distill.k 50 is larger than predict.k 10", NULL);
    bad(BASE "predict: {features: none}\nstudent: {distill: {features: cosine}}\n", "needs stored features", NULL);
    bad(BASE "student: {distill: {from: bigramm}}\n",
        "no teacher, teacher variant or baseline of this recipe: did you mean bigram?", NULL);
    bad(BASE "student: {distill: {from: 'x:'}}\n", "NAME or STORE:NAME", NULL);
    bad("stages: [generate, student]\n", "which no stage makes", NULL);
    recipe *r = good("stages: [generate, student]\nstudent: {distill: {from: 'old/store.sqlite:teacher'}}\n");
    recipe_free(&r);
    r = good("stages: [student]\ndata: {train: a, videos: v}\n"
             "student: {input: stream, stream: old/steps/stream, distill: {loss: none}}\n");
    recipe_free(&r);
    r = good("stages: [generate, predict, evaluate]\nteacher: {model: trigram}\n");
    recipe_free(&r);
}

static void a_value_that_could_not_be_read_is_not_checked_further(void **state)
{
    (void)state;
    recipe *r;
    assert_int_equal(read_text(BASE "teacher: {width: 65, heads: many}\n", NULL, 0, &r), ERR_CONFIG);
    assert_null(strstr(fail_message(), "divide"));
}

#define VARIANTS                                                                                                       \
    BASE "seed: 5\nteacher:\n  layers: 2\n  variants:\n    no_text: {extra_text: null, layers: 3}\nstudent:\n"         \
         "  variants:\n    plain: {distill.loss: none}\n    blind: {blind: true, train: {epochs: 9}, seeds: [1, 2]}\n" \
         "    empty:\n"

static void variants_override_keys_of_their_section(void **state)
{
    (void)state;
    recipe *r = good(VARIANTS), *step;
    assert_int_equal(recipe_variant_count(r, "teacher"), 1);
    assert_int_equal(recipe_variant_count(r, "student"), 3);
    assert_string_equal(recipe_variant_name(r, "student", 1), "blind");
    assert_null(recipe_variant_name(r, "student", 3));
    assert_int_equal(recipe_int(r, "teacher.layers"), 2);

    assert_int_equal(recipe_for_step(r, "predict", "no_text", 7, &step), OK);
    assert_int_equal(recipe_int(step, "teacher.layers"), 3);
    assert_int_equal(recipe_int(step, "seed"), 7);
    recipe_free(&step);
    assert_int_equal(recipe_for_step(r, "student", "blind", 0, &step), OK);
    recipe_free(&r); /* a step's recipe lives by itself */
    assert_true(recipe_bool(step, "student.blind"));
    assert_int_equal(recipe_int(step, "student.train.epochs"), 9);
    assert_int_equal(recipe_list_count(step, "student.seeds"), 2);
    assert_int_equal(recipe_int(step, "teacher.layers"), 2);
    recipe_free(&step);
}

static void null_on_the_command_line_takes_variants_out(void **state)
{
    (void)state;
    recipe *r;
    char *all[] = {"student.variants=null"}, *one[] = {"student.variants.plain=null", "student.variants.new.width=64"};
    assert_int_equal(read_text(VARIANTS, all, 1, &r), OK);
    assert_int_equal(recipe_variant_count(r, "student"), 0);
    assert_string_equal(recipe_variant_name(r, "teacher", 0), "no_text");
    recipe_free(&r);
    assert_int_equal(read_text(VARIANTS, one, 2, &r), OK);
    assert_int_equal(recipe_variant_count(r, "student"), 3);
    assert_string_equal(recipe_variant_name(r, "student", 0), "blind");
    assert_string_equal(recipe_variant_name(r, "student", 2), "new");
    recipe_free(&r);
}

static void wrong_variants_are_refused_with_their_place(void **state)
{
    (void)state;
    recipe *r = good(VARIANTS), *step;
    assert_int_equal(recipe_for_step(r, "student", "nobody", 0, &step), ERR_CONFIG);
    fail_clear();
    recipe_free(&r);
    bad(BASE "student: {variants: {Big: {blind: true}}}\n", ":2:22: student.variants: the name \"Big\" may hold", NULL);
    bad(BASE "student: {variants: {bigram: {}}}\n", "the name \"bigram\" is taken", NULL);
    bad(BASE "teacher: {variants: {a: {}}}\nstudent: {variants: {a: {}}}\n", "of the other section too", NULL);
    bad(BASE "student: {variants: {a: {layrs: 2}}}\n",
        ":2:26: there is no key student.variants.a.layrs: did you mean student.layers? (overrides of a variant are "
        "keys of student)",
        NULL);
    bad(BASE "student: {variants: {a: {width: 33}}}\n", ":2:33: student.heads 4 does not divide student.width 33",
        NULL);
    bad(BASE "student: {variants: {a: {distill.from: techer}}}\n", "did you mean teacher?", NULL);
    bad(BASE "teacher: {variants: {a: {baselines: []}}}\n", "baselines belong to the section", NULL);
    bad(BASE "teacher: {variants: [a]}\n", "teacher.variants is a section of named overrides, not a list", NULL);
    bad(BASE "teacher: {variants: {a: 3}}\n", "teacher.variants.a is a section of keys, not a single value", NULL);
}

#define STREAM "stages: [stream]\ndata.train: videos\n"

/* All of it is told before ranks are started, each with its place. */
static void a_streams_keys_are_checked_against_each_other(void **state)
{
    (void)state;
    bad(STREAM "stream: {demarcation: accum}\n",
        ":3:23: stream.demarcation accum adds errors up, which needs distances", NULL);
    bad(STREAM "stream: {demarcation: accum, base_distance: true}\n", "stream.demarcation accum", NULL);
    bad(STREAM "stream: {size: [128, 120]}\n", ":3:16: stream.size is 128 x 120", "multiples of 16", NULL);
    bad(STREAM "stream: {features: 100, init_layers: 4}\n", ":3:20: stream.features is 100", "a multiple of 8",
        ":3:38: stream.init_layers is 4, and stream.layers, the most, 3", NULL);
    bad(STREAM "stream: {size: [64], channels: [8, 8, 8]}\n", "stream.size has 1 numbers; it takes 2",
        "stream.channels has 3 numbers; it takes 4", NULL);
    bad(STREAM "stream: {raw: {pixels: rgb24}}\n", "stream.raw.pixels needs stream.raw.size", NULL);
    bad("stages: [stream]\ndata: {train: '-'}\nlaunch.ranks: 2\n", "standard input, which one rank alone can read",
        NULL);
    bad("stages: [stream]\ndata: {train: '-', eval: '-'}\nstream.train.epochs: 2\n", "which can be watched once",
        "data.eval is -", NULL);
    recipe *r = good(STREAM "stream: {demarcation: accum, base_distance: true, layers: 1}\n");
    recipe_free(&r);
    r = good(STREAM
             "stream: {demarcation: accum, distance: distance, size: [16, 1024], features: 8, init_layers: 3}\n");
    recipe_free(&r);
    r = good("stages: [teacher]\ndata.train: t.csv\nstream: {features: 100}\n"); /* no stream, nobody to refuse it */
    recipe_free(&r);
}

static char *written(const recipe *r)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    assert_int_equal(recipe_write(r, to), OK);
    fclose(to);
    return text;
}

static void writing_and_reading_again_gives_the_same_recipe(void **state)
{
    (void)state;
    recipe *r =
        good(VARIANTS "name: 'a \"quoted\" \\ name: # yes'\nout: \"\xc3\xbc/\xe6\x96\x87\"\n"
                      "train: {optimizer.lr: 0.1234567890123456, clip: 1e300}\ndata: {fps: 29.97, train: null}\n"
                      "generate: {noise: -0.0}\n");
    char *first = written(r), hash[33], hash_again[33];
    recipe_hash(r, hash);
    recipe_free(&r);
    r = good(first);
    char *second = written(r);
    recipe_hash(r, hash_again);
    assert_string_equal(first, second);
    assert_string_equal(hash, hash_again);
    assert_string_equal(recipe_text(r, "name"), "a \"quoted\" \\ name: # yes");
    assert_true(recipe_real(r, "train.optimizer.lr") == 0.1234567890123456);
    assert_int_equal(recipe_variant_count(r, "student"), 3);
    free(first);
    free(second);
    recipe_free(&r);
}

static void hash_of(const char *text, const char *section, const char *variant, char out[33])
{
    recipe *r = good(text), *step = NULL;
    if (section) {
        assert_int_equal(recipe_for_step(r, section, variant, 1, &step), OK);
        recipe_hash(step, out);
        recipe_free(&step);
    } else {
        recipe_hash(r, out);
    }
    recipe_free(&r);
}

static void assert_hashes(const char *a, const char *b, const char *section, bool same)
{
    char x[33], y[33];
    hash_of(a, section, NULL, x);
    hash_of(b, section, NULL, y);
    assert_int_equal(strlen(x), 32);
    if ((strcmp(x, y) == 0) != same) fail_msg("hashes of \"%s\" and \"%s\" (%s)", a, b, section ? section : "whole");
}

static void the_hash_follows_what_can_change_results(void **state)
{
    (void)state;
    assert_hashes(BASE, BASE "name: b\nout: x\nlaunch: {ranks: 2}\ntrain: {checkpoint_minutes: 1}\n", NULL, true);
    assert_hashes(BASE, BASE "seed: 1\n", NULL, false);
    assert_hashes(BASE, BASE "teacher: {variants: {a: {layers: 1}}}\n", NULL, false);
    assert_hashes(BASE, BASE "student: {layers: 1}\n", "teacher", true);
    assert_hashes(BASE, BASE "student: {layers: 1}\n", "student", false);
    assert_hashes(BASE, BASE "student: {seeds: [1, 2]}\n", "student", true);
    assert_hashes(BASE, BASE "teacher: {variants: {a: {layers: 1}}}\n", "teacher", true);
    assert_hashes(BASE, BASE "train: {epochs: 2}\n", "teacher", false);
    assert_hashes(BASE, BASE "data: {tau_a: 2}\n", "predict", false);
}

static void keys_the_table_does_not_have_are_our_mistake(void **state)
{
    (void)state;
    recipe *r = good(BASE);
    assert_int_equal(recipe_int(r, "teacher.laiers"), 0);
    assert_null(recipe_text(r, "seed"));
    assert_int_equal(recipe_mistakes(r), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "teacher.laiers"));
    fail_clear();
    recipe_free(&r);
    r = good(BASE);
    assert_string_equal(recipe_list_text(r, "stages", 99), "");
    assert_int_equal(recipe_mistakes(r), ERR_INTERNAL);
    recipe_free(&r);
}

static void one_value_can_be_set_by_the_program(void **state)
{
    (void)state;
    recipe *r = good(BASE);
    assert_int_equal(recipe_set(r, "out", "runs/a"), OK);
    assert_int_equal(recipe_set(r, "data.format", "rulstm"), OK);
    assert_string_equal(recipe_text(r, "out"), "runs/a");
    assert_int_equal(recipe_set(r, "out", NULL), OK);
    assert_true(recipe_is_null(r, "out"));
    assert_int_equal(recipe_set(r, "data.format", "no"), ERR_CONFIG);
    fail_clear();
    assert_int_equal(recipe_set(r, "launch.ranks", "16"), OK);
    assert_int_equal(recipe_int(r, "launch.ranks"), 16);
    assert_int_equal(recipe_set(r, "launch.ranks", "0"), ERR_CONFIG);
    fail_clear();
    assert_int_equal(recipe_set(r, "student.seeds", "1"), ERR_INTERNAL);
    recipe_free(&r);
}

static void what_is_not_there_is_said_so(void **state)
{
    (void)state;
    recipe *r = NULL;
    assert_int_equal(recipe_read("/nowhere/r.yaml", NULL, 0, &r), ERR_MISSING);
    assert_non_null(strstr(fail_message(), "/nowhere/r.yaml"));
    fail_clear();
    assert_int_not_equal(recipe_read(directory, NULL, 0, &r), OK); /* a directory */
    fail_clear();
    FILE *large = fopen(path, "w");
    for (int i = 0; i < 40000; i++) fputs("# a comment that makes the file large\n", large);
    fclose(large);
    assert_int_equal(recipe_read(path, NULL, 0, &r), ERR_CONFIG);
    assert_null(r);
}

static void more_problems_than_fit_are_counted(void **state)
{
    (void)state;
    char text[8192] = "";
    for (int i = 0; i < 300; i++) sprintf(text + strlen(text), "zz%d: 1\n", i);
    bad(text, ":1:1: there is no key zz0", "more problems", NULL);
}

static void recipes_of_the_project_are_right(void **state)
{
    (void)state;
    glob_t found;
    if (glob("conf/*.yaml", 0, NULL, &found)) skip();
    for (size_t i = 0; i < found.gl_pathc; i++) {
        recipe *r = NULL;
        if (recipe_read(found.gl_pathv[i], NULL, 0, &r) != OK) fail_msg("%s", fail_message());
        recipe_free(&r);
    }
    globfree(&found);
}

#define TEST(name) cmocka_unit_test_setup(name, forget_failure)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_those_of_the_table),
        TEST(a_streams_keys_are_checked_against_each_other),
        TEST(values_are_read_with_their_types),
        TEST(sections_take_common_training_values),
        TEST(overrides_win_and_pass_the_same_checks),
        TEST(all_problems_are_told_at_once_in_order),
        TEST(text_that_is_no_recipe_is_refused),
        TEST(values_of_the_wrong_kind_are_refused),
        TEST(one_key_said_twice_is_refused),
        TEST(keys_are_checked_against_each_other),
        TEST(a_value_that_could_not_be_read_is_not_checked_further),
        TEST(variants_override_keys_of_their_section),
        TEST(null_on_the_command_line_takes_variants_out),
        TEST(wrong_variants_are_refused_with_their_place),
        TEST(writing_and_reading_again_gives_the_same_recipe),
        TEST(the_hash_follows_what_can_change_results),
        TEST(keys_the_table_does_not_have_are_our_mistake),
        TEST(one_value_can_be_set_by_the_program),
        TEST(what_is_not_there_is_said_so),
        TEST(more_problems_than_fit_are_counted),
        TEST(recipes_of_the_project_are_right),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
