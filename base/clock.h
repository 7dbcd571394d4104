/* clock - the two clocks of the system, in seconds. */
#ifndef MAGISTER_BASE_CLOCK_H
#define MAGISTER_BASE_CLOCK_H

/* Since some moment in the past, never set back: for durations and time limits. */
double monotonic_seconds(void);

/* Since 1970, as the machine's clock is set: to compare machines. */
double wall_seconds(void);

#endif
