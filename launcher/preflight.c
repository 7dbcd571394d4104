#include "launcher/preflight.h"

#include "launcher/failures.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Ranks get a minute to start: on a cold file system they need more than somebody before a terminal would wait. */
status preflight(const char *recipe_path, bool alone)
{
    char program[] = "/proc/self/exe", name[] = "magister", word[] = "doctor", patience[] = "--patience=60",
         one[] = "--ranks=1";
    char *const words[] = {name, word, patience, (char *)(uintptr_t)recipe_path, alone ? one : NULL,
                           NULL}; /* posix_spawn reads only */
    status st = OK;
    int how = 0;
    pid_t child = 0;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t own_group; /* what Slurm says to this process is not for the doctor */
    if (posix_spawn_file_actions_init(&files)) return FAIL(ERR_MEMORY, "no memory to start magister doctor");
    if (posix_spawnattr_init(&own_group)) TRY(FAIL(ERR_MEMORY, "no memory to start magister doctor"));
    posix_spawnattr_setflags(&own_group, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    int reason = posix_spawn(&child, program, &files, &own_group, words, environ);
    posix_spawnattr_destroy(&own_group);
    if (reason) TRY(FAIL(ERR_MISSING, "cannot start magister doctor: %s", strerror(reason)));
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {}
    if (!WIFEXITED(how)) TRY(FAIL(ERR_RANK, "magister doctor was ended by signal %d", WTERMSIG(how)));
    if (WEXITSTATUS(how))
        TRY(FAIL(status_of_exit(WEXITSTATUS(how)), "the run cannot work here: see what magister doctor found, above"));
done:
    posix_spawn_file_actions_destroy(&files);
    return st;
}
