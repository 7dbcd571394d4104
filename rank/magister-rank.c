/* magister-rank - one rank of one step: joins the world it was promised, runs the step, tells how it ended.
 *
 * Failure. Whatever goes wrong before or inside the step ends in the same place: the message is written to
 * <run>/logs/STEP.rankN.error (exit code, message, place in the source: a line each) and to the log, and the exit code
 * is that of sysexits.h. A rank that fails where the others cannot know it ends all of them; after an agreement all
 * leave by themselves. What a rank cannot tell, because it was killed or hangs, its watcher tells (watch.h).
 */
#include "base/file.h"
#include "base/log.h"
#include "comm/comm.h"
#include "conf/recipe.h"
#include "rank/arguments.h"
#include "rank/cores.h"
#include "rank/doctor.h"
#include "rank/errors.h"
#include "rank/generate.h"
#include "rank/gpus.h"
#include "rank/overlap.h"
#include "rank/predict.h"
#include "rank/step_recipe.h"
#include "rank/video.h"
#include "rank/watch.h"
#include "stream/feature_tracks.h"
#include "stream/stage.h"
#include "student/feature_cache.h"
#include "student/student.h"
#include "teacher/teacher.h"
#include "tensor/tensor.h"
#include "trainer/progress.h"
#include "trainer/trainer.h"
#include "video/decoder.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* mpirun and srun tell a rank its place on the machine before MPI is started, which is when cores have to be bound. */
static int local_rank(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_LOCAL_RANK");
    if (!text) text = getenv("SLURM_LOCALID");
    return text ? atoi(text) : 0;
}

static status log_begin(const rank_arguments *a, const char *step_name, int rank)
{
    char *path = run_log(a->run, step_name, rank);
    if (!path) return FAIL(ERR_MEMORY, "no memory for the name of the log");
    status st = log_open(path, rank, rank == 0);
    free(path);
    return st;
}

/* Where rank 0 leaves its progress for `magister status`. */
static status progress_begin_file(const rank_arguments *a)
{
    char name[128];
    status st = run_step_name(a->teachers ? &a->learner : &a->step, name, sizeof name); /* rank 0 is the student's */
    if (st != OK) return st;
    char *directory = run_step_directory(a->run, name),
         *path = directory ? path_join(directory, "progress.json") : NULL;
    progress_file(path);
    free(directory);
    if (!path) return FAIL(ERR_MEMORY, "no memory for the name of the progress file");
    free(path);
    return OK;
}

static bool gpus_shared(const recipe *r)
{
    return !strcmp(recipe_text(r, "launch.gpus"), "shared");
}

static status tensors_begin(const recipe *r, t_gpu *gpu)
{
    *gpu = (t_gpu){0};
    if (strcmp(recipe_text(r, "device"), "cpu")) t_gpu_ask(0, gpu);
    int index = gpu_for_rank(local_rank(), gpu->count, gpus_shared(r));
    if (gpu->count) t_gpu_ask(index, gpu);
    t_options options = {.device = recipe_text(r, "device"),
                         .device_index = index,
                         .threads = (int)recipe_int(r, "launch.threads"),
                         .deterministic = true,
                         .tfloat32 = !strcmp(recipe_text(r, "precision"), "tfloat32")};
    return t_start(&options);
}

static bool generates(const rank_arguments *a)
{
    return !strcmp(a->step.section, "generate");
}

static status generate_into_run(comm *c, const recipe *r, const char *run)
{
    char *data = run_path(run, "data");
    if (!data) return FAIL(ERR_MEMORY, "no memory to generate data");
    status st = generate_run(c, r, data);
    free(data);
    return st;
}

static status step_run(comm *c, const recipe *r, const rank_arguments *a)
{
    if (generates(a)) return generate_into_run(c, r, a->run);
    if (!strcmp(a->step.section, "stream")) return stream_train(c, r, a->run, &a->step);
    if (!strcmp(a->step.section, "pretrain")) return teacher_pretrain(c, r, a->run, &a->step);
    if (!strcmp(a->step.section, "teacher")) return teacher_train(c, r, a->run, &a->step);
    if (a->teachers) return overlap_run(c, r, a);
    if (!strcmp(a->step.section, "predict")) return predict_for_learner(c, r, a, NULL);
    if (!strcmp(a->step.section, "cache")) return feature_cache_make(c, r, a->run, &a->step);
    if (!strcmp(a->step.section, "features")) return stream_features_make(c, r, a->run, &a->step);
    return student_train(c, r, a->run, &a->step, NULL);
}

