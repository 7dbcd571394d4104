#include "launcher/frames.h"

#include "base/file.h"
#include "launcher/ranks.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PNG_BYTES_MAX = 4 << 20, TIMES_BYTES = FRAMES_MAX * 32 };

extern char **environ;

static void write_times(const double *seconds, size_t count, char out[TIMES_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(out + used, TIMES_BYTES - used, "%s%.3f", i ? "," : "", seconds[i]);
}

/* What it prints is of no use here: a failure is told by its exit code. */
static status run_quietly(const char *program, char *const *arguments, int *how)
{
    posix_spawn_file_actions_t files;
    pid_t child;
    if (posix_spawn_file_actions_init(&files)) return FAIL(ERR_MEMORY, "no memory to start %s", program);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(&child, program, &files, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed) return FAIL(ERR_MISSING, "%s: cannot run: %s", program, strerror(failed));
    while (waitpid(child, how, 0) < 0)
        if (errno != EINTR) return FAIL(ERR_INTERNAL, "cannot wait for %s: %s", program, strerror(errno));
    return OK;
}

static status extract(const char *video, double frame_rate, const double *seconds, size_t count, int size,
                      const char *folder)
{
    status st = OK;
    int how = 0;
    char times[TIMES_BYTES] = "", width[16], rate[32];
    char *program = ranks_program();
    if (!program) TRY(FAIL(ERR_MEMORY, "no memory for frames of %s", video));
    write_times(seconds, count, times);
    snprintf(width, sizeof width, "%d", size);
    snprintf(rate, sizeof rate, "%.15g", frame_rate);
    const char *const words[] = {program, "video", "frames", video,          "--times", times, "--size",
                                 width,   "-o",    folder,   "--frame-rate", rate,      NULL};
    TRY(run_quietly(program, (char *const *)(uintptr_t)words, &how)); /* posix_spawn reads only */
    if (how) TRY(FAIL(ERR_INPUT, "%s: its frames cannot be read: magister video probe %s tells why", video, video));
done:
    free(program);
    return st;
}

static status take_png(const char *folder, size_t number, frame_list *list)
{
    static const char SIGNATURE[] = "\x89PNG\r\n\x1a\n";
    status st = OK;
    char file[32], *path, *bytes = NULL;
    size_t count = 0, length = sizeof SIGNATURE - 1;
    snprintf(file, sizeof file, "%03zu.png", number);
    path = path_join(folder, file);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for %s", file));
    TRY(file_read(path, PNG_BYTES_MAX, &bytes, &count));
    if (count < length || memcmp(bytes, SIGNATURE, length)) TRY(FAIL(ERR_INPUT, "%s: is no PNG", path));
    list->sizes[list->count] = count;
    list->bytes[list->count++] = bytes;
    bytes = NULL;
done:
    free(bytes);
    free(path);
    return st;
}

/* The bound keeps every time short enough for TIMES_BYTES. */
static status check_times(const char *video, const double *seconds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(seconds[i] >= 0 && seconds[i] <= 1e9))
            return FAIL(ERR_INPUT, "%s: has no frame at %g s", video, seconds[i]);
    return OK;
}

status frames_read(const char *video, double frame_rate, const double *seconds, size_t count, int size,
                   const char *scratch, frame_list *out)
{
    status st = OK;
    frame_list list = {0};
    if (count > FRAMES_MAX) count = FRAMES_MAX;
    TRY(check_times(video, seconds, count));
    TRY(directory_remove(scratch)); /* no frame of an earlier report may stand for one of this */
    TRY(directory_make(scratch));
    TRY(extract(video, frame_rate, seconds, count, size, scratch));
    for (size_t i = 0; i < count; i++) TRY(take_png(scratch, i, &list));
    *out = list;
    list = (frame_list){0};
done:
    frames_free(&list);
    return st;
}

void frames_free(frame_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->bytes[i]);
    *list = (frame_list){0};
}
