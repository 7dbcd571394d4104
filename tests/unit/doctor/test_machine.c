/* Checks of the machine the test runs on, with demands that it can meet and such that no machine can. */
#include "base/file.h"
#include "doctor/machine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/magister-doctor-XXXXXX";
static const machine_use SMALL = {.out = folder, .device = "auto", .ranks = 1, .threads = 1, .nodes = 1};
static findings found;

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    return setenv("HOME", folder, 1); /* not this machine's parameters of Open MPI */
}

static int end(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

static int forget(void **state)
{
    (void)state;
    findings_free(&found);
    unsetenv("OMPI_MCA_btl_tcp_port_min_v4");
    unsetenv("OMPI_MCA_btl_tcp_port_range_v4");
    unsetenv("OMPI_MCA_oob_tcp_dynamic_ipv4_ports");
    return 0;
}

static const finding *said(const char *topic, const char *words)
{
    for (size_t i = 0; i < found.count; i++)
        if (!strcmp(found.at[i].topic, topic) && strstr(found.at[i].found, words)) return &found.at[i];
    for (size_t i = 0; i < found.count; i++) print_message("%s: %s\n", found.at[i].topic, found.at[i].found);
    fail_msg("nobody said \"%s\" of %s", words, topic);
    return NULL;
}

/* ---- out --------------------------------------------------------------------------------------------------------- */

static size_t entries(const char *path)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    while (readdir(directory)) count++;
    closedir(directory);
    return count - 2;
}

static void out_that_is_well(void **state)
{
    char below[128];
    machine_use use = SMALL;
    (void)state;
    snprintf(below, sizeof below, "%s/not/there/yet", folder);
    use.out = below;
    size_t before = entries(folder);
    check_out(&use, &found);
    said("out", "the store uses");
    assert_int_equal(findings_code(&found), OK);
    assert_int_equal(entries(folder), before); /* nothing is left, nothing was made */
}

static void out_that_cannot_be(void **state)
{
    char file[128], below[160];
    machine_use use = SMALL;
    (void)state;
    use.out = "/proc/runs";
    check_out(&use, &found);
    said("out", "/proc: nothing can be created there");
    assert_int_equal(findings_code(&found), ERR_CREATE);
    findings_free(&found);
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(below, sizeof below, "%s/run", file);
    assert_int_equal(file_write(file, "x", 1), OK);
    use.out = below;
    check_out(&use, &found);
    said("out", "file");
    assert_int_equal(findings_code(&found), ERR_CREATE);
    use.out = file;
    check_out(&use, &found);
    said("out", "is there and is no directory");
}

