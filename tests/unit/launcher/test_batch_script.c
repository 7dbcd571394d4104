/* Job scripts: their text, and what may not stand in them. */
#include "launcher/batch_script.h"
#include "launcher/submission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static recipe *recipe_of(char *const *words, size_t count)
{
    recipe *r = NULL;
    status st = recipe_read(NULL, words, count, &r);
    if (st != OK) fail_msg("%s", fail_message());
    return r;
}

#define RECIPE(...) recipe_of((char *const[]){__VA_ARGS__}, sizeof(char *[]){__VA_ARGS__} / sizeof(char *))

static char stages[] = "stages=[generate]", name[] = "name=my run", out[] = "out=runs/it's here";

/* The script of `b`, whose recipe is given; NULL and a waiting failure when it is refused. */
static char *script_of(batch_script b)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    status st = batch_script_write(&b, to);
    fclose(to);
    if (st == OK) return text;
    assert_int_equal(st, ERR_CONFIG);
    free(text);
    return NULL;
}

static batch_script whole(const recipe *r)
{
    return (batch_script){.recipe = r,
                          .program = "/opt/m/magister",
                          .folder = "/home/me",
                          .run = recipe_text(r, "out") ? recipe_text(r, "out") : "runs/run",
                          .name = recipe_text(r, "name"),
                          .said = "magister submit r.yaml"};
}

static void a_script_says_all_that_was_asked_for(void **state)
{
    (void)state;
    char slurm[] = "launch.slurm={nodes: 2, gpus_per_node: 4, cpus_per_rank: 8, memory: 64G, time: '04:00:00', "
                   "partition: gpu, account: vision, constraint: 'a100&ib', modules: [openmpi/4.1, cuda], "
                   "environment: [export A=\"b c\"], lines: [--exclusive]}";
    recipe *r = RECIPE(stages, name, out, slurm);
    char *text = script_of(whole(r));
    assert_string_equal(text,
                        "#!/bin/bash\n"
                        "# magister submit r.yaml\n"
                        "#SBATCH --job-name=\"my run\"\n"
                        "#SBATCH --nodes=2\n"
                        "#SBATCH --ntasks-per-node=4\n"
                        "#SBATCH --cpus-per-task=8\n"
                        "#SBATCH --gpus-per-node=4\n"
                        "#SBATCH --mem=64G\n"
                        "#SBATCH --time=04:00:00\n"
                        "#SBATCH --partition=gpu\n"
                        "#SBATCH --account=vision\n"
                        "#SBATCH --constraint=\"a100&ib\"\n"
                        "#SBATCH --chdir=/home/me\n"
                        "#SBATCH --output=\"/home/me/runs/it's here/logs/slurm-%j.out\"\n"
                        "#SBATCH --open-mode=append\n"
                        "#SBATCH --requeue\n"
                        "#SBATCH --signal=B:USR1@90\n"
                        "#SBATCH --exclusive\n"
                        "\n"
                        "module load openmpi/4.1 cuda\n"
                        "export A=\"b c\"\n"
                        "\n"
                        "exec /opt/m/magister run 'runs/it'\\''s here'/recipe.yaml --doctor --resume --requeue\n");
    free(text);
    recipe_free(&r);
}

static void stages_and_members_ask_for_their_own(void **state)
{
    (void)state;
    char slurm[] = "launch.slurm={nodes: 2, ranks_per_node: 3, at_once: 2}", threads[] = "launch.threads=4";
    recipe *r = RECIPE(stages, slurm, threads);
    batch_script b = whole(r);
    b.stage = "evaluate";
    b.alone = true;
    char *text = script_of(b);
    assert_non_null(strstr(text, "#SBATCH --nodes=1\n#SBATCH --ntasks-per-node=1\n#SBATCH --cpus-per-task=4\n"));
    assert_non_null(strstr(text, " --requeue --only evaluate\n"));
    free(text);
    b = whole(r);
    b.members = 12;
    text = script_of(b);
    assert_non_null(strstr(text, "#SBATCH --ntasks-per-node=3\n"));
    assert_non_null(strstr(text, "#SBATCH --array=0-11%2\n"));
    assert_non_null(strstr(text, "/home/me/runs/run/logs/slurm-%A_%a.out\""));
    assert_non_null(strstr(text, " --requeue --member array\n"));
    free(text);
    recipe_free(&r);
}

static void a_value_cannot_become_a_command(void **state)
{
    (void)state;
    static const char *const BAD[] = {
        "launch.slurm.partition=\"gpu\\nrm -rf /\"",
        "launch.slurm.time='1\"'",
        "launch.slurm.account=\"$(id)\"",
        "launch.slurm.constraint=\"`id`\"",
        "launch.slurm.modules=[\"a; id\"]",
        "launch.slurm.lines=[\"--x\\nid\"]",
        "launch.slurm.environment=[\"a\\nb\"]",
        "out='runs/%j'",
        "out='runs/a\"b'",
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        char word[80];
        snprintf(word, sizeof word, "%s", BAD[i]);
        recipe *r = NULL;
        status st = recipe_read(NULL, (char *const[]){stages, word}, 2, &r);
        if (st == ERR_CONFIG) fail_clear(); /* control characters come no farther than this */
        if (st == ERR_CONFIG) continue;
        assert_int_equal(st, OK);
        char *text = script_of(whole(r));
        if (text) fail_msg("%s was let through: %s", BAD[i], text);
        size_t key = strcspn(BAD[i], "=");
        if (strncmp(fail_message(), BAD[i], key)) fail_msg("%s: the key is not named: %s", BAD[i], fail_message());
        fail_clear();
        recipe_free(&r);
    }
}

static void words_are_quoted_for_a_shell(void **state)
{
    (void)state;
    static const char *const WORDS[][2] = {{"a/b.yaml", "a/b.yaml"}, {"", "''"},
                                           {"a b", "'a b'"},         {"$(id)", "'$(id)'"},
                                           {"it's", "'it'\\''s'"},   {"*", "'*'"}};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        char *quoted = shell_quoted(WORDS[i][0]);
        assert_string_equal(quoted, WORDS[i][1]);
        free(quoted);
    }
}

static void one_job_or_a_job_a_stage(void **state)
{
    (void)state;
    char all[] = "stages=[generate, teacher, predict]", jobs[] = "launch.slurm.jobs=stages",
         sweep[] = "sweep.seed=[1, 2]";
    submission s;
    recipe *r = RECIPE(all);
    assert_int_equal(submission_make(r, "magister submit", &s), OK);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.jobs[0].path, "runs/run/jobs/run.sbatch");
    submission_free(&s);
    recipe_free(&r);
    r = RECIPE(all, jobs);
    assert_int_equal(submission_make(r, "magister submit", &s), OK);
    assert_int_equal(s.count, 3);
    assert_string_equal(s.jobs[2].name, "run-predict");
    submission_free(&s);
    recipe_free(&r);
    r = RECIPE(all, jobs, sweep);
    assert_int_equal(submission_make(r, "magister submit", &s), ERR_CONFIG);
    fail_clear();
    submission_free(&s);
    recipe_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_says_all_that_was_asked_for),
        cmocka_unit_test(stages_and_members_ask_for_their_own),
        cmocka_unit_test(a_value_cannot_become_a_command),
        cmocka_unit_test(words_are_quoted_for_a_shell),
        cmocka_unit_test(one_job_or_a_job_a_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
