// SPDX-License-Identifier: Apache-2.0
// node.json in the state folder: who and where this node is, for scripts and health checks. It is
// there while the node runs.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app.h"
#include "settings.h"

static int write_content(const struct kithi_app *self, FILE *file)
{
    char text[KITH_ENDPOINT_TEXT_SIZE];
    struct kith_endpoint endpoint = kith_net_endpoint(self->net);
    // A name has no control characters; what is left to escape is this.
    fputs("{\"name\": \"", file);
    for (const char *letter = self->name; *letter != 0; letter++)
        fprintf(file, *letter == '"' || *letter == '\\' ? "\\%c" : "%c", *letter);
    fprintf(file, "\", \"endpoint\": \"%s\", \"incarnation\": \"%016" PRIx64 "\", \"pid\": %ld}\n",
            kith_endpoint_format(&endpoint, text), kith_node_incarnation(self->node),
            (long)getpid());
    return fclose(file);
}

static int fail_to_write(const struct kithi_app *self, const char *folder, int error)
{
    return kithi_app_fail(self, error == EACCES ? KITH_EXIT_DENIED : KITH_EXIT_FAILURE,
                          "can't write node.json in state_dir %s: %s; try another folder", folder,
                          strerror(error));
}

// Two nodes in one folder would write over each other's node.json. The lock is on the folder
// itself, and ends with the process.
static int take_folder(struct kithi_app *self, const char *folder)
{
    self->state_folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->state_folder < 0)
        return fail_to_write(self, folder, errno);
    if (flock(self->state_folder, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return KITH_EXIT_OK; // not every file system has locks
    close(self->state_folder);
    return kithi_app_fail(self, KITH_EXIT_IN_USE,
                          "another node runs with state_dir %s; give each a folder of its own",
                          folder);
}

// A file of ours, whatever somebody has put there: nothing is written through links.
static FILE *open_new(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return NULL;
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    FILE *stream = file < 0 ? NULL : fdopen(file, "w");
    if (file >= 0 && stream == NULL)
        close(file);
    return stream;
}

// Written beside it first, so that nobody reads half of it.
int kithi_app_write_state(struct kithi_app *self)
{
    const char *folder = self->config.values[KITHI_SETTING_STATE_DIR].text;
    char draft[sizeof(self->state_path) + 8];
    if (folder == NULL)
        return KITH_EXIT_OK;
    int code = take_folder(self, folder);
    if (code != KITH_EXIT_OK)
        return code;
    snprintf(self->state_path, sizeof(self->state_path), "%s/node.json", folder);
    snprintf(draft, sizeof(draft), "%s.new", self->state_path);
    FILE *file = open_new(draft);
    if (file != NULL && write_content(self, file) == 0 && rename(draft, self->state_path) == 0)
        return KITH_EXIT_OK;
    int error = errno;
    unlink(draft);
    close(self->state_folder);
    self->state_path[0] = 0;
    return fail_to_write(self, folder, error);
}

void kithi_app_remove_state(struct kithi_app *self)
{
    if (self->state_path[0] == 0)
        return;
    unlink(self->state_path);
    close(self->state_folder);
}
