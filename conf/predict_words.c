#include "conf/predict_words.h"

#include <errno.h>
#include <stdlib.h>

enum { KEY_TOP = 'k', KEY_JSON = 256, KEY_ATTENTION, KEY_THREADS, KEY_TIMEOUT };
enum { TOP_MOST = 1000000, THREADS_MOST = 1024 };

// clang-format off
static const struct argp_option OPTIONS[] = {
    {"top", KEY_TOP, "K", 0, "Classes told of each video, the likeliest first (5)", 0},
    {"json", KEY_JSON, NULL, 0, "A JSON object a line; of a video that cannot be read with \"error\"", 0},
    {"attention", KEY_ATTENTION, "FOLDER", 0, "Write a picture of each video's frames and their weights there (models with attention)", 0},
    {"threads", KEY_THREADS, "T", 0, "Threads of the model (as many as there are CPUs)", 0},
    {"timeout", KEY_TIMEOUT, "S", 0, "Seconds that opening a video may take, and a few frames of it (30; 0: any)", 0},
    {0},
};
// clang-format on

static const char HELP[] =
    "Tells what is to be seen in videos, by a trained model of clips."
    "\vCHECKPOINT is a model.safetensors, or a directory that holds one (steps/student of a run): it knows what model "
    "it "
    "is, how it wants to see pictures, and its classes. - reads a video from standard input. A video that cannot be "
    "read is told with its reason, and the others go on (exit code 65).\n\n"
    "Examples:\n  magister predict runs/signs/steps/student clip.mp4\n"
    "  magister predict model.safetensors --json --top 3 clips/*.mp4\n"
    "  magister predict runs/signs/steps/student --attention looks clip.mp4\n"
    "  curl -s URL | magister predict model.safetensors -";

static int64_t whole(struct argp_state *state, const char *name, const char *text, int64_t most)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 1 || value > most)
        argp_error(state, "%s is a whole number from 1 to %lld, not %.40s", name, (long long)most, text);
    return value;
}

static double seconds(struct argp_state *state, const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0 && value <= 1e6))
        argp_error(state, "--timeout is a number from 0 to 1e6, not %.40s", text);
    return value;
}

static void take(int key, char *value, struct argp_state *state)
{
    predict_words *w = ((command_line *)state->input)->self;
    switch (key) {
    case KEY_TOP: w->top = whole(state, "--top", value, TOP_MOST); break;
    case KEY_JSON: w->json = true; break;
    case KEY_ATTENTION: w->attention = value; break;
    case KEY_THREADS: w->threads = whole(state, "--threads", value, THREADS_MOST); break;
    case KEY_TIMEOUT: w->timeout = seconds(state, value); break;
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
