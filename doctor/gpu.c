/* GPUs as device files and a driver; and the clock. */
#include "doctor/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static bool driver_version(char *out, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/driver/nvidia/version", "re");
    bool got = file && fgets(line, sizeof line, file);
    if (file) fclose(file);
    const char *number = got ? strstr(line, "Module") : NULL;
    if (number) number += strcspn(number, "0123456789");
    if (got) snprintf(out, size, "%.*s", number ? (int)strcspn(number, " \n") : 0, number ? number : "");
    return got;
}

typedef struct {
    size_t files, usable;
    int reason; /* why one of them cannot be opened */
} gpu_files;

static gpu_files count_files(void)
{
    glob_t found = {0};
    gpu_files gpus = {0};
    if (glob("/dev/nvidia[0-9]*", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            int fd = open(found.gl_pathv[i], O_RDWR | O_CLOEXEC);
            gpus.files++;
            gpus.usable += fd >= 0;
            if (fd < 0) gpus.reason = errno;
            else close(fd);
        }
    globfree(&found);
    return gpus;
}

void check_gpu(const machine_use *use, findings *to)
{
    char driver[64] = "";
    bool wanted = !strcmp(use->device, "cuda"), has_driver = driver_version(driver, sizeof driver);
    gpu_files gpus = count_files();
    if (!gpus.files && wanted)
        finding_fail(to, "GPU", ERR_CONFIG, "set device: cpu, or go where a GPU is (Slurm: --gpus-per-node)",
                     "the recipe wants one (device: cuda) and there is no /dev/nvidia*");
    else if (!gpus.files) finding_note(to, "GPU", "", "none: models are trained on the CPU");
    else if (!gpus.usable)
        finding_warn(to, "GPU", "inside a job ask for them (--gpus-per-node); otherwise see the files' permissions",
                     "%zu device file%s, none of which may be used here: %s", gpus.files, gpus.files == 1 ? "" : "s",
                     strerror(gpus.reason));
    else if (!has_driver)
        finding_warn(to, "GPU", "load the driver's kernel module (nvidia-smi tells more)",
                     "%zu device file%s and no driver (/proc/driver/nvidia is not there)", gpus.usable,
                     gpus.usable == 1 ? "" : "s");
    else
        finding_ok(to, "GPU", "%zu of %zu may be used, driver %s%s%s", gpus.usable, gpus.files, driver,
                   getenv("CUDA_VISIBLE_DEVICES") ? ", CUDA_VISIBLE_DEVICES=" : "",
                   getenv("CUDA_VISIBLE_DEVICES") ? getenv("CUDA_VISIBLE_DEVICES") : "");
}

void check_clock(const machine_use *use, findings *to)
{
    enum { START_OF_2025 = 1735689600 };
    static const char ADVICE[] = "let chrony or systemd-timesyncd keep it";
    char text[64] = "";
    struct tm utc;
    struct timex state = {.modes = 0};
    time_t now = time(NULL);
    if (gmtime_r(&now, &utc)) strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
    bool asked = adjtimex(&state) >= 0;
    if (now < START_OF_2025)
        finding_fail(to, "clock", ERR_CONFIG, ADVICE, "it is said to be %s: the clock is not set", text);
    else if (use->nodes > 1 && asked && state.status & STA_UNSYNC)
        finding_note(to, "clock", ADVICE, "nothing keeps it right, and there are %zu nodes", use->nodes);
    else finding_ok(to, "clock", "%s%s", text, asked && !(state.status & STA_UNSYNC) ? ", kept right" : "");
}
