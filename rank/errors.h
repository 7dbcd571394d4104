/* errors - what a rank leaves for the launcher to tell: <run>/logs/STEP.rankN.error. */
#ifndef MAGISTER_RANK_ERRORS_H
#define MAGISTER_RANK_ERRORS_H

/* Exit code, message, and place in the source, a line each. A file that cannot be written is no further failure: there
 * is still the log, and the exit code. */
void error_file_write(const char *run, const char *step_name, int rank, int exit_code, const char *message,
                      const char *place);

#endif
