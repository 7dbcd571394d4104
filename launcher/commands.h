/* commands - what `magister NAME ...` does: one function a command, each with a --help of its own.
 *
 * A command gets its own arguments; argv[0] is "magister NAME". It prints results to stdout and progress to stderr, and
 * returns the status that becomes the exit code. Wrong options end the program at once, with exit code 64 (argp).
 */
#ifndef MAGISTER_LAUNCHER_COMMANDS_H
#define MAGISTER_LAUNCHER_COMMANDS_H

#include "conf/command_line.h"

typedef struct {
    const char *name, *summary;
    status (*run)(int argc, char **argv);
} command;

status command_data(int argc, char **argv);
status command_run(int argc, char **argv);
status command_submit(int argc, char **argv);
status command_sweep(int argc, char **argv);
status command_report(int argc, char **argv);
status command_metrics(int argc, char **argv);
status command_store(int argc, char **argv);
status command_events(int argc, char **argv);
status command_recipe(int argc, char **argv);
status command_generate(int argc, char **argv);
status command_predict(int argc, char **argv);
status command_video(int argc, char **argv);
status command_status(int argc, char **argv);
status command_logs(int argc, char **argv);
status command_cancel(int argc, char **argv);
status command_doctor(int argc, char **argv);
status command_weights(int argc, char **argv);

/* `magister --version`. */
status version_print(void);

#endif
