#include "base/status.h"
#include "launcher/commands.h"
#include "launcher/ranks.h"

#include <jansson.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yaml.h>
#include <zlib.h>

extern char **environ;

/* The libraries of the other program are told by itself. */
static void print_rank_version(const char *program)
{
    char *arguments[] = {(char *)(uintptr_t)program, "--version", NULL}; /* posix_spawn reads only */
    pid_t child;
    int how = 1;
    fflush(stdout);
    bool ran = access(program, X_OK) == 0 && posix_spawn(&child, program, NULL, NULL, arguments, environ) == 0;
    if (!ran) printf("magister-rank: not there (%s); runs need it\n", program);
    else if (waitpid(child, &how, 0) != child || how) printf("magister-rank: %s does not tell its version\n", program);
}

status version_print(void)
{
    printf("magister %s\n", MAGISTER_VERSION);
    printf("  sqlite %s, libyaml %s, jansson %s, zlib %s\n", sqlite3_libversion(), yaml_get_version_string(),
           jansson_version_str(), zlibVersion());
    char *program = ranks_program();
    if (!program) return FAIL(ERR_MEMORY, "no memory to look for magister-rank");
    print_rank_version(program);
    free(program);
    return OK;
}
