/* errors - what a rank leaves for the launcher to tell: <run>/logs/STEP.rankN.error. */
#ifndef MAGISTER_RANK_ERRORS_H
#define MAGISTER_RANK_ERRORS_H

#include <stdbool.h>

/* Exit code, message, and place in the source, a line each. A file that cannot be written is no further failure, but
 * false is returned: it is for the caller to tell it in another way. */
bool error_file_write(const char *run, const char *step_name, int rank, int exit_code, const char *message,
                      const char *place);

#endif
