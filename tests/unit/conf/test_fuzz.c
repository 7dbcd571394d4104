/* Thousands of damaged recipes: each is read or refused, never more. */
#include "base/file.h"
#include "base/rng.h"
#include "conf/recipe.h"
#include "conf/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 2000, SIZE_MAX_BYTES = 4096 };

static const char SEED_TEXT[] =
    "name: demo # a comment\nout: \"runs/\\u00fc\"\nseed: 3\nstages: [generate, teacher, predict, student, evaluate]\n"
    "launch: {ranks: 2, threads: 1}\ndata:\n  train: 'a.csv'\n  tau_a: 1.0e+0\ntrain:\n  epochs: 3\n  optimizer: "
    "{name: adamw, lr: 5e-4}\n"
    "teacher:\n  layers: 2\n  multi_task: {action: .7, verb: .15, noun: .15}\n  variants:\n    no_text: {extra_text: "
    "null}\n"
    "student:\n  seeds: [0, 1, 2]\n  distill.from: teacher\n  variants:\n    plain:\n      distill.loss: none\n    "
    "blind: {blind: true, train.epochs: 9}\nsweep:\n  train.epochs: [2, 3]\n  student: {variants.plain.width: [32, "
    "64]}\n";

static const char *const PIECES[] = {"\t",
                                     "&a",
                                     "*a",
                                     "!!x ",
                                     "- ",
                                     "? ",
                                     ": ",
                                     "{",
                                     "}",
                                     "[",
                                     "]",
                                     "'",
                                     "\"",
                                     "\n",
                                     "|\n",
                                     ">\n",
                                     "---\n",
                                     "...\n",
                                     "%YAML 9\n",
                                     "\xef\xbb\xbf",
                                     "\xff",
                                     "\\x",
                                     "~",
                                     "<<: ",
                                     "1e999",
                                     "-0",
                                     "999999999999999999999",
                                     "teacher.",
                                     "variants: ",
                                     "\0x",
                                     "\r\n",
                                     "#",
                                     "@",
                                     "`",
                                     ", ",
                                     "student.variants.blind.blind: true\n",
                                     "\xe2\x80\xa8",
                                     "sweep: ",
                                     "seed: [1, 2]\n",
                                     "null, [3]",
                                     "\xc2\x85",
                                     "null",
                                     "0x1f"};

static size_t damage(rng *r, char *text, size_t length)
{
    size_t at = rng_below(r, length + 1);
    switch (rng_below(r, 5)) {
    case 0: /* a byte changes */
        if (at < length) text[at] = (char)rng_below(r, 256);
        return length;
    case 1: { /* some are lost */
        size_t gone = rng_below(r, 12);
        if (gone > length - at) gone = length - at;
        memmove(text + at, text + at + gone, length - at - gone);
        return length - gone;
    }
    case 2: /* cut off */ return rng_below(r, 8) ? length : at;
    default: { /* something that means something comes in, once or many times */
        const char *piece = PIECES[rng_below(r, sizeof PIECES / sizeof PIECES[0])];
        size_t times = rng_below(r, 10) ? 1 : 1 + rng_below(r, 60), size = strlen(piece) ? strlen(piece) : 2;
        for (size_t i = 0; i < times && length + size < SIZE_MAX_BYTES; i++) {
            memmove(text + at + size, text + at, length - at);
            memcpy(text + at, piece, size);
            length += size;
        }
        return length;
    }
    }
}

static void read_member(const recipe *first, const recipe *second, size_t i)
{
    recipe *a = NULL, *b = NULL;
    char hash[33], again[33];
    if (sweep_member(first, i, &a) != OK || sweep_member(second, i, &b) != OK) fail_msg("%s", fail_message());
    recipe_hash(a, hash);
    recipe_hash(b, again);
    assert_string_equal(hash, again);
    recipe_free(&a);
    recipe_free(&b);
}

static void read_again(recipe *r, const char *path)
{
    FILE *to = fopen(path, "w");
    char hash[33], again[33];
    recipe *second = NULL;
    assert_int_equal(recipe_write(r, to), OK);
    fclose(to);
    if (recipe_read(path, NULL, 0, &second) != OK) fail_msg("what was written is not read: %s", fail_message());
    recipe_hash(r, hash);
    recipe_hash(second, again);
    assert_string_equal(hash, again);
    assert_int_equal(sweep_count(r), sweep_count(second));
    for (size_t i = 0; i < sweep_count(r) && i < 8; i++) read_member(r, second, i);
    recipe_free(&second);
}

static void damaged_recipes_are_read_or_refused(void **state)
{
    (void)state;
    char directory[] = "/tmp/magister-fuzz-XXXXXX", path[64], text[SIZE_MAX_BYTES + 8], override[SIZE_MAX_BYTES + 8];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/r.yaml", directory);
    size_t read = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        rng r = rng_stream(20, 1, round);
        size_t length = sizeof SEED_TEXT - 1, times = rng_below(&r, 4);
        memcpy(text, SEED_TEXT, length);
        while (times--) length = damage(&r, text, length);
        FILE *file = fopen(path, "w");
        fwrite(text, 1, length, file);
        fclose(file);
        memcpy(override, "teacher.layers=2", 17);
        override[damage(&r, override, 16)] = '\0';
        char *overrides[] = {override};
        recipe *out = NULL;
        status st = recipe_read(path, overrides, rng_below(&r, 2), &out);
        if (st != OK && st != ERR_CONFIG) fail_msg("round %d: %s: %s", (int)round, status_name(st), fail_message());
        assert_int_equal(st == OK, out != NULL);
        assert_int_equal(st == OK, fail_message()[0] == '\0');
        read += out != NULL;
        if (out && round % 4 == 0) read_again(out, path);
        recipe_free(&out);
        fail_clear();
    }
    assert_true(read > ROUNDS / 10 && read < ROUNDS); /* both ways are walked */
    assert_int_equal(directory_remove(directory), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_recipes_are_read_or_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
