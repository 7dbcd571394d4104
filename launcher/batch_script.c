#include "launcher/batch_script.h"

#include "launcher/allocation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SAVE_SECONDS = 90 }; /* before the time limit, to come to the end of a step and save */

/* One word to a shell and to sbatch, as it stands. */
static bool is_plain(const char *text)
{
    return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+@%-")];
}

char *shell_quoted(const char *text)
{
    char *out = NULL;
    size_t length;
    bool plain = is_plain(text);
    FILE *to = open_memstream(&out, &length);
    if (!to) return NULL;
    if (!plain) fputc('\'', to);
    for (const char *at = text; *at; at++)
        if (*at == '\'') fputs("'\\''", to);
        else fputc(*at, to);
    if (!plain) fputc('\'', to);
    return fclose(to) ? NULL : out;
}

/* ---- what may stand in a job ------------------------------------------------------------------------------------- */

static status check_text(const char *key, const char *text, const char *forbidden)
{
    for (const char *at = text; at && *at; at++)
        if (iscntrl((unsigned char)*at) || strchr(forbidden, *at))
            return FAIL(ERR_CONFIG, "%s: a line end, control character, quote or one of %s cannot stand in it: %.200s",
                        key, forbidden, text);
    return OK;
}

static status check_list(const recipe *r, const char *key, const char *forbidden)
{
    status st = OK;
    for (size_t i = 0; i < recipe_list_count(r, key); i++) TRY(check_text(key, recipe_list_text(r, key, i), forbidden));
done:
    return st;
}

static status check(const batch_script *b)
{
    static const char *const VALUES[] = {"launch.slurm.memory",  "launch.slurm.time", "launch.slurm.partition",
                                         "launch.slurm.account", "launch.slurm.qos",  "launch.slurm.constraint"};
    status st = OK;
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++)
        TRY(check_text(VALUES[i], recipe_text(b->recipe, VALUES[i]), "\"'\\$`"));
    TRY(check_list(b->recipe, "launch.slurm.modules", "\"'\\$`;&|<>"));
    TRY(check_list(b->recipe, "launch.slurm.environment", ""));
    TRY(check_list(b->recipe, "launch.slurm.lines", ""));
    TRY(check_text("out", b->run, "\"\\%"));
    TRY(check_text("the working directory", b->folder, "\"\\%"));
    TRY(check_text("name", b->name, "\"'\\"));
    TRY(check_text("the command line", b->said, ""));
done:
    return st;
}

/* ---- the text ---------------------------------------------------------------------------------------------------- */

/* A value that sbatch would read as two is put between quotes. */
static void write_option(FILE *to, const char *option, const char *value)
{
    if (value && *value) fprintf(to, is_plain(value) ? "#SBATCH --%s=%s\n" : "#SBATCH --%s=\"%s\"\n", option, value);
}

static void write_resources(const batch_script *b, FILE *to)
{
    const recipe *r = b->recipe;
    size_t nodes = b->alone ? 1 : slurm_nodes_asked(r), ranks = b->alone ? 1 : slurm_ranks_asked(r);
    long long cpus = recipe_int(r, "launch.slurm.cpus_per_rank"), gpus = recipe_int(r, "launch.slurm.gpus_per_node");
    if (!cpus) cpus = recipe_int(r, "launch.threads");
    fprintf(to, "#SBATCH --nodes=%zu\n#SBATCH --ntasks-per-node=%zu\n#SBATCH --cpus-per-task=%lld\n", nodes, ranks,
            cpus);
    if (gpus && !b->alone) fprintf(to, "#SBATCH --gpus-per-node=%lld\n", gpus);
    write_option(to, "mem", recipe_text(r, "launch.slurm.memory"));
    write_option(to, "time", recipe_text(r, "launch.slurm.time"));
    write_option(to, "partition", recipe_text(r, "launch.slurm.partition"));
    write_option(to, "account", recipe_text(r, "launch.slurm.account"));
    write_option(to, "qos", recipe_text(r, "launch.slurm.qos"));
    write_option(to, "constraint", recipe_text(r, "launch.slurm.constraint"));
}

static void write_options(const batch_script *b, FILE *to)
{
    const recipe *r = b->recipe;
    write_option(to, "job-name", b->name);
    write_resources(b, to);
    if (b->members) {
        long long most = recipe_int(r, "launch.slurm.at_once");
        fprintf(to, "#SBATCH --array=0-%zu", b->members - 1);
        if (most) fprintf(to, "%%%lld", most);
        fputc('\n', to);
    }
    write_option(to, "chdir", b->folder);
    bool absolute = b->run[0] == '/';
    fprintf(to, "#SBATCH --output=\"%s%s%s/logs/slurm-%s.out\"\n", absolute ? "" : b->folder, absolute ? "" : "/",
            b->run, b->members ? "%A_%a" : "%j");
    fprintf(to, "#SBATCH --open-mode=append\n");
    fprintf(to, "#SBATCH --requeue\n");
    fprintf(to, "#SBATCH --signal=B:USR1@%d\n", SAVE_SECONDS);
    for (size_t i = 0; i < recipe_list_count(r, "launch.slurm.lines"); i++)
        fprintf(to, "#SBATCH %s\n", recipe_list_text(r, "launch.slurm.lines", i));
}

static void write_environment(const recipe *r, FILE *to)
{
    size_t modules = recipe_list_count(r, "launch.slurm.modules");
    size_t lines = recipe_list_count(r, "launch.slurm.environment");
    if (modules) fputs("module load", to);
    for (size_t i = 0; i < modules; i++) fprintf(to, " %s", recipe_list_text(r, "launch.slurm.modules", i));
    if (modules) fputc('\n', to);
    for (size_t i = 0; i < lines; i++) fprintf(to, "%s\n", recipe_list_text(r, "launch.slurm.environment", i));
    if (modules || lines) fputc('\n', to);
}

/* It goes on with what is there: at its first start nothing, when it was requeued what it has saved. */
static status write_command(const batch_script *b, FILE *to)
{
    status st = OK;
    char *program = shell_quoted(b->program), *run = shell_quoted(b->run);
    if (!program || !run) TRY(FAIL(ERR_MEMORY, "no memory to write the job %s", b->name));
    fprintf(to, "exec %s run %s/recipe.yaml --doctor --resume --requeue", program, run);
    if (b->stage) fprintf(to, " --only %s", b->stage);
    if (b->members) fputs(" --member array", to);
    fputc('\n', to);
done:
    free(program);
    free(run);
    return st;
}

status batch_script_write(const batch_script *b, FILE *to)
{
    status st = OK;
    TRY(check(b));
    fprintf(to, "#!/bin/bash\n# %s\n", b->said);
    write_options(b, to);
    fputc('\n', to);
    write_environment(b->recipe, to);
    TRY(write_command(b, to));
done:
    return st;
}
