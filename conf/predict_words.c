#include "conf/predict_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    KEY_TOP = 'k',
    KEY_JSON = 256,
    KEY_ATTENTION,
    KEY_THREADS,
    KEY_TIMEOUT,
    KEY_EVENTS,
    KEY_LIVE,
    KEY_STALL,
    KEY_RAW,
    KEY_STORE
};
enum { TOP_MOST = 1000000, THREADS_MOST = 1024 };

// clang-format off
static const struct argp_option OPTIONS[] = {
    {"top", KEY_TOP, "K", 0, "Classes told of each video, the likeliest first (5)", 0},
    {"json", KEY_JSON, NULL, 0, "A JSON object a line; of a video that cannot be read with \"error\"", 0},
    {"attention", KEY_ATTENTION, "FOLDER", 0, "Write a picture of each video's frames and their weights there (models with attention)", 0},
    {"threads", KEY_THREADS, "T", 0, "Threads of the model (as many as there are CPUs; of a small streaming learner 1)", 0},
    {"timeout", KEY_TIMEOUT, "S", 0, "Seconds that opening a video may take, and a few frames of it (30; 0: any)", 0},
    {"events", KEY_EVENTS, "FOLDER", 0, "Streaming learner: write each video's events there, as published JSON and as WebVTT", 0},
    {"store", KEY_STORE, "STORE[:NAME]", 0, "Streaming learner: keep what it made of each event in a store, as the set NAME (stream): see magister store similar", 0},
    {"live", KEY_LIVE, NULL, 0, "Streaming learner: input does not wait; frames that are too late are dropped and counted", 0},
    {"stall", KEY_STALL, "S", 0, "Streaming learner: a pipe that gives nothing for so many seconds has ended (0: never)", 0},
    {"raw", KEY_RAW, "WxH@FPS:PIXELS", 0, "Streaming learner: input is raw video, such as 640x480@25:rgb24", 0},
    {0},
};
// clang-format on

static const char HELP[] =
    "Tells what is to be seen in videos, by a trained model of clips; or where events end in them, by a streaming "
    "learner."
    "\vCHECKPOINT is a model.safetensors, or a directory that holds one (steps/student of a run): it knows what model "
    "it "
    "is, how it wants to see pictures, and its classes. - reads a video from standard input. A video that cannot be "
    "read is told with its reason, and the others go on (exit code 65).\n\n"
    "Examples:\n  magister predict runs/signs/steps/student clip.mp4\n"
    "  magister predict model.safetensors --json --top 3 clips/*.mp4\n"
    "  magister predict runs/signs/steps/student --attention looks clip.mp4\n"
    "  curl -s URL | magister predict model.safetensors -\n"
    "  magister predict runs/stream/steps/stream --events events day.mkv\n"
    "  ffmpeg -i rtsp://camera -f rawvideo -pix_fmt rgb24 -s 128x128 -r 10 - | \\\n"
    "    magister predict runs/stream/steps/stream --json --raw 128x128@10:rgb24 -";

static int64_t whole(struct argp_state *state, const char *name, const char *text, int64_t most)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 1 || value > most)
        argp_error(state, "%s is a whole number from 1 to %lld, not %.40s", name, (long long)most, text);
    return value;
}

static double seconds(struct argp_state *state, const char *name, const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0 && value <= 1e6))
        argp_error(state, "%s is a number from 0 to 1e6, not %.40s", name, text);
    return value;
}

static void raw(struct argp_state *state, const char *text, predict_words *w)
{
    long long width = 0, height = 0;
    int end = 0;
    if (sscanf(text, "%lldx%lld@%lf:%31[a-z0-9]%n", &width, &height, &w->raw_fps, w->raw_pixels, &end) != 4 ||
        text[end] || width < 1 || height < 1 || width > 16384 || height > 16384 || !(w->raw_fps > 0))
        argp_error(state, "--raw is WIDTHxHEIGHT@FPS:PIXELS, as 640x480@25:rgb24, not %.40s", text);
    w->raw_width = width;
    w->raw_height = height;
}

static void take(int key, char *value, struct argp_state *state)
{
    predict_words *w = ((command_line *)state->input)->self;
    switch (key) {
    case KEY_TOP: w->top = whole(state, "--top", value, TOP_MOST); break;
    case KEY_JSON: w->json = true; break;
    case KEY_ATTENTION: w->attention = value; break;
    case KEY_THREADS: w->threads = whole(state, "--threads", value, THREADS_MOST); break;
    case KEY_TIMEOUT: w->timeout = seconds(state, "--timeout", value); break;
    case KEY_EVENTS: w->events = value; break;
    case KEY_STORE: w->store = value; break;
    case KEY_LIVE: w->live = true; break;
    case KEY_STALL: w->stall = seconds(state, "--stall", value); break;
    case KEY_RAW: raw(state, value, w); break;
    default: break;
    }
}

status predict_words_read(int argc, char **argv, predict_words *out)
{
    status st = OK;
    predict_words w = {.top = 5, .timeout = 30};
    command_line line = {
        .options = OPTIONS, .words = "CHECKPOINT VIDEO ...|-", .help = HELP, .least = 2, .take = take, .self = &w};
    TRY(arguments_parse(&line, argc, argv));
    w.found = line.found;
    w.model = w.found.at[0];
    w.videos = w.found.at + 1;
    w.video_count = w.found.count - 1;
    *out = w;
done:
    return st;
}

void predict_words_free(predict_words *w)
{
    free(w->found.at);
    *w = (predict_words){0};
}
