#include "video/libav.h"

#include "video/decoder.h"

#include <libavcodec/version.h>
#include <libavformat/version.h>
#include <libavutil/log.h>
#include <libswscale/version.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char said[120];

__attribute__((format(printf, 3, 0))) static void listen(void *source, int level, const char *format, va_list values)
{
    (void)source;
    if (level > AV_LOG_ERROR || said[0]) return;
    vsnprintf(said, sizeof said, format, values);
    said[strcspn(said, "\n")] = 0;
}

static void silence(void)
{
    av_log_set_callback(listen);
}

void libav_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
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
