/* A teacher's step on files that are missing or damaged: which error, and what its message names. */
#include "teacher/teacher.h"
#include "tensor/tensor.h"
#include "tests/unit/teacher/small_world.h"

#include <unistd.h>

static comm *one;

static const char *in_run(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", scratch_directory, name);
    return path;
}

static status run_step_of(const char *section, const char *const *more)
{
    recipe *r = world_recipe(more);
    run_step step = {.section = section};
    status st = strcmp(section, "predict") ? teacher_train(one, r, scratch_directory, &step)
                                           : teacher_predict(one, r, scratch_directory, &step, NULL);
    recipe_free(&r);
    return st;
}

#define TRAIN(...) run_step_of("teacher", (const char *const[]){"teacher.train.max_steps=3", __VA_ARGS__, NULL})
#define PREDICT(...) run_step_of("predict", (const char *const[]){"teacher.train.max_steps=3", __VA_ARGS__, NULL})

static char key[512];

static const char *with_file(const char *name, const char *file)
{
    snprintf(key, sizeof key, "%s=%s/%s", name, scratch_directory, file);
    return key;
}

static void annotations_are_named(void **state)
{
    (void)state;
    assert_failed(TRAIN("data.train=nowhere.csv"), ERR_MISSING, "nowhere.csv");
    scratch_file("bad.csv", "u1, v1, 10, 20, 0, 0, 0\nu2, v1, 30, x, 0, 1, 1\n");
    assert_failed(TRAIN(with_file("data.train", "bad.csv")), ERR_INPUT, "bad.csv:2");
    scratch_file("bad.csv", "u1, v1, 10, 20, 0, 0, 0\nu2, v2, 30, 40, 0, 1, 99\n");
    assert_failed(TRAIN(with_file("data.train", "bad.csv")), ERR_INPUT, "bad.csv:2");
    scratch_file("bad.csv", "u1, v1, 10, 20, 0, 0, 0\nu1, v2, 30, 40, 0, 1, 1\n");
    assert_failed(TRAIN(with_file("data.train", "bad.csv")), ERR_INPUT, "bad.csv:2");
}

static void text_is_named(void **state)
{
    (void)state;
    scratch_file("extra.txt", "take <v> pan\ntake pan\n");
    assert_failed(TRAIN(with_file("teacher.extra_text", "extra.txt")), ERR_INPUT, "extra.txt:2");
    assert_failed(TRAIN("teacher.extra_text=nowhere.txt"), ERR_MISSING, "nowhere.txt");
    assert_failed(TRAIN("teacher.vocabulary=wordpiece", "teacher.vocabulary_file=nowhere.txt"), ERR_MISSING,
                  "nowhere.txt");
    scratch_file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[MASK]\na\na\n");
    assert_failed(TRAIN("teacher.vocabulary=wordpiece", with_file("teacher.vocabulary_file", "vocab.txt")), ERR_INPUT,
                  "vocab.txt:6");
}

/* Pretraining reads its corpus, the teacher what pretraining left. */
static status pretrain_with(const char *name, const char *text, size_t bytes, const char *field)
{
    char corpus[160], field_key[64];
    run_step step = {.section = "pretrain"};
    scratch_bytes(name, text, bytes);
    snprintf(corpus, sizeof corpus, "teacher.pretrain.corpus=[%s/%s]", scratch_directory, name);
    snprintf(field_key, sizeof field_key, "teacher.pretrain.field=%s", field);
    recipe *r = WORLD_RECIPE(corpus, field_key, "teacher.variants.teacher_tokens.input=text");
    status st = teacher_pretrain(one, r, scratch_directory, &step);
    recipe_free(&r);
    return st;
}

#define PRETRAIN(name, text, field) pretrain_with(name, text, sizeof(text) - 1, field)

static void a_corpus_is_named(void **state)
{
    (void)state;
    assert_failed(PRETRAIN("corpus.txt", "", "x"), ERR_INPUT, "corpus.txt: no line with a word");
    assert_failed(PRETRAIN("corpus.txt", " \n<a> <a>\n.,\n\xff\xfe\n", "x"), ERR_INPUT, "corpus.txt: no line with");
    assert_failed(PRETRAIN("corpus.txt", "take <v> pan\n\nwa\0sh\n", "x"), ERR_INPUT, "corpus.txt:3: holds a zero");
    assert_failed(PRETRAIN("corpus.txt", "rare\n", "x"), ERR_INPUT, "none of its 1 texts has a known word");
    assert_failed(PRETRAIN("corpus.jsonl", "{\"a\": [\"wash\"]}\n{\"a\"\n", "a"), ERR_INPUT, "corpus.jsonl:2: is no");
    assert_failed(PRETRAIN("corpus.jsonl", "[1]\n", "a"), ERR_INPUT, "corpus.jsonl:1: is no JSON object");
    assert_failed(PRETRAIN("corpus.jsonl", "\n{\"a\": \"b\"}\n", "steps"), ERR_INPUT,
                  "corpus.jsonl:2: has no key \"steps\"");
    assert_failed(PRETRAIN("corpus.jsonl", "{\"a\": [\"b\", 3]}\n", "a"), ERR_INPUT, "neither a string nor a list");
    assert_failed(PRETRAIN("corpus.jsonl", "{\"a\": {}}\n", "a"), ERR_INPUT, "neither a string nor a list");
    assert_failed(TRAIN("teacher.pretrain.corpus=[nowhere.txt]", "teacher.variants.teacher_tokens.input=text"),
                  ERR_MISSING, "the teacher has to be pretrained first");
}

static void a_start_must_fit(void **state)
{
    (void)state;
    assert_failed(TRAIN("teacher.init=nowhere.safetensors"), ERR_MISSING, "nowhere.safetensors");
    scratch_file("short.safetensors", "short");
    assert_failed(TRAIN(with_file("teacher.init", "short.safetensors")), ERR_INPUT, "short.safetensors");
}

static void predicting_needs_a_whole_teacher(void **state)
{
    (void)state;
    assert_failed(PREDICT("seed=0"), ERR_MISSING, "train the teacher first");
    assert_ok(TRAIN("seed=0"));
    assert_ok(PREDICT("seed=0"));
    assert_failed(PREDICT("teacher.layers=3"), ERR_INPUT, "model.safetensors");

    char *bytes = NULL;
    size_t count = 0;
    assert_ok(file_read(in_run("steps/teacher/vocabulary.txt"), 65536, &bytes, &count));
    assert_ok(file_write(in_run("steps/teacher/vocabulary.txt"), bytes, count - 2)); /* the last word loses its end */
    assert_failed(PREDICT("seed=0"), ERR_INPUT, "trained with the vocabulary");
    assert_ok(file_write(in_run("steps/teacher/vocabulary.txt"), bytes, count / 2));
    assert_int_not_equal(PREDICT("seed=0"), OK);
    fail_clear();
    assert_ok(file_write(in_run("steps/teacher/vocabulary.txt"), bytes, count));
    free(bytes);
    assert_int_equal(truncate(in_run("steps/teacher/model.safetensors"), 1000), 0);
    assert_failed(PREDICT("seed=0"), ERR_INPUT, "model.safetensors");
}

static int start(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    return world_open(state) || t_start(&options) != OK || comm_open(1, 10, &one) != OK;
}

static int stop(void **state)
{
    comm_close(&one);
    return scratch_close(state) || t_live_count() != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(annotations_are_named),
        cmocka_unit_test(text_is_named),
        cmocka_unit_test(a_corpus_is_named),
        cmocka_unit_test(a_start_must_fit),
        cmocka_unit_test(predicting_needs_a_whole_teacher),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