static bool started_by_launcher(void)
{
    return getenv("MAGISTER_TERMINAL") != NULL;
}

static void end_tell(const rank_arguments *a, const char *step_name, int rank, status st)
{
    if (st == OK) return;
    bool left =
        step_name[0] && error_file_write(a->run, step_name, rank, status_exit_code(st), fail_message(), fail_place());
    if (st == ERR_RETRY) log_info("%s: %s", step_name, fail_message());
    else if (started_by_launcher() && left) log_record(LOG_ERROR, "%s (%s)", fail_message(), fail_place());
    else log_error("%s (%s)", fail_message(), fail_place());
}

/* Joins the others and runs the step; `*agreed` says whether all ranks know of a failure. */
static status world_run(const rank_arguments *a, const char *step_name, comm **c, recipe **r, bool *agreed)
{
    status st = OK;
    t_gpu gpu = {0};
    TRY(cores_bind(getenv("MAGISTER_BIND"), local_rank()));
    TRY(step_recipe(a->run, &a->step, r));
    if (!generates(a))
        TRY(tensors_begin(*r, &gpu)); /* before MPI: the device is decided before any other library looks at it */
    watch_opening((double)recipe_int(*r, "launch.timeout"));
    TRY(comm_open(a->ranks, (double)recipe_int(*r, "launch.timeout"), c));
    watch_opened();
    comm_on_missed(*c, watch_show);
    TRY(log_begin(a, step_name, comm_rank(*c)));
    TRY(progress_begin_file(a));
    log_debug("rank %d of %d on %s, libtorch %s, %s, %lld threads%s%s", comm_rank(*c), comm_size(*c), comm_host(*c),
              t_library_version(), t_cpu_capability(), (long long)recipe_int(*r, "launch.threads"),
              t_device_used() == T_CPU ? "" : ", ", t_device_used() == T_CPU ? "" : gpu.name);
    if (!generates(a)) st = gpus_check(*c, t_device_used() == T_CPU ? "" : gpu.uuid, gpus_shared(*r));
    if (st == OK) st = step_run(*c, *r, a);
    if (st == OK) st = recipe_mistakes(*r);
    *agreed = true;
    st = comm_agree(*c, st);
done:
    return st;
}

static void version_print(FILE *to, struct argp_state *state)
{
    (void)state;
    fprintf(to, "magister-rank %s\n  libtorch %s (%s)\n", MAGISTER_VERSION, t_library_version(), t_cpu_capability());
    fprintf(to, "  %s\n  %s\n  %s\n", comm_library()[0] ? comm_library() : "without MPI",
            comm_device_library()[0] ? comm_device_library() : "without NCCL", video_library());
}

int main(int argc, char **argv)
{
    rank_arguments arguments;
    comm *c = NULL;
    recipe *r = NULL;
    char step_name[256] = "";
    bool agreed = false;

    if (getenv("MAGISTER_DEBUG")) log_threshold(LOG_DEBUG);
    argp_program_version_hook = version_print;
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && !strcmp(argv[1], "video")) return video_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "predict")) return predict_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "doctor")) return doctor_main(argc - 1, argv + 1);
    trainer_stop_listen();
    if (argc > 1 && !strcmp(argv[1], "generate")) return generate_main(argc - 1, argv + 1);
    status st = rank_arguments_read(argc, argv, &arguments);
    if (st == OK) st = rank_arguments_name(&arguments, step_name, sizeof step_name);
    if (st == OK && arguments.ranks > 1) watch_begin(arguments.run, step_name);
    if (st == OK) st = world_run(&arguments, step_name, &c, &r, &agreed);

    end_tell(&arguments, step_name, c ? comm_rank(c) : local_rank(), st);
    log_debug("%zu tensors alive at the end", t_live_count());
    if (c && st != OK && !agreed) comm_abort(c, status_exit_code(st));
    recipe_free(&r);
    comm_close(&c);
    log_close();
    return status_exit_code(st);
}