static void nearest_directories(void **state)
{
    static const char *const CASES[][2] = {
        {"", "."}, {"nothing", "."}, {"nothing/below", "."}, {"/nothing/below/", "/"}, {"/", "/"}, {"/proc", "/proc"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char *path = NULL;
        assert_int_equal(nearest_directory(CASES[i][0], &path), OK);
        assert_string_equal(path, CASES[i][1]);
        free(path);
    }
}

/* A working directory that was removed is none to put a run into, and not one to look for without end. */
static void removed_directory(void **state)
{
    char here[4096], gone[128], *path = NULL;
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    snprintf(gone, sizeof gone, "%s/gone", folder);
    assert_int_equal(mkdir(gone, 0700) | chdir(gone) | rmdir(gone), 0);
    machine_use use = SMALL;
    use.out = "run";
    check_out(&use, &found);
    assert_int_equal(findings_worst(&found), FINDING_FAILURE);
    assert_int_equal(chdir(here), 0);
    free(path);
}

/* ---- room -------------------------------------------------------------------------------------------------------- */

static void enough_for_one(void **state)
{
    (void)state;
    check_cores(&SMALL, &found);
    check_memory(&SMALL, &found);
    assert_int_equal(findings_worst(&found) & FINDING_FAILURE, 0);
    said("cores", "1 rank of 1 thread");
    said("memory", "GiB free");
}

static void too_many(void **state)
{
    machine_use use = SMALL;
    (void)state;
    use.ranks = 1000000;
    use.threads = 3;
    check_cores(&use, &found);
    assert_int_equal(said("cores", "1000000 ranks of 3 threads want 3000000")->level, FINDING_WARNING);
    check_memory(&use, &found);
    assert_int_equal(said("memory", "1000000 ranks alone take")->code, ERR_MEMORY);
    if (!directory_exists("/dev/shm")) return;
    use.ranks = 100000000;
    check_shm(&use, &found);
    assert_int_equal(said("shm", "100000000 ranks need")->code, ERR_RANK);
}

static void gpus_and_clock(void **state)
{
    machine_use use = SMALL;
    (void)state;
    check_clock(&use, &found);
    said("clock", "UTC");
    check_gpu(&use, &found);
    assert_int_not_equal(findings_worst(&found), FINDING_FAILURE);
    use.device = "cuda";
    if (access("/dev/nvidia0", F_OK) == 0) return;
    check_gpu(&use, &found);
    assert_int_equal(said("GPU", "device: cuda")->code, ERR_CONFIG);
}

/* ---- ports ------------------------------------------------------------------------------------------------------- */

static int taken_port(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_ANY)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void set_number(const char *name, int value)
{
    char text[32];
    snprintf(text, sizeof text, "%d", value);
    setenv(name, text, 1);
}

static void ports_of_the_system(void **state)
{
    (void)state;
    check_ports(&SMALL, &found);
    assert_int_equal(found.count, 1);
    said("ports", "can be listened on and reached");
}

static void port_that_is_taken(void **state)
{
    int port = 0, fd = taken_port(&port);
    char list[64];
    (void)state;
    set_number("OMPI_MCA_btl_tcp_port_min_v4", port);
    setenv("OMPI_MCA_btl_tcp_port_range_v4", "1", 1);
    check_ports(&SMALL, &found);
    const finding *f = said("ports", "btl_tcp_port_min_v4 fixes 1 port (");
    assert_int_equal(f->code, ERR_RANK);
    assert_non_null(strstr(f->found, ": 0 of them free, 1 needed"));
    findings_free(&found);
    close(fd);
    check_ports(&SMALL, &found);
    assert_int_equal(said("ports", "enough are free")->level, FINDING_OK);
    fd = taken_port(&port);
    snprintf(list, sizeof list, "%d,%d-%d", port, port, port);
    setenv("OMPI_MCA_oob_tcp_dynamic_ipv4_ports", list, 1);
    check_ports(&SMALL, &found);
    said("ports", "oob_tcp_dynamic_ipv4_ports fixes 2 ports");
    close(fd);
}

static void ranges_that_are_none(void **state)
{
    static const char *const LISTS[] = {"x", "5-", "70000", "9-8", "5000;5001", "0", "-5"};
    (void)state;
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        setenv("OMPI_MCA_oob_tcp_dynamic_ipv4_ports", LISTS[i], 1);
        check_ports(&SMALL, &found);
        assert_int_equal(said("ports", "oob_tcp_dynamic_ipv4_ports is \"")->code, ERR_CONFIG);
        findings_free(&found);
    }
}

static void parameters_in_a_file(void **state)
{
    int port = 0, fd = taken_port(&port);
    char path[128], text[256];
    (void)state;
    snprintf(path, sizeof path, "%s/.openmpi", folder);
    assert_int_equal(directory_make(path), OK);
    snprintf(path, sizeof path, "%s/.openmpi/mca-params.conf", folder);
    snprintf(text, sizeof text,
             "# btl_tcp_port_min_v4 = 1\n  btl_tcp_port_min_v4=%d # here\nbtl_tcp_port_range_v4 = 1\n", port);
    assert_int_equal(file_write(path, text, strlen(text)), OK);
    check_ports(&SMALL, &found);
    said("ports", "0 of them free, 1 needed");
    unlink(path);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(out_that_is_well, forget),
        cmocka_unit_test_teardown(out_that_cannot_be, forget),
        cmocka_unit_test_teardown(nearest_directories, forget),
        cmocka_unit_test_teardown(removed_directory, forget),
        cmocka_unit_test_teardown(enough_for_one, forget),
        cmocka_unit_test_teardown(too_many, forget),
        cmocka_unit_test_teardown(gpus_and_clock, forget),
        cmocka_unit_test_teardown(ports_of_the_system, forget),
        cmocka_unit_test_teardown(port_that_is_taken, forget),
        cmocka_unit_test_teardown(ranges_that_are_none, forget),
        cmocka_unit_test_teardown(parameters_in_a_file, forget),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
