#define LIBAV_ITSELF
#include "video/libav.h"

#include "video/decoder.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

libav_functions libav;

static _Thread_local char said[120];

__attribute__((format(printf, 3, 0))) static void listen(void *source, int level, const char *format, va_list values)
{
    (void)source;
    if (level > AV_LOG_ERROR || said[0]) return;
    vsnprintf(said, sizeof said, format, values);
    said[strcspn(said, "\n")] = 0;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

#define TEXT_OF(number) #number
#define VERSIONED(name, major) "lib" name ".so." TEXT_OF(major)

static char problem[512]; /* why FFmpeg cannot be used; "" when it can */

static void *open_library(const char *name)
{
    void *library = problem[0] ? NULL : dlopen(name, RTLD_NOW | RTLD_LOCAL); /* stays open until the program ends */
    if (!library && !problem[0]) snprintf(problem, sizeof problem, "%s", dlerror());
    return library;
}

static void *find(void *library, const char *name)
{
    void *found = library ? dlsym(library, name) : NULL;
    if (library && !found && !problem[0]) snprintf(problem, sizeof problem, "there is no %s in it", name);
    return found;
}

/* A pointer to an object into one to a function: POSIX's own way (dlsym). */
#define FIND(name) *(void **)(&libav.name) = find(library, #name);

static void open_all(void)
{
    void *library = open_library(VERSIONED("avutil", LIBAVUTIL_VERSION_MAJOR));
    LIBAV_UTIL(FIND)
    library = open_library(VERSIONED("avcodec", LIBAVCODEC_VERSION_MAJOR));
    LIBAV_CODEC(FIND)
    library = open_library(VERSIONED("avformat", LIBAVFORMAT_VERSION_MAJOR));
    LIBAV_FORMAT(FIND)
    library = open_library(VERSIONED("swscale", LIBSWSCALE_VERSION_MAJOR));
    LIBAV_SCALE(FIND)
    if (!problem[0]) libav.av_log_set_callback(listen);
}

status libav_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_all);
    if (problem[0])
        return FAIL(ERR_MISSING,
                    "videos need FFmpeg's libraries as they were when Magister was built: %s (install them)", problem);
    return OK;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

const char *libav_reason_to(char *out, size_t size, int code)
{
    libav.av_strerror(code, out, size);
    return out;
}

const char *libav_said(void)
{
    return said;
}

void libav_forget(void)
{
    said[0] = 0;
}

const char *video_library(void)
{
    return LIBAVFORMAT_IDENT ", " LIBAVCODEC_IDENT ", " LIBSWSCALE_IDENT; /* as compiled: "Lavc59.37.100" */
}
