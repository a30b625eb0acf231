// SPDX-License-Identifier: Apache-2.0
// Writes the man pages and the completion of all programs into a folder; run by the build.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "about.h"
#include "cli/help.h"
#include "config/help.h"

#define PATH_SIZE 1024

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "kith-pages: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static FILE *create(const char *folder, const char *name, const char *ending)
{
    char path[PATH_SIZE], what[PATH_SIZE + 16];
    snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        snprintf(what, sizeof(what), "can't write %s", path);
        fail(what, strerror(errno));
    }
    return file;
}

static void finish(FILE *file)
{
    if (ferror(file) != 0 || fclose(file) != 0)
        fail("can't write", strerror(errno));
}

static void write_cli(const char *folder)
{
    const struct kithi_command *command;
    char page[KITHI_PAGE_SIZE];
    FILE *file = create(folder, "kith", ".1");
    kithi_man_all(file, KITH_VERSION);
    finish(file);
    for (size_t i = 0; (command = kithi_command_at(i)) != NULL; i++) {
        file = create(folder, kithi_man_page(command, page), ".1");
        kithi_man_command(file, command, KITH_VERSION);
        finish(file);
    }
    file = create(folder, "kith", ".bash");
    kithi_complete_bash(file);
    finish(file);
}

static void write_daemon(const char *folder)
{
    const struct kithi_program program = {KITHD_NAME, KITH_VERSION, KITHD_SUMMARY,
                                          KITHD_DESCRIPTION};
    struct kithi_config config;
    struct kithi_problems problems = {.kept = 0};
    kithi_config_init(&config, NULL, 0, &problems);
    if (problems.errors > 0)
        fail("settings", problems.texts[0]);
    FILE *file = create(folder, KITHD_NAME, ".8");
    kithi_help_man(file, &program, &config);
    finish(file);
    file = create(folder, KITHD_NAME, ".bash");
    kithi_help_completion(file, &program, &config);
    finish(file);
    kithi_config_fini(&config);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: kith-pages FOLDER\n", stderr);
        return 2;
    }
    write_cli(argv[1]);
    write_daemon(argv[1]);
    return EXIT_SUCCESS;
}
