#include "rank/stacks.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TOOL_SECONDS = 8, NAP_MS = 20, NOT_THERE = 127 };

char *stacks_path(const char *run, const char *step_name, int rank)
{
    char *path = NULL;
    return asprintf(&path, "%s/logs/%s.rank%d.stack", run, step_name, rank) < 0 ? NULL : path;
}

/* ---- what the system tells --------------------------------------------------------------------------------------- */

/* Copies a file of /proc, each line behind `before`; says so when it cannot be read. */
static void copy(FILE *to, const char *folder, const char *name, const char *before)
{
    char path[128], line[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *from = fopen(path, "re");
    bool empty = true;
    for (; from && fgets(line, sizeof line, from); empty = false)
        fprintf(to, "  %s %s%s", before, line, strchr(line, '\n') ? "" : "\n");
    if (empty) fprintf(to, "  %s cannot be read\n", before);
    if (from) fclose(from);
}

static void write_thread(FILE *to, const char *folder)
{
    char path[128], line[256], name[64] = "?", state[64] = "?";
    snprintf(path, sizeof path, "%s/status", folder);
    FILE *from = fopen(path, "re");
    while (from && fgets(line, sizeof line, from)) {
        sscanf(line, "Name: %63[^\n]", name);
        sscanf(line, "State: %63[^\n]", state);
    }
    if (from) fclose(from);
    fprintf(to, "thread %s (%s): %s\n", strrchr(folder, '/') + 1, name, state);
    copy(to, folder, "wchan", "sleeps in");
    copy(to, folder, "syscall", "system call");
    copy(to, folder, "stack", "kernel");
}

static void write_threads(FILE *to, pid_t pid)
{
    char pattern[64];
    glob_t threads = {0};
    snprintf(pattern, sizeof pattern, "/proc/%ld/task/*", (long)pid);
    if (glob(pattern, 0, NULL, &threads)) return;
    for (size_t i = 0; i < threads.gl_pathc; i++) write_thread(to, threads.gl_pathv[i]);
    globfree(&threads);
}

/* ---- what a tool reads ------------------------------------------------------------------------------------------- */

static void become_tool(char *const *words, int to)
{
    int nothing = open("/dev/null", O_RDWR);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(nothing, STDIN_FILENO);
    dup2(to, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    unsetenv("DEBUGINFOD_URLS"); /* nothing is to be fetched meanwhile */
    execvp(words[0], words);
    _exit(NOT_THERE);
}

/* Waits for the tool, which may itself hang on what it looks at. */
static int wait_for(pid_t tool)
{
    int how = 0;
    for (int ms = 0; ms < TOOL_SECONDS * 1000; ms += NAP_MS) {
        if (waitpid(tool, &how, WNOHANG) == tool) return WIFEXITED(how) ? WEXITSTATUS(how) : NOT_THERE;
        nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
    }
    kill(tool, SIGKILL);
    waitpid(tool, &how, 0);
    return 0; /* what it has written so far is worth having */
}

static bool run_tool(char *const *words, FILE *to)
{
    fprintf(to, "\n%s:\n", words[0]);
    fflush(to);
    pid_t tool = fork();
    if (tool == 0) become_tool(words, fileno(to));
    return tool > 0 && wait_for(tool) != NOT_THERE;
}

static void write_stacks(FILE *to, pid_t pid)
{
    char number[24], eu_stack[] = "eu-stack", gdb[] = "gdb", p[] = "-p", batch[] = "-batch", no_init[] = "-nx",
                     ex[] = "-ex", all[] = "thread apply all backtrace 64";
    snprintf(number, sizeof number, "%ld", (long)pid);
    char *const first[] = {eu_stack, p, number, NULL}, *const second[] = {gdb,    no_init, batch, p,
                                                                          number, ex,      all,   NULL};
    if (!run_tool(first, to) && !run_tool(second, to))
        fprintf(to, "neither is there to read the stacks (Debian, Ubuntu: elfutils)\n");
}

void stacks_write(const char *run, const char *step_name, int rank, const char *host, pid_t pid)
{
    char *path = stacks_path(run, step_name, rank), *unfinished = NULL, stamp[32];
    struct tm day;
    time_t now = time(NULL);
    if (path && asprintf(&unfinished, "%s.unfinished", path) < 0) unfinished = NULL;
    FILE *to = unfinished ? fopen(unfinished, "we") : NULL;
    if (to) {
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &day));
        fprintf(to, "rank %d (%s), process %ld, %s\n\n", rank, host, (long)pid, stamp);
        write_threads(to, pid);
        fflush(to); /* this much is there if there is no time for more */
        write_stacks(to, pid);
        fclose(to);
        rename(unfinished, path);
    }
    free(unfinished);
    free(path);
}
