// SPDX-License-Identifier: Apache-2.0
#include "submit.h"

#include <pthread.h>
#include <stdlib.h>

#include <uv.h>

#include "app.h"

struct kithi_submission {
    struct kithi_submission *next;
    kith_submitted *call;
    void *argument;
};

struct kithi_submissions {
    uv_async_t woken; // first
    struct kith_node *node;
    pthread_mutex_t mutex; // of the following
    struct kithi_submission *first, **end;
    size_t count;
    bool closed;
};

static struct kithi_submission *take_all(struct kithi_submissions *submissions)
{
    pthread_mutex_lock(&submissions->mutex);
    struct kithi_submission *first = submissions->first;
    submissions->first = NULL;
    submissions->end = &submissions->first;
    submissions->count = 0;
    pthread_mutex_unlock(&submissions->mutex);
    return first;
}

static void make_calls(struct kithi_submissions *submissions)
{
    struct kithi_submission *submission = take_all(submissions);
    while (submission != NULL) {
        struct kithi_submission *following = submission->next;
        submission->call(submissions->node, submission->argument);
        free(submission);
        submission = following;
    }
}

static void wake(uv_async_t *woken)
{
    make_calls((struct kithi_submissions *)woken);
}

enum kith_error kithi_submissions_open(struct kith_node *node, void *loop,
                                       struct kithi_submissions **submissions)
{
    struct kithi_submissions *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return KITH_ERROR_NO_MEMORY;
    if (uv_async_init(loop, &opened->woken, wake) != 0) {
        free(opened);
        return KITH_ERROR_IO;
    }
    uv_unref((uv_handle_t *)&opened->woken);
    opened->node = node;
    opened->end = &opened->first;
    pthread_mutex_init(&opened->mutex, NULL);
    *submissions = opened;
    return KITH_OK;
}

static void free_submissions(uv_handle_t *woken)
{
    struct kithi_submissions *submissions = (struct kithi_submissions *)woken;
    pthread_mutex_destroy(&submissions->mutex);
    free(submissions);
}

void kithi_submissions_close(struct kithi_submissions *submissions)
{
    pthread_mutex_lock(&submissions->mutex);
    submissions->closed = true;
    pthread_mutex_unlock(&submissions->mutex);
    make_calls(submissions);
    uv_close((uv_handle_t *)&submissions->woken, free_submissions);
}

static enum kith_error append(struct kithi_submissions *submissions,
                              struct kithi_submission *submission)
{
    enum kith_error error = KITH_OK;
    pthread_mutex_lock(&submissions->mutex);
    if (submissions->closed) {
        error = KITH_ERROR_LEFT;
    } else if (submissions->count == KITH_APP_SUBMISSIONS) {
        error = KITH_ERROR_LIMIT;
    } else {
        *submissions->end = submission;
        submissions->end = &submission->next;
        submissions->count++;
        uv_async_send(&submissions->woken); // while it can't be closed
    }
    pthread_mutex_unlock(&submissions->mutex);
    return error;
}

enum kith_error kith_app_submit(struct kith_node *node, kith_submitted *call, void *argument)
{
    const struct kithi_app *self = kith_node_part(node, KITH_PART_APP);
    struct kithi_submission *submission = malloc(sizeof(*submission));
    if (submission == NULL)
        return KITH_ERROR_NO_MEMORY;
    *submission = (struct kithi_submission){.call = call, .argument = argument};
    enum kith_error error = append(self->submissions, submission);
    if (error != KITH_OK)
        free(submission);
    return error;
}
